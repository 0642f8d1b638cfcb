"""Which trial is not worth its remaining epochs."""

import statistics
from collections.abc import Sequence

from train.config import TrainConfig
from train.tuning.record import FINISHED, Trial
from train.tuning.space import width_of

FIRST_EPOCH = 2  # before it an accuracy says more about the learning rate's start than about the end
RIVALS = 3


def median_missed(config: TrainConfig, accuracies: Sequence[float], trials: Sequence[Trial]) -> float | None:
    """Returns the median that a trial in training stays below, or None where it goes on.

    It is compared with finished trials that are as fast, as far as that is known before anything was measured: of the
    same network, not wider, with as many epochs. Compared with all, every small and fast network would be ended.

    Args:
        config: The trial's.
        accuracies: On the validation split, after each of its epochs so far.
        trials: The others.
    """
    epoch = len(accuracies)
    if not FIRST_EPOCH <= epoch < config.epochs:
        return None
    rivals = [
        max(trial.accuracies[:epoch])
        for trial in trials
        if trial.state == FINISHED
        and (trial.config.model, trial.config.epochs) == (config.model, config.epochs)
        and width_of(trial.config) <= width_of(config)
    ]
    if len(rivals) < RIVALS:
        return None
    median = statistics.median(rivals)
    return median if max(accuracies) < median else None
