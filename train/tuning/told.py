"""A trial in words."""

from train.config import TrainConfig
from train.tuning.record import StudyRecord, Trial, front
from train.tuning.space import Space


def told(record: StudyRecord, trial: Trial, trials: int, space: Space) -> str:
    """Returns a trial's line for the person who watches; there are to be so many `trials`."""
    head = f"trial {trial.name} ({trial.number + 1} of {trials}): {described(trial.config, space)}"
    found = trial.measured
    if found is None:
        return f"{head}: {trial.state}: {trial.reason} ({trial.seconds:.0f} s)"
    best = trial in front(record.trials)
    return (
        f"{head}: accuracy {found.accuracy:.4f} in int8 ({trial.float32:.4f} in float32), "
        f"{found.latency * 1e3:.3g} ms, {trial.seconds:.0f} s{'; on the front' if best else ''}"
    )


def described(config: TrainConfig, space: Space) -> str:
    """Returns what a search chose, for people; what a field gives nothing to is left out."""
    free = space.of(config.model)[1]
    values = {name: getattr(config, name) for name in free if getattr(config, name)}
    words = [name if value is True else f"{name} {_short(value)}" for name, value in values.items()]
    return ", ".join([config.model, *words])


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
