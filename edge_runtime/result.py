"""What leaves the edge runtime: one result a frame, a prediction or the reason why there is none."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from edge_runtime.classifier import Identity


@dataclass(frozen=True)
class Prediction:
    """What the classifier said of one frame.

    Attributes:
        source: The picture's path, or the source's address.
        frame: Number of the frame within its source, from 0.
        captured_at: When it was captured, seconds since 1970 UTC.
        best: Labels with their scores, best first; never empty.
        identity: Which model said so.
        latency: Seconds inside the interpreter.
        age: Seconds from capture to this prediction.
    """

    source: str
    frame: int
    captured_at: float
    best: tuple[tuple[str, float], ...]
    identity: Identity
    latency: float
    age: float

    @property
    def label(self) -> str:
        return self.best[0][0]

    @property
    def score(self) -> float:
        return self.best[0][1]

    def to_plain(self) -> dict[str, Any]:
        """Returns it as JSON knows it. Times are seconds, stamps RFC 3339 in UTC."""
        model = self.identity
        return {
            "type": "prediction",
            "source": self.source,
            "frame": self.frame,
            "captured_at": timestamp(self.captured_at),
            "label": self.label,
            "score": round(self.score, 6),
            "best": [{"label": label, "score": round(score, 6)} for label, score in self.best],
            "bundle": model.bundle,
            "version": model.version,
            "digest": model.digest,
            "variant": model.variant,
            "runtime": model.runtime,
            "latency_seconds": round(self.latency, 7),
            "age_seconds": round(self.age, 4),
        }


@dataclass(frozen=True)
class Rejection:
    """A frame that could not be judged; it is counted and told, never labelled."""

    source: str
    frame: int
    reason: str

    def to_plain(self) -> dict[str, Any]:
        return {"type": "rejection", "source": self.source, "frame": self.frame, "reason": self.reason}


Result = Prediction | Rejection


def timestamp(seconds: float) -> str:
    """Returns seconds since 1970 as ``2026-11-21T22:03:00.125Z``."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
