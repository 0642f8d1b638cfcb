"""One frame, in two steps: see it as the model will, judge what was seen. They may run in different threads."""

from collections.abc import Callable

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.classifier import Classifier, best
from edge_runtime.errors import PictureError
from edge_runtime.preprocess import Pixels, preprocess
from edge_runtime.result import Prediction, Rejection
from edge_runtime.sources import Frame


def see(frame: Frame, spec: PreprocessingSpec) -> Pixels | Rejection:
    """Returns what the model will see of a frame, uint8 RGB ``[height, width, 3]``, or why it cannot."""
    try:
        return preprocess(frame.picture, spec)
    except PictureError as error:
        return Rejection(frame.source, frame.number, str(error))


def judge(frame: Frame, pixels: Pixels, classifier: Classifier, top: int, now: Callable[[], float]) -> Prediction:
    """Returns the prediction for a frame.

    Args:
        frame: Where the pixels come from.
        pixels: From `see`.
        classifier: Judges them.
        top: How many labels to name.
        now: Seconds since 1970, for the age.
    """
    judgement = classifier.classify(pixels)
    return Prediction(
        source=frame.source,
        frame=frame.number,
        captured_at=frame.captured_at,
        best=tuple(best(classifier.labels, judgement.scores, top)),
        identity=classifier.identity,
        latency=judgement.latency,
        age=now() - frame.captured_at,
    )
