"""Tasks side by side in processes of their own: what crashes takes nothing but its own task with it.

TensorFlow's calibrator ends its process (SIGFPE) on some graphs, and a converter's memory is given back only when its
process ends. So none of them runs where the export is led.
"""

from __future__ import annotations

import collections
import contextlib
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge_runtime.errors import EdgeError
from export.full_disk import DiskFullError, is_full

EVERY = 0.5  # seconds between two words of a task about itself
PATIENCE = 5.0  # seconds in which a process that has nothing more to do ends by itself


@dataclass(frozen=True)
class Task:
    """Work for another process.

    Attributes:
        name: What the answer is recognised by.
        work: A module's function.
        arguments: Its arguments; they are pickled.
    """

    name: Hashable
    work: Callable[..., object]
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Answer:
    """What came of a task.

    Attributes:
        name: The task's.
        value: What its function returned; None where it failed.
        error: Why it failed.
        seconds: How long it took.
    """

    name: Hashable
    value: Any
    error: EdgeError | None
    seconds: float


class Watch:
    """Told by a `Crew` what happens; this one keeps it to itself."""

    def begun(self, name: Hashable) -> None:
        """A process took a task."""

    def advanced(self, name: Hashable, done: float) -> None:
        """A task has come so far, a fraction of all; see `advance`."""

    def ended(self, name: Hashable) -> None:
        """A task was answered."""


class Crew:
    """Some processes, and the tasks that wait for one of them; a process that died is replaced.

    Args:
        size: How many processes at most; each starts when there is a task for it.
        watch: Told what happens meanwhile.
    """

    def __init__(self, size: int, watch: Watch | None = None) -> None:
        self._size = size
        self._watch = watch or Watch()
        self._waiting: collections.deque[Task] = collections.deque()
        self._busy: dict[_Member, tuple[Task, float]] = {}
        self._free: list[_Member] = []

    def __enter__(self) -> Self:
        # Of all of them: a converter leaves megabytes there when its process is ended.
        self._scratch = tempfile.TemporaryDirectory(prefix="export-crew-")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in [*self._free, *self._busy]:
            member.end(now=kind is not None or member in self._busy)
        self._scratch.cleanup()

    def submit(self, task: Task) -> None:
        """Lets `task` wait behind those that were submitted before."""
        self._waiting.append(task)

    def answers(self) -> Iterator[Answer]:
        """Yields each task's answer as it comes, until no task is left. More may be submitted meanwhile.

        Raises:
            DiskFullError: A task met a full disk.
        """
        while self._waiting or self._busy:
            while self._waiting and len(self._busy) < self._size:
                member = self._free.pop() if self._free else _Member(self._scratch.name)
                task = self._waiting.popleft()
                self._watch.begun(task.name)
                self._busy[member] = (task, time.monotonic())
                member.send(task)
            by_connection = {member.connection: member for member in self._busy}
            for ready in connection.wait(list(by_connection)):
                member = by_connection[ready]  # type: ignore[index]  # wait gives back what it was given
                task, began = self._busy[member]
                said = member.receive()
                if isinstance(said, float):
                    self._watch.advanced(task.name, said)
                    continue
                del self._busy[member]
                if member.alive:
                    self._free.append(member)
                self._watch.ended(task.name)
                if isinstance(said[1], DiskFullError):
                    raise said[1]
                yield Answer(task.name, *said, time.monotonic() - began)


class _Member:
    """One process; spawned, because TensorFlow's threads do not survive a fork."""

    def __init__(self, scratch: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, scratch), daemon=True)
        self._process.start()
        theirs.close()
        self.alive = True

    def send(self, task: Task) -> None:
        with contextlib.suppress(BrokenPipeError):  # it died before it had anything to do: receive() will say so
            self.connection.send((task.work, task.arguments))

    def receive(self) -> float | tuple[Any, EdgeError | None]:
        """Returns how far the task has come, or its value and error."""
        try:
            said: float | tuple[Any, EdgeError | None] = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.alive = False
            self._process.join(PATIENCE)
            return None, EdgeError(f"its process ended {_manner(self._process.exitcode)}")
        return said

    def end(self, now: bool) -> None:
        self.connection.close()
        if now:
            self._process.kill()
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


_told = 0.0  # when this process said last how far it is
_leader: connection.Connection | None = None  # None where this is no process of a crew


def advance(done: float) -> None:
    """Tells the leader how far the task in this process has come, a fraction; at most once in `EVERY` seconds."""
    global _told  # noqa: PLW0603  a process has one task at a time
    if _leader and time.monotonic() - _told >= EVERY:
        _told = time.monotonic()
        _leader.send(float(done))


def _serve(given: connection.Connection, scratch: str) -> None:
    global _leader  # noqa: PLW0603  likewise
    _leader = given
    os.environ["TMPDIR"] = tempfile.tempdir = scratch  # TensorFlow asks the one or the other
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the leader's to answer, who then ends this process
    while True:
        try:
            work, arguments = given.recv()
        except EOFError:
            return
        answer: tuple[Any, EdgeError | None]
        try:
            answer = (work(*arguments), None)
        except EdgeError as error:
            answer = (None, error)
        except MemoryError:
            answer = (None, EdgeError("not enough memory; convert fewer at once with --jobs 1"))
        except Exception as error:  # noqa: BLE001  converters raise what they like; one that fails must not lose the others
            answer = (None, _wrapped(error, Path(scratch)))
        given.send(answer)


def _wrapped(error: Exception, scratch: Path) -> EdgeError:
    if is_full(error):
        return DiskFullError(
            f"{scratch.parent}: the disk is full, and an export keeps its temporary files there; make room, or name "
            "a directory on another disk with TMPDIR"
        )
    return EdgeError(" ".join(str(error).split()) or type(error).__name__)


def _manner(code: int | None) -> str:
    if code is None or code >= 0:
        return f"with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "one that this system has no name for"
    hint = "; the system was out of memory, perhaps: --jobs 1" if -code == signal.SIGKILL else ""
    return f"by signal {-code} ({name}){hint}"
