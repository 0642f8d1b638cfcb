"""Two runs on the same test split: could chance alone have made the difference, and where do they differ?"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import UsageError
from edge_runtime.stages.run import Run, open_run
from train.evaluation.calibration import Calibration
from train.evaluation.evaluate import check_judgeable
from train.evaluation.findings import Certainty
from train.evaluation.metrics import Metrics
from train.evaluation.same_pictures import Pictures, as_evaluated, check_comparable, judged_on
from train.evaluation.verdicts import Verdicts
from train.fitting.started import config_of

ALPHA = 0.05  # p below it is called more than chance


@dataclass(frozen=True)
class Side:
    """One of the two runs.

    Attributes:
        run: The run.
        name: What it is called beside the other.
        metrics, calibration, certainty: As in `train.evaluation.findings`.
        verdicts: What it made of each test picture.
        seed: Of its training.
        commit, versions: Of what judged it.
    """

    run: Run
    name: str
    metrics: Metrics
    calibration: Calibration
    certainty: Certainty
    verdicts: Verdicts
    seed: int
    commit: str | None
    versions: dict[str, str]


@dataclass(frozen=True)
class LabelChange:
    """One label in both runs.

    Attributes:
        label: Its name.
        pictures: That have it.
        first, second: Share of them that got it, in either run.
        gained: Pictures that only the second run labels rightly.
        lost: Pictures that only the first run labels rightly.
    """

    label: str
    pictures: int
    first: float
    second: float
    gained: int
    lost: int


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side; the second is judged against the first.

    Attributes:
        first, second: The runs.
        pictures: What both were judged on.
        gained: Pictures that only the second labels rightly.
        lost: Pictures that only the first labels rightly.
        both_right: Pictures that both label rightly.
        agreement: Share of the pictures that get the same label from both, right or wrong.
        p: McNemar's, exact and two-sided.
        labels: By label.
        notes: What is to be known before this is believed.
    """

    first: Side
    second: Side
    pictures: Pictures
    gained: int
    lost: int
    both_right: int
    agreement: float
    p: float
    labels: tuple[LabelChange, ...]
    notes: tuple[str, ...] = ()

    @property
    def difference(self) -> float:
        """Accuracy of the second less that of the first."""
        return (self.gained - self.lost) / len(self.pictures.names)

    @property
    def better(self) -> Side | None:
        """The run that is better by more than chance, if one is."""
        if self.p >= ALPHA:
            return None
        return self.second if self.gained > self.lost else self.first

    @property
    def verdict(self) -> str:
        """A sentence that says which run is better, if that can be said; it begins with that run's name, or small."""
        if not self.gained + self.lost:
            return "both label the same pictures rightly"
        if self.better:
            worse = self.first if self.better is self.second else self.second
            return (
                f"{self.better.name} is better than {worse.name}: chance alone would hardly do that "
                f"(McNemar's p {told(self.p)})"
            )
        return f"neither is better: chance alone makes a difference like this often (McNemar's p {told(self.p)})"


def mcnemar(gained: int, lost: int) -> float:
    """Returns the exact two-sided p of McNemar's test (McNemar 1947; exact form: Fagerland et al. 2013).

    Only the pictures count that one of two models labels rightly and the other wrongly. If neither is better, each of
    them falls to either side with probability one half.

    Args:
        gained: Pictures that only the second labels rightly.
        lost: Pictures that only the first labels rightly.
    """
    from scipy.stats import binomtest

    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def compare(
    first: Path, second: Path, data: Path | None = None, *, ready: Callable[[], object] = lambda: None
) -> Comparison:
    """Compares two finished runs on the same test pictures.

    Without `data` that is the test split on which both were evaluated; one that was not evaluated yet is evaluated now.
    With it both are judged on the test split of that dataset; a run of another dataset stays as it is evaluated.

    Args:
        first, second: The run directories.
        data: A prepared dataset with the labels and the preprocessing of both, or None.
        ready: Called before a model is loaded; it may choose the device.

    Raises:
        UsageError: Both are the same run.
        RunError: One is no finished run, or their labels, sizes or test splits are not the same.
        DatasetError: A dataset is not there, or does not fit.
    """
    if first.resolve() == second.resolve():
        raise UsageError(f"{first} and {second} are the same run; two different ones expected")
    runs = open_run(first), open_run(second)
    for run in runs:
        check_judgeable(run)
    check_comparable(*runs, data)  # before minutes of judging
    found = [as_evaluated(run, ready) if data is None else judged_on(run, data, ready) for run in runs]
    names = [run.directory.resolve().name for run in runs]
    if names[0] == names[1]:
        names = [str(run.directory) for run in runs]
    sides = [
        Side(
            run,
            name,
            one.metrics,
            one.calibration,
            one.certainty,
            one.verdicts,
            config_of(run.directory).seed,
            one.commit,
            one.versions,
        )
        for run, name, one in zip(runs, names, found, strict=True)
    ]
    return between(sides[0], sides[1], found[0].pictures, tuple(one.note for one in found if one.note))


def between(first: Side, second: Side, pictures: Pictures, notes: tuple[str, ...] = ()) -> Comparison:
    """Returns the comparison of two runs that were judged on the same pictures."""
    one, other = first.verdicts.right, second.verdicts.right
    gained, lost = other & ~one, one & ~other
    truth = first.verdicts.label
    labels = []
    for index, label in enumerate(first.run.spec.labels):
        has = truth == index
        count = int(has.sum())
        before, after = (float(right[has].mean()) if count else 0.0 for right in (one, other))
        labels.append(LabelChange(label, count, before, after, int(gained[has].sum()), int(lost[has].sum())))
    return Comparison(
        first,
        second,
        pictures,
        gained=int(gained.sum()),
        lost=int(lost.sum()),
        both_right=int((one & other).sum()),
        agreement=float((first.verdicts.predicted == second.verdicts.predicted).mean()),
        p=mcnemar(int(gained.sum()), int(lost.sum())),
        labels=tuple(labels),
        notes=notes,
    )


def told(p: float) -> str:
    return "below 0.001" if p < 0.001 else f"{p:.3f}"
