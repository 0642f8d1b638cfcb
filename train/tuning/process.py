"""A step of a trial in a process of its own: what crashes there, or takes all memory, loses that trial alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

LOOK = 0.5  # seconds between two looks at a step that is at work
FAREWELL = 60.0  # seconds in which a step ends that was asked to; TensorFlow ends after the step it is in


class StepError(Exception):
    """A step failed; the message is the reason it gave."""


def run_step(
    arguments: list[str], log: Path, held: int, hopeless: Callable[[], bool] = lambda: False
) -> Literal["done", "ended"]:
    """Runs ``python -m ARGUMENTS`` until it ends, or is ended because it is hopeless.

    Its standard input stays open and empty as long as this process lives; what takes long ends when that does.

    Args:
        arguments: Module and arguments.
        log: Gets all that it prints, at the end of what is there.
        held: A file descriptor that keeps the search to itself; the step has it too, so that after a kill no other
            search begins before the step has ended.
        hopeless: Asked twice a second.

    Raises:
        StepError: It failed.
    """
    with log.open("ab") as output:
        begin = output.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=(held,),
            # Ctrl-C in a terminal reaches every process of its group; who leads ends the step itself, once.
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                if hopeless():
                    return "ended"
                _wait(process, LOOK)
        finally:
            _end(process)
    if process.returncode:
        raise StepError(_reason(process.returncode, log, begin))
    return "done"


def _wait(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        if not _wait(process, FAREWELL):
            process.kill()
            process.wait()
    if process.stdin:
        process.stdin.close()


def _reason(code: int, log: Path, begin: int) -> str:
    if code < 0:
        name = signal.Signals(-code).name
        return f"ended by {name}" + (": was there enough memory?" if -code == signal.SIGKILL else "")
    with log.open("rb") as file:
        file.seek(begin)
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    last = lines[-1] if lines else f"exit code {code}"
    for name in ("train", "export"):
        last = last.removeprefix(f"{name}: error: ")
    return last


def end_with_parent() -> None:
    """Asks this process to end when its standard input does; to be run in a thread of a step."""
    while os.read(0, 1):  # not sys.stdin: its lock, held by a daemon thread, aborts the interpreter at exit
        pass
    os.kill(os.getpid(), signal.SIGTERM)
