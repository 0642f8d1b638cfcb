"""Which frames are worth a person's look. Pure: time and chance are arguments."""

import math
from dataclasses import dataclass

from edge_runtime.captures.capture import Reason
from edge_runtime.errors import FieldError
from edge_runtime.result import UNKNOWN, Prediction


@dataclass(frozen=True)
class Wanted:
    """The rule.

    Attributes:
        margin: A prediction is uncertain when its best score is less than this above the next one, or too low to count
            (``unknown``). Not the entropy: a prediction names its best labels only, and the two that compete are among
            them whatever the number of labels.
        disagreeing: Whether a frame is kept whose label is another than the source's last event says, or than a second
            classifier says.
        random: The share of all predictions that is kept whatever they say, so that what the model is wrongly sure of
            is met as well.
        rate: The most frames a minute and source, evenly spread; 0 for no limit.
    """

    margin: float = 0.2
    disagreeing: bool = True
    random: float = 0.001
    rate: float = 6.0

    def __post_init__(self) -> None:
        for name in ("margin", "random"):
            if not 0 <= getattr(self, name) <= 1:
                raise FieldError(f"{name}: a number from 0 to 1 expected, {getattr(self, name)} found")
        if not (math.isfinite(self.rate) and self.rate >= 0):
            raise FieldError(f"rate: frames a minute from 0 expected, {self.rate} found")

    @property
    def pause(self) -> float:
        """Seconds between two frames of a source."""
        return 60 / self.rate if self.rate else 0.0


USUAL = Wanted()


def why(prediction: Prediction, rule: Wanted, shown: str | None, chance: float) -> tuple[Reason, str] | None:
    """Returns the reason to keep a prediction's frame, and the same in words; None where there is none.

    Args:
        prediction: Of the frame.
        rule: What is wanted.
        shown: The label of the source's last event; None before the first.
        chance: A random number from 0 to below 1.
    """
    margin = margin_of(prediction)
    if not math.isfinite(margin):
        return None  # scores that are no numbers are a matter for `verify`, not for labelling
    if prediction.label == UNKNOWN:
        return "uncertain", f"score {prediction.score:.3f} below the threshold {prediction.threshold:g}"
    if margin < rule.margin:
        return "uncertain", f"{margin:.3f} between the best two scores"
    if rule.disagreeing and shown is not None and prediction.label != shown:
        return "disagreeing", f"the source shows '{shown}'"
    return ("random", "by chance") if chance < rule.random else None


def margin_of(prediction: Prediction) -> float:
    """Returns how far the best score is above the next; where no next one is named, the least that can be."""
    first = prediction.score
    return first - (prediction.best[1][1] if len(prediction.best) > 1 else 1 - first)
