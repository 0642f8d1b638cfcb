"""Puts together what `edge-runtime run` runs: sources, classifier, sinks and page, as the settings say."""

import signal
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from edge_runtime.captures.address import open_captures
from edge_runtime.captures.sink import CaptureSink
from edge_runtime.checking import Checking
from edge_runtime.classifier import Classifier
from edge_runtime.console import say
from edge_runtime.cpus import usable_cpus
from edge_runtime.errors import EdgeError
from edge_runtime.events.motion import MotionGate
from edge_runtime.events.region import parse_region
from edge_runtime.events.smoothing import EventSmoother
from edge_runtime.heartbeat import Heartbeat, default_path
from edge_runtime.lane import Lane
from edge_runtime.loading import HeldBack, Wish, load
from edge_runtime.notify import STOPPING, Notifier
from edge_runtime.page import page
from edge_runtime.pipeline import Pipeline, Rules
from edge_runtime.preprocess import WHOLE
from edge_runtime.settings import Settings, SourceSettings, settings_of
from edge_runtime.sinks import Sink
from edge_runtime.sinks.open import open_sink
from edge_runtime.sources import Source
from edge_runtime.sources.health import FrameHealth
from edge_runtime.sources.open import open_source
from edge_runtime.successor import Successor
from edge_runtime.supervisor import HELD_BACK, READY, RELOAD, Announce

PREPARERS = 3  # more decode faster than one interpreter judges

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
    """
    settings = settings_of(raw, where)
    stop, reload = threading.Event(), threading.Event()
    directory, wish = Path(settings.bundle), wish_of(settings)
    lanes = lanes_of(settings)
    try:
        sinks = sinks_of(settings, lanes, announce, held_back)
        classifier = load(directory, wish, announce, held_back)
    except HeldBack as error:
        say(f"edge-runtime: {error}")
        return HELD_BACK
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

    on_signal(stop.set, signal.SIGTERM, signal.SIGINT)
    on_signal(hang_up, signal.SIGHUP)
    notifier = Notifier()
    if settings.http:
        captures = next((sink.ring for sink in sinks if isinstance(sink, CaptureSink)), None)
        sinks.append(page(settings.http, lambda: pipeline, captures, lambda: ""))
    title = classifier.identity.title
    ready = threading.Event()

    def beaten(words: str) -> None:
        if not ready.is_set():
            ready.set()
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
    addresses = ", ".join(lane.source.address for lane in lanes)
    addresses += f"; page {settings.http.address}" if settings.http else ""
    say(f"edge-runtime: {title} on {classifier.identity.runtime}; {addresses}; Ctrl-C ends")
    heartbeat.begin()
    try:
        totals = pipeline.run()
    finally:
        notifier.say(STOPPING)
        heartbeat.end()  # also after a failure: health must not call alive what has ended
    dropped = sum(totals.dropped.values())
    say(f"edge-runtime: ended; {totals.predictions} predictions, {totals.rejections} rejected, {dropped} dropped")
    return RELOAD if reload.is_set() else 0


def lanes_of(settings: Settings) -> list[Lane]:
    """Returns the sources with what belongs to them; nothing is opened yet.

    Raises:
        UsageError: An address or region makes no sense, or two sources cannot be told apart.
    """
    lanes = [_lane(source, settings) for source in settings.source]
    tell_apart([lane.source for lane in lanes])
    return lanes


def tell_apart(things: Sequence[Source | Sink]) -> None:
    """Numbers those whose addresses differ only in what is hidden: results and counts go by what is shown."""
    met: Counter[str] = Counter()
    for thing in things:
        met[thing.address] += 1
        if met[thing.address] > 1:
            thing.address += f" ({met[thing.address]})"


def _lane(source: SourceSettings, settings: Settings) -> Lane:
    opened = open_source(source.address)
    if source.name:
        opened.address = source.name
    events = settings.events
    smoothed = events.sources == "all" or (events.sources == "live" and opened.live)
    health = FrameHealth(source.frozen_after or float("inf"), **({} if source.black else {"black_mean": -1.0}))
    return Lane(
        opened,
        region=parse_region(source.region) if source.region else WHOLE,
        monitor=health,
        gate=MotionGate(source.motion) if source.motion else None,
        smoother=EventSmoother(events.smoothing) if smoothed else None,
        max_age=source.max_age,
    )


def sinks_of(settings: Settings, lanes: list[Lane], announce: Announce, held_back: frozenset[str]) -> list[Sink]:
    """Returns who is told; nothing is opened yet.

    Raises:
        UsageError: An address makes no sense.
        EdgeError: A second variant, for captures, cannot be loaded.
    """
    regions = {lane.source.address: lane.region for lane in lanes if lane.region != WHOLE}

    def second(variant: str) -> Classifier:
        return load(Path(settings.bundle), Wish(variant, 1), announce, held_back)

    sinks: list[Sink] = [
        open_captures(address, second, regions) if address.startswith("captures:") else open_sink(address)
        for address in settings.sinks
    ]
    tell_apart(sinks)
    return sinks


def wish_of(settings: Settings) -> Wish:
    return Wish(settings.variant, settings.threads, settings.max_degradation)


def _nobody(model: str) -> None:
    """Whoever only looks has no parent that wants to know."""


def _no_pipeline() -> Pipeline:
    raise AssertionError("a page that is only checked asks for nothing")


def rules_of(settings: Settings, classifier: Classifier) -> Rules:
    preparers = max(1, min(PREPARERS, usable_cpus() - 1))
    return Rules(min(settings.top, len(classifier.labels)), settings.threshold, preparers)


def check(raw: dict[str, object], where: str) -> int:
    """Says whether a run could begin, and with what; enters nothing. Cameras are not tried: they may come later.

    Raises:
        EdgeError: It could not.
    """
    settings = settings_of(raw, where)
    lanes = lanes_of(settings)
    sinks = sinks_of(settings, lanes, _nobody, frozenset())
    if settings.http:
        sinks.append(page(settings.http, _no_pipeline, None, str))
    classifier = load(Path(settings.bundle), wish_of(settings), _nobody, frozenset())
    print(f"bundle   {classifier.identity.title} on {classifier.identity.runtime}: judges here as at export")
    told = [_is_fine("source", lane.source) for lane in lanes] + [_is_fine("sink", sink) for sink in sinks]
    if not all(told):
        raise EdgeError(f"{told.count(False)} of the above cannot begin")
    return 0


def _is_fine(kind: str, thing: Source | Sink) -> bool:
    """Prints a line about a source or sink; returns whether it could be entered now, as far as it knows."""
    problem = ""
    try:
        if isinstance(thing, Checking):
            thing.check()
    except EdgeError as error:
        problem = f"  BAD: {str(error).removeprefix(f'{thing.address}: ')}"
    print(f"{kind:8} {thing.address}{problem}")
    return not problem


def on_signal(act: Callable[[], None], *numbers: signal.Signals) -> None:
    """Calls `act` when a signal comes, in a thread: a handler may interrupt the main one inside a lock it needs."""

    def handle(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=act, daemon=True).start()

    for number in numbers:
        signal.signal(number, handle)
