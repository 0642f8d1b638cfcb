"""Keeps the judging alive when an interpreter crashes its process.

A file that makes an interpreter divide by zero or read where nothing is ends the process by a signal, and no `except`
sees it. So the judging runs in a child, forked before anything heavy is imported; the parent waits, hands on signals
and starts a new child after a crash. A model that crashed three times is held back: the next child leaves it out and
takes another variant, and where there is none the parent waits for another bundle.

A child that ends by itself, or is killed by SIGKILL (no memory left, or `health --end-after`), ends the parent the same
way: that is for systemd or the container engine.
"""

import contextlib
import ctypes
import faulthandler
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from edge_runtime.console import say
from edge_runtime.service.notify import Notifier

CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT)
STOPS = (signal.SIGTERM, signal.SIGINT)
HANDED_ON = (*STOPS, signal.SIGHUP)
ALLOWED = 3  # crashes of one model
WINDOW = 3600.0  # seconds within which they count: what crashes once a day is worth being started again
PAUSE = 0.5  # seconds before the first new start; doubled with each crash
TICK = 2.0  # seconds between two looks while everything is held back
# Exit codes with which a child asks for something; they never leave this module.
HELD_BACK = 70  # no model is left: wait for another one
RELOAD = 71  # the configuration is another one: start again

READY = "ready"  # what a child announces once it judges; no model is called so, their names have several words

Announce = Callable[[str], None]
"""A child calls it with a model's name before any of it reaches an interpreter, and with `READY` when it judges."""

Work = Callable[[Announce, frozenset[str]], int]
"""What a child does, given how to announce and which models are held back; returns an exit code."""


class Configuration(Protocol):
    """What children run by. It lives in the parent; a child has it as it was at the fork."""

    def renew(self) -> None:
        """Takes the new one; a child has found it to be in order."""

    def go_back(self) -> bool:
        """Takes the one before the last `renew` again; returns False where there is none."""


@dataclass
class Record:
    """Which models crashed when. Times are seconds of any clock that is never set.

    Attributes:
        crashes: Times of the crashes, by model.
    """

    crashes: dict[str, list[float]] = field(default_factory=dict)

    def note(self, model: str, at: float) -> float:
        """Notes a crash; returns the seconds to wait before the next start."""
        times = [*self._recent(model, at), at]
        self.crashes[model] = times
        return math.ldexp(PAUSE, len(times) - 1)

    def held_back(self, at: float) -> frozenset[str]:
        """Returns the models that crashed too often."""
        # What is held back stays so: it would only crash again.
        return frozenset(model for model in self.crashes if len(self._recent(model, at)) >= ALLOWED)

    def _recent(self, model: str, at: float) -> list[float]:
        times = self.crashes.get(model, [])
        return times if len(times) >= ALLOWED else [time for time in times if at - time < WINDOW]


def supervise(work: Work, changed: Callable[[], bool], notifier: Notifier, configuration: Configuration) -> int:
    """Runs `work` in children until one ends by itself; returns its exit code.

    Args:
        work: Called in the child; nothing of it has been imported by the parent.
        changed: Whether there may be another model since this was asked last; looked at while all is held back.
        notifier: Told while nothing runs.
        configuration: Renewed when a child asks for it; a new one that cannot begin gives way to the former one.
    """
    # While no child runs a signal waits: one that came between a child's end and what is next killed this process,
    # where it should have ended it.
    free = signal.pthread_sigmask(signal.SIG_BLOCK, HANDED_ON)
    try:
        return _supervise(work, changed, notifier, configuration, free)
    finally:
        while signal.sigtimedwait(HANDED_ON, 0):
            pass  # it came while this was ending anyway
        signal.pthread_sigmask(signal.SIG_SETMASK, free)


def _supervise(
    work: Work, changed: Callable[[], bool], notifier: Notifier, configuration: Configuration, free: Iterable[int]
) -> int:
    record = Record()
    while True:
        held_back = record.held_back(time.monotonic())
        status, announced, stopped = _child(work, held_back, free)
        model = next((name for name in reversed(announced) if name != READY), "")
        code = os.waitstatus_to_exitcode(status)
        if stopped and (code in (HELD_BACK, RELOAD) or -code in CRASHES):
            return 0  # the child had ended before it could hear it
        if code == HELD_BACK:
            if not _wait_for(changed, notifier):
                return 0
            continue
        if code == RELOAD:
            configuration.renew()
            continue
        if code > 0 and not stopped and READY not in announced and configuration.go_back():
            say("edge-runtime: the new configuration cannot begin; going on with the former one")
            continue
        if code >= 0:
            return code
        if -code not in CRASHES:
            _die(-code)
        pause = record.note(model, time.monotonic())
        name = signal.Signals(-code).name
        count = len(record.crashes[model])
        if count >= ALLOWED:
            say(f"edge-runtime: {model or 'the start'} crashed its process {count} times ({name}); it is held back")
        else:
            say(f"edge-runtime: {model or 'the start'} crashed its process ({name}); starting again in {pause:g} s")
        if not model and count >= ALLOWED:
            return 1  # before any model was announced: nothing else can be tried
        if met := signal.sigtimedwait(STOPS, pause):
            if met.si_signo == signal.SIGINT:
                raise KeyboardInterrupt
            return 0


def _child(work: Work, held_back: frozenset[str], free: Iterable[int]) -> tuple[int, list[str], bool]:
    """Runs `work` in a child; returns how it ended, what it announced, and whether it was asked to stop meanwhile.

    Args:
        work: What runs; SIGHUP is blocked until it unblocks it.
        held_back: What it is told.
        free: The signals that are blocked while it runs; `HANDED_ON` are, too, before and after.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    child = os.fork()
    if not child:
        os.close(reader)
        _die_with(parent)
        # A request to reload waits until `work` can hear it; without a handler it would be this process's end.
        signal.pthread_sigmask(signal.SIG_SETMASK, {*free, signal.SIGHUP})
        code = 1
        try:
            faulthandler.enable()  # where it was when it crashed
            code = work(lambda model: _announce(writer, model), held_back)
        except BaseException:  # noqa: BLE001  a defect: nobody above could show it
            sys.excepthook(*sys.exc_info())
        finally:
            # No exit handlers of the parent's, and no thread of a library's that is waited for.
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.flush()
            os._exit(code)
    os.close(writer)
    heard: list[int] = []

    def hear(number: int, frame: object) -> None:
        heard.append(number)  # a child that has ended, and was not waited for yet, takes a signal and does nothing
        _hand_on(child, number)

    # Ctrl-C at a terminal reaches both; twice is no harm.
    before = {number: signal.signal(number, hear) for number in HANDED_ON}
    signal.pthread_sigmask(signal.SIG_SETMASK, free)
    try:
        _, status = os.waitpid(child, 0)
        with os.fdopen(reader, "rb") as pipe:
            announced = pipe.read().decode(errors="replace").splitlines()
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDED_ON)
        for number, handler in before.items():
            signal.signal(number, handler)
    return status, announced, signal.SIGTERM in heard or signal.SIGINT in heard


def _announce(writer: int, model: str) -> None:
    os.write(writer, f"{model}\n".encode())


def _hand_on(child: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, number)


def _die_with(parent: int) -> None:
    """Ends this process when its parent ends, however that comes about; Linux knows how, elsewhere nothing happens."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, prctl(2)
    if os.getppid() != parent:
        os._exit(1)


def _die(number: int) -> None:
    """Ends this process by the signal that ended its child, so that whoever looks sees the true reason."""
    signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (number,))
    os.kill(os.getpid(), number)
    signal.pause()


def _wait_for(changed: Callable[[], bool], notifier: Notifier) -> bool:
    """Waits until there may be another model; returns False when it was asked to end instead."""
    say("edge-runtime: no model is left to judge with; waiting for another bundle (SIGHUP tries again)")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDED_ON)
    try:
        changed()
        while True:
            notifier.beat("held back: no model is left to judge with")
            if changed():
                return True
            if met := signal.sigtimedwait(HANDED_ON, TICK):
                return met.si_signo == signal.SIGHUP
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
