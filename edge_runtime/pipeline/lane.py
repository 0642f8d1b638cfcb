"""A source's way through the pipeline: what is looked at before its frames are judged, and after."""

from dataclasses import dataclass
from typing import Literal, Protocol

from edge_runtime.preprocess import WHOLE, Pixels, Region
from edge_runtime.result import Event, Prediction
from edge_runtime.sources import Frame, Source

MAX_AGE = 5.0  # seconds from capture after which a live frame says nothing about now


class Monitor(Protocol):
    """Tells frames that show the world from those of a camera that has stopped doing so."""

    def look(self, frame: Frame, pixels: Pixels) -> Literal["live", "frozen", "black"]:
        """Returns what the source is, by this frame and those before; pixels are what the model sees of it."""


class Gate(Protocol):
    """Lets frames pass on which something happens."""

    def passes(self, pixels: Pixels, at: float) -> bool:
        """Whether a frame, as the model sees it, is worth being judged; `at` is its `Frame.taken`."""


class Smoother(Protocol):
    """Makes events of predictions."""

    def update(self, prediction: Prediction, at: float) -> Event | None:
        """Takes the next prediction of the source; returns an event when it makes a change sure.

        Args:
            prediction: Of one frame.
            at: That frame's `Frame.taken`: seconds of the clock that is never set.
        """


@dataclass(frozen=True)
class Lane:
    """One source with what belongs to it. All of it is called from one thread, in the order of the frames.

    Attributes:
        source: Gives frames.
        region: What of its pictures counts.
        monitor: Looks at every frame of a live source.
        gate: Chooses which of them are judged.
        smoother: Is told every prediction.
        max_age: Seconds after which a frame of a live source is stale.
    """

    source: Source
    region: Region = WHOLE
    monitor: Monitor | None = None
    gate: Gate | None = None
    smoother: Smoother | None = None
    max_age: float = MAX_AGE
