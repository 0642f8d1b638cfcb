"""What every command of the kit does around its work: errors become one sentence and an exit code."""

import os
import re
import sys
from collections.abc import Callable, Iterable

from edge_runtime.device.container import hint, in_container
from edge_runtime.errors import EdgeError

INTERRUPTED = 130  # 128 + SIGINT, what a shell reports for a program that Ctrl-C ended


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns ``"; did you mean 'x'?"`` for the known word nearest to `word`, else the whole list."""
    from difflib import get_close_matches  # here and below: 1 ms each, of every start

    known = list(known)
    near = get_close_matches(word, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(known)}"


def without_passwords(text: str) -> str:
    """Returns `text` with ``***`` for user and password in every address, as in ``rtsp://***@host/``."""
    return re.sub(r"(?<=://)[^\s/]*@", "***@", text)


def say(message: str) -> None:
    """Prints a line for the person who watches, without passwords; standard output stays free for results."""
    if sys.stderr:  # None for a service that runs without one, and print would take standard output instead
        print(without_passwords(message), file=sys.stderr, flush=True)


def tell(result: object) -> None:
    """Prints a result for a program to standard output; to a person at a terminal `say` has told it already."""
    if sys.stdout and not sys.stdout.isatty():
        print(result)


def program() -> str:
    """Returns how this Python is called from here, for commands that a message proposes."""
    import shutil

    if shutil.which("python") == sys.executable:
        return "python"
    near = os.path.relpath(sys.executable) if sys.executable else "python"
    return sys.executable if near.startswith("..") else near


def guard(program: str, work: Callable[[], int]) -> int:
    """Runs `work` and returns the process' exit code; only defects of the kit itself leave a traceback."""
    try:
        code = work()
        if sys.stdout:  # None for a service that runs without one
            sys.stdout.flush()  # here, where a reader that has gone is still met
        return code
    except EdgeError as error:
        say(f"{program}: error: {error}{_remedy(error)}")
        return error.exit_code
    except KeyboardInterrupt:
        say(f"{program}: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _forget_output()  # the reader (`| head`) has gone
        return 0
    except MemoryError as error:
        say(f"{program}: error: not enough memory: {str(error) or 'the pictures or the model are too large for it'}")
        return 1
    except OSError as error:
        # What nobody foresaw of the world around: a full disk behind standard output, a vanished mount.
        _forget_output()
        where = f"{error.filename}: " if error.filename else ""
        say(f"{program}: error: {where}{error.strerror or error}{_remedy(error)}")
        return 1


def _remedy(error: Exception) -> str:
    """Returns what to do in a container, unless this is none or the error has said it itself, as cameras do."""
    return hint(error) if in_container() and "in a container" not in str(error) else ""


def _forget_output() -> None:
    """Sends what is still to be flushed nowhere; Python would complain about it once more at exit."""
    if sys.stdout:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
