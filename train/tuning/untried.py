"""A configuration that a search has not tried yet."""

import itertools
from collections.abc import Mapping, Sequence

from edge_runtime.errors import FieldError
from train.config import TrainConfig
from train.tuning.record import Trial
from train.tuning.space import Space, Value, configured, usual

DRAWS = 50  # each way


def untried(
    space: Space, pictures: int, trials: Sequence[Trial], over: Mapping[str, Value], seed: int
) -> TrainConfig | None:
    """Returns the next configuration, or None where each was tried.

    The first is as close as can be to what ``fit`` does unasked, the others are Optuna's.

    Args:
        space: What may be chosen.
        pictures: To train on.
        trials: So far.
        over: What goes over all.
        seed: Of Optuna's choices.
    """
    if not trials:
        return configured(space, pictures, usual(space, pictures), over)
    from train.tuning.suggest import suggest  # half a second, that a study which is done needs not

    tried = {trial.config for trial in trials}
    first = (seed * 1000 + len(trials)) * DRAWS
    seeds = range(first, first + DRAWS)
    # Where there are only lists to choose from, TPE proposes the same again and again; then at random, then in order.
    for chosen in itertools.chain(
        (suggest(space, trials, seed) for seed in seeds), (suggest(space, (), seed) for seed in seeds), space.every()
    ):
        try:
            config = configured(space, pictures, chosen, over)
        except FieldError:  # two values that do not go together
            continue
        if config not in tried:
            return config
    return None
