"""Which configuration to try next: Optuna's, as a function of the trials so far, so that a search goes on anywhere."""

import typing
from collections.abc import Sequence

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from train.tuning.record import Trial
from train.tuning.space import MODEL, WIDTH, Choice, Free, Space, Value, width_of

optuna.logging.set_verbosity(optuna.logging.WARNING)
RANDOM_TRIALS = 8  # before Optuna's TPE has enough to learn from; its own 10 would be half of 20


def suggest(space: Space, trials: Sequence[Trial], seed: int) -> dict[str, Value]:
    """Returns a choice for what is free, by field, the network among them.

    Multi-objective TPE (Ozaki et al. 2022) on the accuracy and the latency of the finished trials; at random as long
    as there are few.

    Args:
        space: What may be chosen.
        trials: So far.
        seed: Another one for each trial; the same gives the same.
    """
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=RANDOM_TRIALS)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    for trial in trials:
        if trial.measured:
            study.add_trial(_known(space, trial, (trial.measured.accuracy, trial.measured.latency)))
    asked = study.ask()
    models = space.models
    model = str(asked.suggest_categorical(MODEL, models)) if len(models) > 1 else models[0]
    chosen: dict[str, Value] = {MODEL: model}
    for name, free in space.of(model)[1].items():
        chosen[name] = _suggested(asked, space, model, name, free)
    return chosen


def _suggested(asked: optuna.Trial, space: Space, model: str, name: str, free: Free) -> Value:
    key = _key(space, model, name)
    if isinstance(free, Choice):
        return typing.cast(Value, asked.suggest_categorical(key, free.values))
    if free.whole:
        return asked.suggest_int(key, int(free.low), int(free.high), log=free.log)
    return asked.suggest_float(key, free.low, free.high, log=free.log)


def _key(space: Space, model: str, name: str) -> str:
    """Returns what Optuna knows a field as: what a network has its own choices for is another one for each."""
    return f"{model}.{name}" if name in space.when.get(model, {}) else name


def _known(space: Space, trial: Trial, values: tuple[float, float]) -> optuna.trial.FrozenTrial:
    model = trial.config.model
    params: dict[str, Value] = {}
    distributions: dict[str, BaseDistribution] = {}
    if len(space.models) > 1:
        params[MODEL], distributions[MODEL] = model, CategoricalDistribution(space.models)
    for name, free in space.of(model)[1].items():
        key = _key(space, model, name)
        value: Value = getattr(trial.config, name)
        if name == WIDTH and free.near(value) != value:  # 0, which stands for the network's own
            value = width_of(trial.config)
        params[key], distributions[key] = value, _distribution(free)
    return optuna.trial.create_trial(params=params, distributions=distributions, values=values)


def _distribution(free: Free) -> BaseDistribution:
    if isinstance(free, Choice):
        return CategoricalDistribution(free.values)
    if free.whole:
        return IntDistribution(int(free.low), int(free.high), log=free.log)
    return FloatDistribution(free.low, free.high, log=free.log)
