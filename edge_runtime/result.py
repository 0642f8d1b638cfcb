"""What leaves the edge runtime, as values that know how JSON shows them.

Prediction      what the classifier said of one frame
Rejection       a frame that was not judged, and why
Event           the label of a source has changed, once the change has lasted
SourceChange    a source is live, stale, frozen, black or lost from now on
"""

from datetime import UTC, datetime
from typing import Any, Literal

from edge_runtime.classifier import Identity
from edge_runtime.frozen import dataclass
from edge_runtime.sources import State

UNKNOWN = "unknown"

Kind = Literal["unreadable", "stale", "frozen", "black"]


@dataclass(frozen=True)
class Prediction:
    """What the classifier said of one frame.

    Attributes:
        source: The source's address.
        path: The picture's path, where it is a file.
        frame: Number of the frame within its source, from 0.
        captured_at: When it was captured, seconds since 1970 UTC.
        best: Labels with their scores, best first; never empty. As many as were asked for, also those with a score of
            0, which int8 gives to all below 1/512: who reads this can count on the number.
        identity: Which model said so.
        latency: Seconds inside the interpreter.
        age: Seconds from capture to this prediction.
        threshold: The score below which the best label does not count.
    """

    source: str
    path: str | None
    frame: int
    captured_at: float
    best: tuple[tuple[str, float], ...]
    identity: Identity
    latency: float
    age: float
    threshold: float = 0.0

    @property
    def label(self) -> str:
        """The best label, or ``unknown`` where its score is below the threshold."""
        return self.best[0][0] if self.score >= self.threshold else UNKNOWN

    @property
    def score(self) -> float:
        """The best label's, also of ``unknown``."""
        return self.best[0][1]

    def to_plain(self) -> dict[str, Any]:
        """Returns it as JSON knows it. Times are seconds, stamps RFC 3339 in UTC."""
        return {
            "type": "prediction",
            **_where(self.source, self.path, self.frame),
            "captured_at": timestamp(self.captured_at),
            "label": self.label,
            "score": round(self.score, 6),
            "best": [{"label": label, "score": round(score, 6)} for label, score in self.best],
            **_model(self.identity),
            "latency_seconds": round(self.latency, 7),
            "age_seconds": round(self.age, 4),
        }


@dataclass(frozen=True)
class Rejection:
    """A frame that was not judged; it is counted and told, never labelled.

    Attributes:
        source: The source's address.
        path: The picture's path, where it is a file.
        frame: Number of the frame within its source, from 0.
        captured_at: When it was captured, seconds since 1970 UTC.
        reason: For people.
        kind: For programs.
    """

    source: str
    path: str | None
    frame: int
    captured_at: float
    reason: str
    kind: Kind = "unreadable"

    def to_plain(self) -> dict[str, Any]:
        return {
            "type": "rejection",
            **_where(self.source, self.path, self.frame),
            "captured_at": timestamp(self.captured_at),
            "kind": self.kind,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Event:
    """A source shows something else than before, and has done so long enough to be believed.

    Attributes:
        source: The source's address.
        frame: Number of the frame with which the change was sure.
        captured_at: When that was captured, seconds since 1970 UTC.
        label: What it shows now; may be ``unknown``.
        score: How sure, 0 to 1, as the smoothing understands it.
        previous: What it showed before; None for the first event of a source.
        duration: Seconds that `previous` lasted; None for the first event.
        identity: Which model said so.
    """

    source: str
    frame: int
    captured_at: float
    label: str
    score: float
    previous: str | None
    duration: float | None
    identity: Identity

    def to_plain(self) -> dict[str, Any]:
        return {
            "type": "event",
            "source": self.source,
            "frame": self.frame,
            "captured_at": timestamp(self.captured_at),
            "label": self.label,
            "score": round(self.score, 6),
            "previous": self.previous,
            "duration_seconds": None if self.duration is None else round(self.duration, 3),
            **_model(self.identity),
        }


@dataclass(frozen=True)
class SourceChange:
    """A source is in another state than before.

    Attributes:
        source: The source's address.
        at: Since when, seconds since 1970 UTC.
        state: The new one.
        reason: For people; empty where the state says all.
    """

    source: str
    at: float
    state: State
    reason: str = ""

    def to_plain(self) -> dict[str, Any]:
        return {
            "type": "source",
            "source": self.source,
            "at": timestamp(self.at),
            "state": self.state,
            "reason": self.reason,
        }


Result = Prediction | Rejection | Event | SourceChange


def timestamp(seconds: float) -> str:
    """Returns seconds since 1970 as ``2026-11-21T22:03:00.125Z``."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _where(source: str, path: str | None, frame: int) -> dict[str, Any]:
    return {"source": source, **({} if path is None else {"path": path}), "frame": frame}


def _model(identity: Identity) -> dict[str, Any]:
    return {
        "bundle": identity.bundle,
        "version": identity.version,
        "digest": identity.digest,
        "variant": identity.variant,
        "runtime": identity.runtime,
    }
