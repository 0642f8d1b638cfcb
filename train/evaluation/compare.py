"""Two runs on the same test split: could chance alone have made the difference, and where do they differ?"""

from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import RunError, UsageError
from edge_runtime.stages.run import Run, open_run
from train.evaluation.evaluate import evaluate
from train.evaluation.findings import Evaluation
from train.evaluation.verdicts import Verdicts, read_csv
from train.fitting.started import VERDICTS

ALPHA = 0.05  # p below it is called more than chance
SAME_DATASET = "train both on the same prepared dataset"


@dataclass(frozen=True)
class Side:
    """One of the two runs, what it is called beside the other, and what it made of each test picture."""

    run: Run
    name: str
    evaluation: Evaluation
    verdicts: Verdicts


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
        names: What the pictures are called.
        gained: Pictures that only the second labels rightly.
        lost: Pictures that only the first labels rightly.
        both_right: Pictures that both label rightly.
        agreement: Share of the pictures that get the same label from both, right or wrong.
        p: McNemar's, exact and two-sided.
        labels: By label.
    """

    first: Side
    second: Side
    names: tuple[str, ...]
    gained: int
    lost: int
    both_right: int
    agreement: float
    p: float
    labels: tuple[LabelChange, ...]

    @property
    def difference(self) -> float:
        """Accuracy of the second less that of the first."""
        return (self.gained - self.lost) / len(self.names)

    @property
    def verdict(self) -> str:
        """A sentence that says which run is better, if that can be said."""
        differ = self.gained + self.lost
        if not differ:
            return "both label the same pictures rightly"
        better, worse = (self.second, self.first) if self.gained > self.lost else (self.first, self.second)
        if self.p < ALPHA:
            return (
                f"{better.name} is better than {worse.name}: chance alone would hardly do that "
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


def compare(first: Path, second: Path, data: Path | None = None) -> Comparison:
    """Compares two finished runs; one that was not evaluated yet is evaluated now.

    Args:
        first, second: The run directories.
        data: The prepared dataset, or None for the place where each training found it; asked only to evaluate.

    Raises:
        UsageError: Both are the same run.
        RunError: One is no finished run, or their labels or test splits are not the same.
        DatasetError: A run must be evaluated first and its dataset is not there.
    """
    if first.resolve() == second.resolve():
        raise UsageError(f"{first} and {second} are the same run; two different ones expected")
    for directory in (first, second):
        open_run(directory)  # before minutes of evaluating the other one
    evaluations = [evaluate(directory, data)[0] for directory in (first, second)]
    runs = [open_run(directory) for directory in (first, second)]
    if runs[0].spec.labels != runs[1].spec.labels:
        raise RunError(f"{first} and {second} cannot be compared: {_labels_apart(runs[0], runs[1])}")
    if evaluations[0].split_digest != evaluations[1].split_digest:
        told_apart = " and ".join(
            f"{one.metrics.pictures:,} test pictures of {one.dataset} {one.dataset_digest[:12]}…" for one in evaluations
        )
        raise RunError(
            f"{first} and {second} cannot be compared: they were judged on different test splits, {told_apart}; "
            f"{SAME_DATASET}"
        )
    tables = [read_csv(run.directory / VERDICTS, run.spec.labels) for run in runs]
    for run, evaluation, (table, _) in zip(runs, evaluations, tables, strict=True):
        if (len(table.label), int(table.right.sum())) != (evaluation.metrics.pictures, _right(evaluation)):
            raise RunError(
                f"{run.directory / VERDICTS}: does not fit metrics.json; remove it and evaluate the run again"
            )
    names = [run.directory.resolve().name for run in runs]
    if names[0] == names[1]:
        names = [str(run.directory) for run in runs]
    sides = [Side(*parts) for parts in zip(runs, names, evaluations, (table for table, _ in tables), strict=True)]
    return between(sides[0], sides[1], tables[0][1])


def between(first: Side, second: Side, names: tuple[str, ...]) -> Comparison:
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
        names,
        gained=int(gained.sum()),
        lost=int(lost.sum()),
        both_right=int((one & other).sum()),
        agreement=float((first.verdicts.predicted == second.verdicts.predicted).mean()),
        p=mcnemar(int(gained.sum()), int(lost.sum())),
        labels=tuple(labels),
    )


def told(p: float) -> str:
    return "below 0.001" if p < 0.001 else f"{p:.3f}"


def _right(evaluation: Evaluation) -> int:
    return sum(row[index] for index, row in enumerate(evaluation.metrics.confusion))


def _labels_apart(first: Run, second: Run) -> str:
    for run, other in ((first, second), (second, first)):
        if more := [label for label in run.spec.labels if label not in other.spec.labels]:
            return f"{run.directory} has the label '{more[0]}', {other.directory} has not; {SAME_DATASET}"
    return f"their labels are in another order; {SAME_DATASET}"
