"""One frame, in two steps: see it as the model will, judge what was seen. They may run in different threads."""

import time
from collections.abc import Callable

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.classifier import Classifier, best
from edge_runtime.errors import PictureError
from edge_runtime.preprocess import WHOLE, Pixels, Region, preprocess
from edge_runtime.result import Kind, Prediction, Rejection
from edge_runtime.sources import Frame


def see(frame: Frame, spec: PreprocessingSpec, region: Region = WHOLE) -> Pixels | Rejection:
    """Returns what the model will see of a frame, uint8 RGB ``[height, width, 3]``, or why it cannot."""
    try:
        return preprocess(frame.picture, spec, region)
    except PictureError as error:
        return reject(frame, str(error))


def reject(frame: Frame, reason: str, kind: Kind = "unreadable") -> Rejection:
    """Returns the rejection of a frame."""
    return Rejection(frame.source, frame.path, frame.number, frame.captured_at, reason, kind)


def judge(
    frame: Frame,
    pixels: Pixels,
    classifier: Classifier,
    top: int,
    threshold: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
) -> Prediction:
    """Returns the prediction for a frame.

    Args:
        frame: Where the pixels come from.
        pixels: From `see`.
        classifier: Judges them.
        top: How many labels to name.
        threshold: The score below which the best label does not count.
        clock: Seconds of the clock that is never set, for the age.
    """
    judgement = classifier.classify(pixels)
    return Prediction(
        source=frame.source,
        path=frame.path,
        frame=frame.number,
        captured_at=frame.captured_at,
        best=tuple(best(classifier.labels, judgement.scores, top)),
        identity=classifier.identity,
        latency=judgement.latency,
        age=clock() - frame.taken,
        threshold=threshold,
    )
