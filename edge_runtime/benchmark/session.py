"""Starts a worker for every case and gives each its turn, so that all meet the same moods of the machine.

Half a second each, round after round: what else runs on the device, or a processor that gets hot, slows all of them
alike, and the ratios stay right.
"""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from edge_runtime.benchmark.energy import joules
from edge_runtime.benchmark.figures import Case, Start, Taken, Turn, enough
from edge_runtime.device import child
from edge_runtime.device.thermal import temperature, throttled
from edge_runtime.errors import EdgeError, VariantError

TURN = 0.5  # seconds
WAIT = 30.0  # seconds in which a worker that is told to end does so; it has half a second's work in hand
Progress = Callable[[Sequence[Taken]], None]


class Process:
    """A worker as its parent sees it."""

    def __init__(self, case: Case, pictures: Sequence[Path]) -> None:
        self._case = case
        # Its standard error is dropped: interpreters tell about devices there, and what failed comes as an answer.
        self._child = subprocess.Popen(
            child.python("-m", "edge_runtime.benchmark.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=child.environment(),
            start_new_session=True,  # Ctrl-C is the parent's to answer: it tells what was measured
        )
        self._first = {
            "bundle": case.bundle,
            "variant": case.variant,
            "package": case.package,
            "threads": case.threads,
            "digest": case.digest,
            "pictures": [str(picture.absolute()) for picture in pictures],
        }

    def start(self) -> Start:
        return Start(**self._ask(self._first))

    def ask(self, what: str, seconds: float) -> dict[str, Any]:
        return self._ask({"do": what, "seconds": seconds})

    def end(self) -> None:
        for stream in (self._child.stdin, self._child.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        self._child.kill()
        self._child.wait(WAIT)

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._child.stdin
        assert self._child.stdout
        try:
            self._child.stdin.write(json.dumps(question) + "\n")
            self._child.stdin.flush()
            line = self._child.stdout.readline()
        except OSError:
            line = ""
        if not line:
            code = self._child.wait(WAIT)
            raise VariantError(f"the process that measured {self._case.variant} ended with {code}")
        answer: dict[str, Any] = json.loads(line)
        if "failure" in answer:
            raise VariantError(answer["failure"])
        return answer


def measure(
    cases: Sequence[Case], pictures: Sequence[Path], queries: int, seconds: float, pipelined: float, progress: Progress
) -> Generator[list[Taken]]:
    """Measures cases in turns; yields all that is known after each round, the last time when all is.

    Args:
        cases: What to measure.
        pictures: Files that are judged.
        queries: Of each case at least.
        seconds: For each case at least.
        pipelined: Seconds for the throughput of each; 0 leaves it out.
        progress: Told after each turn.

    Closing the generator ends the workers.
    """
    taken = [Taken(case) for case in cases]
    with contextlib.ExitStack() as stack:
        workers: list[Process] = []
        for one in taken:
            worker = Process(one.case, pictures)
            stack.callback(worker.end)
            workers.append(worker)
            with _failing(one):
                one.start = worker.start()
                one.rss = one.start.rss
            progress(taken)
        yield taken
        while not all(enough(one, queries, seconds) for one in taken):
            for one, worker in zip(taken, workers, strict=True):
                if not enough(one, queries, seconds):
                    with _failing(one):
                        _turn(one, worker)
                    progress(taken)
            yield taken
        for one, worker in zip(taken, workers, strict=True):
            if pipelined and not one.failure:
                with _failing(one):
                    _pipelined(one, worker, pipelined)
                progress(taken)
                yield taken


def sustain(
    case: Case, pictures: Sequence[Path], seconds: float, every: float, clock: Callable[[], float] = time.monotonic
) -> Generator[Taken]:
    """Judges without a pause for `seconds`; yields what was measured in each part of `every` seconds.

    Raises:
        EdgeError: It cannot be measured.
    """
    worker = Process(case, pictures)
    try:
        start = worker.start()
        end = clock() + seconds
        while clock() < end:
            part = Taken(case, start)
            part_end = min(end, clock() + every)
            while clock() < part_end:
                _turn(part, worker, min(5.0, max(TURN, part_end - clock())))
            yield part
    finally:
        worker.end()


@contextlib.contextmanager
def _failing(one: Taken) -> Iterator[None]:
    """Notes why a case cannot be measured; the others go on."""
    try:
        yield
    except EdgeError as error:
        one.failure = str(error)


def _turn(one: Taken, worker: Process, seconds: float = TURN) -> None:
    before = joules()
    answer = worker.ask("turn", seconds)
    after = joules()
    one.rss = answer.pop("rss")
    turn = Turn(**{step: tuple(values) for step, values in answer.items()})
    if before is not None and after is not None and after >= before:  # the counter begins anew now and then
        known = (one.joules or 0.0) * one.queries
        one.joules = (known + after - before) / (one.queries + len(turn.total))
    one.add(turn)
    _weather(one)


def _pipelined(one: Taken, worker: Process, seconds: float) -> None:
    answer = worker.ask("pipelined", seconds)
    one.throughput, one.rss = answer["throughput"], answer["rss"]
    _weather(one)


def _weather(one: Taken) -> None:
    degrees = temperature()
    if degrees is not None:
        one.temperature = max(degrees, one.temperature or degrees)
    one.throttled = throttled() or one.throttled
