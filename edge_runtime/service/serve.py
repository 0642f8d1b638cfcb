"""Runs what `edge-runtime run` runs, until its sources end or a signal says stop."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path

from edge_runtime.captures.sink import CaptureSink
from edge_runtime.console import say
from edge_runtime.errors import EdgeError, IncompleteError
from edge_runtime.heartbeat import Heartbeat, default_path
from edge_runtime.pipeline.pipeline import Pipeline
from edge_runtime.service.assembly import lanes_of, rules_of, sinks_of, warn, wish_of
from edge_runtime.service.loading import HeldBack, load
from edge_runtime.service.notify import STOPPING, Notifier
from edge_runtime.service.page import page
from edge_runtime.service.settings import settings_of
from edge_runtime.service.successor import Successor
from edge_runtime.service.supervisor import HELD_BACK, READY, RELOAD, Announce
from edge_runtime.signals import on_signal

Read = Callable[[], dict[str, object]]
"""Reads the settings as TOML knows them; raises EdgeError."""


def serve(raw: dict[str, object], read: Read, where: str, announce: Announce, held_back: frozenset[str]) -> int:
    """Judges until the sources end or a signal says stop; returns the exit code.

    SIGTERM and SIGINT end it after the frame in hand. SIGHUP reads the settings anew: where they differ it ends with
    `RELOAD`, where they do not the bundle is looked at again.

    Args:
        raw: The settings as TOML knows them.
        read: Asked for each SIGHUP.
        where: The settings' place, for errors.
        announce: Told each model's name before anything of it reaches an interpreter.
        held_back: Models that are left out.

    Raises:
        EdgeError: It cannot begin, or a source or vital sink failed.
        IncompleteError: The sources have ended, and results were lost on the way to a sink.
    """
    settings = settings_of(raw, where)
    stop, reload, asked = threading.Event(), threading.Event(), threading.Event()
    directory, wish = Path(settings.bundle), wish_of(settings)
    lanes = lanes_of(settings)
    try:
        sinks = sinks_of(settings, lanes, announce, held_back)
        classifier = load(directory, wish, announce, held_back)
    except HeldBack as error:
        say(f"edge-runtime: {error}")
        return HELD_BACK
    warn(settings, lanes, classifier.labels)
    successor = Successor(directory, classifier.identity.digest, lambda found: load(found, wish, announce, held_back))

    def hang_up() -> None:
        try:
            changed = settings_of(read(), where) != settings
        except EdgeError as error:
            say(f"edge-runtime: the new configuration is not taken: {error}")
            return
        if changed:
            reload.set()
            stop.set()
        else:
            successor.look_again()

    def end() -> None:
        asked.set()
        stop.set()

    on_signal(end, signal.SIGTERM, signal.SIGINT)
    on_signal(hang_up, signal.SIGHUP)
    notifier = Notifier()
    if settings.http:
        captures = next((sink.ring for sink in sinks if isinstance(sink, CaptureSink)), None)
        sinks.append(page(settings.http, lambda: pipeline, captures, lambda: ""))
    title = classifier.identity.title
    addresses = ", ".join(lane.source.address for lane in lanes)
    addresses += f"; page {settings.http.address}" if settings.http else ""
    ready = threading.Event()

    def beaten(words: str) -> None:
        if not ready.is_set():  # sources and sinks are entered: from here on it judges
            ready.set()
            say(f"edge-runtime: {title} on {classifier.identity.runtime}; {addresses}; Ctrl-C ends")
            announce(READY)
        notifier.beat(words)

    heartbeat = Heartbeat(Path(settings.heartbeat) if settings.heartbeat else default_path(), title, also=beaten)
    pipeline = Pipeline(
        lanes,
        classifier,
        sinks,
        stop=stop,
        heartbeat=heartbeat,
        rules=rules_of(settings, classifier),
        successor=successor if settings.follow else lambda: None,
    )
    heartbeat.begin()
    try:
        totals = pipeline.run()
    finally:
        if ready.is_set() and not reload.is_set():  # else another child begins, and systemd would kill it 5 s later
            notifier.say(STOPPING)
        heartbeat.end()  # also after a failure: health must not call alive what has ended
    dropped = sum(totals.dropped.values())
    counts = f"{totals.predictions} predictions, {totals.rejections} rejected, {dropped} dropped"
    if reload.is_set():
        say(f"edge-runtime: the configuration has changed: begins anew with it; until here {counts}")
        return RELOAD
    say(f"edge-runtime: ended; {counts}")
    untold = {sink.address: sink.dropped + sink.failed for sink in pipeline.board.snapshot().sinks}
    if any(untold.values()) and not asked.is_set():
        raise IncompleteError("; ".join(f"{address}: {lost} results lost" for address, lost in untold.items() if lost))
    return 0
