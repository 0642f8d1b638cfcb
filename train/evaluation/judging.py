"""What a model makes of a dataset's validation and test splits.

What is chosen, the temperature and the thresholds, is chosen on the validation split. All scores but those that show
what the temperature does are as export's files give them: with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle import fields
from edge_runtime.bundle.manifest import digest
from edge_runtime.stages.prepared import Prepared, SplitName
from edge_runtime.stages.temperature import heated
from train.evaluation.calibration import Calibration, calibrate
from train.evaluation.findings import Certainty
from train.evaluation.metrics import Metrics, measure
from train.evaluation.scoring import blocks_of, scored
from train.evaluation.thresholds import auroc, judged, precisions, unknown
from train.evaluation.verdicts import Verdicts, verdicts

SPLIT: SplitName = "test"


@dataclass(frozen=True)
class Judgement:
    """What came of it.

    Attributes:
        metrics: On the test split.
        calibration: Whether the scores mean what they say.
        certainty: What thresholds on the score do.
        scores: float32 ``[n, labels]``, of the test split.
        test: The verdicts on the test split.
        validation: Those on the validation split.
    """

    metrics: Metrics
    calibration: Calibration
    certainty: Certainty
    scores: NDArray[np.float32]
    test: Verdicts
    validation: Verdicts

    @property
    def temperature(self) -> float:
        """What the model's logits are divided by in all of that; 1 where none was fitted."""
        return self.calibration.temperature or 1.0


def judge(model: Any, prepared: Prepared, wanted: Sequence[float] = ()) -> Judgement:
    """Returns how good a model is.

    Args:
        model: As `train.evaluation.scoring.load` returns it.
        prepared: A dataset with the model's labels and size of pictures.
        wanted: Precisions to find a threshold for, beside the usual ones.

    Raises:
        RunError: A score is not a number.
        DatasetError: The dataset is damaged.
    """
    truth = {name: np.asarray(prepared.split(name).labels) for name in ("validation", SPLIT)}
    plain = {name: np.concatenate(list(scores_of(model, prepared, name))) for name in truth}
    calibration = calibrate((truth["validation"], plain["validation"]), (truth[SPLIT], plain[SPLIT]))
    validation, test = (heated(scores, calibration.temperature or 1.0) for scores in plain.values())
    return Judgement(
        metrics=measure(truth[SPLIT], test, prepared.record.spec.labels),
        calibration=calibration,
        certainty=_certainty((truth["validation"], validation), (truth[SPLIT], test), wanted),
        scores=test,
        test=verdicts(truth[SPLIT], [test]),
        validation=verdicts(truth["validation"], [validation]),
    )


def scores_of(model: Any, prepared: Prepared, name: SplitName) -> Iterator[NDArray[np.float32]]:
    """Yields a model's scores of one split, block by block, float32 ``[m, labels]``, without temperature."""
    pixels = prepared.split(name).pixels
    return scored(model, blocks_of(pixels), len(pixels), name)


def split_digest(prepared: Prepared, name: SplitName) -> str:
    """Returns what identifies the labels and the pictures of one split, whatever is in the others."""
    files = [prepared.record.files[f"{name}_{what}.npy"] for what in ("pixels", "labels")]
    return digest(fields.canonical([list(prepared.record.spec.labels), *files]))


def _certainty(
    validation: tuple[NDArray[np.int64], NDArray[np.float32]],
    test: tuple[NDArray[np.int64], NDArray[np.float32]],
    wanted: Sequence[float],
) -> Certainty:
    chosen_on, judged_on = judged(*validation), judged(*test)
    return Certainty(
        auroc=auroc(judged_on.best[judged_on.right], judged_on.best[~judged_on.right]),
        unknown=unknown(chosen_on, judged_on),
        precisions=precisions(wanted, chosen_on, judged_on),
    )
