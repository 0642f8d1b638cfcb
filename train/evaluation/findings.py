"""What an evaluation finds: the content of ``metrics.json``, and what a report shows beside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_runtime.stages.prepared import Prepared, SplitName
from edge_runtime.stages.run import Run
from train.evaluation.calibration import Calibration
from train.evaluation.foreign import Foreign, Pictures
from train.evaluation.metrics import Metrics
from train.evaluation.slices import Slice
from train.evaluation.suspects import Suspect
from train.evaluation.thresholds import Threshold
from train.evaluation.verdicts import Verdicts


@dataclass(frozen=True)
class Certainty:
    """What the best score of a picture is good for.

    Attributes:
        auroc: How often a right answer's best score is higher than a wrong one's; None where all or none are right.
        unknown: The threshold below which a picture is ``unknown``; export chooses it by the same rule.
        precisions: The thresholds that give the precisions that may be wanted.
    """

    auroc: float | None
    unknown: Threshold
    precisions: tuple[Threshold, ...]


@dataclass(frozen=True)
class Evaluation:
    """The content of ``metrics.json``.

    Attributes:
        model: sha256 of the ``model.keras`` that was judged.
        dataset, dataset_digest, split: What it was judged on.
        split_digest: Identifies the labels and the pictures of that split; runs with the same one can be compared.
        split_seed: The seed that split the dataset.
        seed: The seed of the training.
        trained: When the training ended, UTC.
        commit: Of the kit that judged, ``+changes`` where files differ from it; None outside of a checkout.
        versions: Of what took part in judging; ``run.json`` has those of the training.
        metrics: How it did.
        calibration: Whether its scores mean what they say.
        certainty: What thresholds on the score do.
        slices: How it did on parts of the split.
        foreign: What it made of pictures that are none of the labels; None where none were given.
        wrong: Pictures of each split that got another label than they have.
    """

    schema_version: int
    model: str
    dataset: str
    dataset_digest: str
    split: str
    split_digest: str
    split_seed: int
    seed: int
    trained: str
    commit: str | None
    versions: dict[str, str]
    metrics: Metrics
    calibration: Calibration
    certainty: Certainty
    slices: tuple[Slice, ...]
    foreign: Foreign | None
    wrong: dict[str, int]


@dataclass(frozen=True)
class Material:
    """What a report shows beside the figures.

    Attributes:
        run: That was judged.
        prepared: Its dataset.
        names: What each split's pictures are called, where the dataset says so.
        scores: float32 ``[n, labels]``, of the test split.
        found: The verdicts on the test split.
        suspects: Of all splits, each split's worst first.
        foreign: The foreign pictures and float32 ``[n, 2]``, each one's best score and the label it got.
    """

    run: Run
    prepared: Prepared
    names: dict[SplitName, tuple[str, ...] | None]
    scores: NDArray[np.float32]
    found: Verdicts
    suspects: tuple[Suspect, ...]
    foreign: tuple[Pictures, NDArray[np.float32]] | None
