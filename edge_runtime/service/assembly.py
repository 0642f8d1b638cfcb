"""Puts together what a run consists of: sources, sinks and rules, as the settings say."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.captures.address import open_captures
from edge_runtime.classifier import Classifier
from edge_runtime.console import say
from edge_runtime.device.cpus import usable_cpus
from edge_runtime.events.motion import MotionGate
from edge_runtime.events.region import parse_region
from edge_runtime.events.smoothing import EventSmoother
from edge_runtime.pipeline.judging import Rules
from edge_runtime.pipeline.lane import Lane
from edge_runtime.preprocess import WHOLE
from edge_runtime.service.loading import Wish, load
from edge_runtime.service.settings import Settings, SourceSettings
from edge_runtime.service.supervisor import Announce
from edge_runtime.sinks import Sink
from edge_runtime.sinks.open import open_sink
from edge_runtime.sinks.untold import never_drawn, untold
from edge_runtime.sources import Source
from edge_runtime.sources.health import FrameHealth
from edge_runtime.sources.open import open_source

PREPARERS = 3  # more decode faster than one interpreter judges


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
        return load(Path(settings.bundle), Wish(variant, 1, keys=settings.keys or ()), announce, held_back)

    sinks: list[Sink] = [
        open_captures(address, second, regions) if address.startswith("captures:") else open_sink(address)
        for address in settings.sinks
    ]
    tell_apart(sinks)
    return sinks


def warn(settings: Settings, lanes: list[Lane], labels: Sequence[str]) -> None:
    """Says what may be meant, and hardly ever is; `labels` are the model's."""
    sinks = [address for address in settings.sinks if not address.startswith("captures:")]
    eventless = [lane.source.address for lane in lanes if lane.smoother is None]
    for words in filter(None, (untold(sinks, eventless), never_drawn(sinks, labels))):
        say(f"edge-runtime: warning: {words}")


def wish_of(settings: Settings) -> Wish:
    return Wish(settings.variant, settings.threads, settings.max_degradation, settings.keys or ())


def rules_of(settings: Settings, classifier: Classifier) -> Rules:
    preparers = max(1, min(PREPARERS, usable_cpus() - 1))
    return Rules(min(settings.top, len(classifier.labels)), settings.threshold, preparers)
