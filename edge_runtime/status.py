"""What a running edge runtime knows of itself, for pages and metrics. Written by one thread, read by any."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from edge_runtime.classifier import Identity
from edge_runtime.preprocess import WHOLE, Region
from edge_runtime.result import Event, Prediction, Rejection, Result, SourceChange
from edge_runtime.sources import State

KEPT = 1024  # latencies and ages that percentiles are taken from: MLPerf's single stream asks for as many queries


@dataclass(frozen=True)
class Spread:
    """Percentiles of the last `KEPT` values, in seconds; zero before the first."""

    p50: float = 0.0
    p90: float = 0.0
    p99: float = 0.0


@dataclass(frozen=True)
class SourceStatus:
    """What has come of a source.

    Attributes:
        address: Without credentials.
        state: What it is now; None before it has given anything.
        reason: Why, for people.
        since: Since when, seconds since 1970 UTC.
        predictions: Frames judged.
        still: Frames that were not judged because nothing moved.
        rejections: Frames that could not or must not be judged, by kind.
        dropped: Live frames that newer ones replaced.
        age: From capture to prediction.
        last: The last prediction.
        event: The last event.
        region: What of its pictures is judged.
    """

    address: str
    state: State | None = None
    reason: str = ""
    since: float = 0.0
    predictions: int = 0
    still: int = 0
    rejections: dict[str, int] = field(default_factory=dict)
    dropped: int = 0
    age: Spread = Spread()
    last: Prediction | None = None
    event: Event | None = None
    region: Region = WHOLE


@dataclass(frozen=True)
class SinkStatus:
    """What has come of a sink.

    Attributes:
        address: Without credentials.
        delivered: Results told.
        dropped: Results of live sources that it was too slow for.
        failed: Results that it could not tell.
        waiting: Results that wait to be told.
        error: What it said last, while it fails.
    """

    address: str
    delivered: int = 0
    dropped: int = 0
    failed: int = 0
    waiting: int = 0
    error: str = ""


@dataclass(frozen=True)
class Status:
    """All of it at one moment.

    Attributes:
        identity: The model that judges.
        started_at: When the pipeline was started, seconds since 1970 UTC.
        sources: In the order of the command line.
        sinks: Likewise.
        latency: Inside the interpreter.
    """

    identity: Identity
    started_at: float
    sources: tuple[SourceStatus, ...]
    sinks: tuple[SinkStatus, ...]
    latency: Spread

    @property
    def predictions(self) -> int:
        return sum(source.predictions for source in self.sources)

    @property
    def rejections(self) -> int:
        return sum(sum(source.rejections.values()) for source in self.sources)

    @property
    def dropped(self) -> dict[str, int]:
        """By source, those that dropped none left out."""
        return {source.address: source.dropped for source in self.sources if source.dropped}


@dataclass
class _Source:
    state: State | None = None
    reason: str = ""
    since: float = 0.0
    predictions: int = 0
    still: int = 0
    rejections: Counter[str] = field(default_factory=Counter)
    ages: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    last: Prediction | None = None
    event: Event | None = None


class Board:
    """Where the pipeline notes what it does.

    Args:
        identity: The model that judges at the start.
        sources: Their addresses.
        dropped: Tells how many live frames were replaced, by source.
        sinks: Tells how the sinks are.
        now: Seconds since 1970.
        regions: What of its pictures is judged, by source, where it is not all.
    """

    def __init__(
        self,
        identity: Identity,
        sources: Sequence[str],
        dropped: Callable[[], dict[str, int]] = dict,
        sinks: Callable[[], tuple[SinkStatus, ...]] = tuple,
        now: Callable[[], float] = time.time,
        regions: Mapping[str, Region] | None = None,
    ) -> None:
        self._identity = identity
        self._regions = regions or {}
        self._sources = {address: _Source() for address in sources}
        self._dropped = dropped
        self._sinks = sinks
        self._started_at = now()
        self._latencies: deque[float] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def note(self, result: Result) -> None:
        """Counts a result."""
        with self._lock:
            source = self._sources[result.source]
            match result:
                case Prediction():
                    source.predictions += 1
                    source.ages.append(result.age)
                    source.last = result
                    self._latencies.append(result.latency)
                case Rejection():
                    source.rejections[result.kind] += 1
                case SourceChange():
                    source.state, source.reason, source.since = result.state, result.reason, result.at
                case Event():
                    source.event = result

    def note_refused(self, source: str, kind: str) -> None:
        """Counts a frame that was refused without a result of its own."""
        with self._lock:
            self._sources[source].rejections[kind] += 1

    def note_still(self, source: str) -> None:
        """Counts a frame on which nothing moved."""
        with self._lock:
            self._sources[source].still += 1

    def note_model(self, identity: Identity) -> None:
        """Another model judges from now on."""
        with self._lock:
            self._identity = identity
            self._latencies.clear()

    def snapshot(self) -> Status:
        """Returns how things are."""
        dropped, sinks = self._dropped(), self._sinks()
        with self._lock:
            sources = tuple(
                SourceStatus(
                    address=address,
                    state=source.state,
                    reason=source.reason,
                    since=source.since,
                    predictions=source.predictions,
                    still=source.still,
                    rejections=dict(source.rejections),
                    dropped=dropped.get(address, 0),
                    age=spread(source.ages),
                    last=source.last,
                    event=source.event,
                    region=self._regions.get(address, WHOLE),
                )
                for address, source in self._sources.items()
            )
            return Status(self._identity, self._started_at, sources, sinks, spread(self._latencies))


def spread(values: Sequence[float]) -> Spread:
    """Returns the percentiles by the nearest-rank method: each is a value that was met."""
    if not values:
        return Spread()
    ordered = sorted(values)
    p50, p90, p99 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.9, 0.99))
    return Spread(p50, p90, p99)
