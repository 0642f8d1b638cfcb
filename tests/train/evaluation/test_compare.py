import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime.errors import RunError, UsageError
from edge_runtime.stages.prepared import SPLITS, Prepared, Split, write_prepared
from export.proof.significance import mcnemar as at_export
from tests.support import python
from train.evaluation.compare import compare, mcnemar
from train.evaluation.comparison_page import page

# TensorFlow 2.21 does not know numpy 2's `copy` argument yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
MakeRun = Callable[[Path, Prepared, int], Path]


@pytest.fixture(scope="module")
def few(small: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return cut(small, tmp_path_factory.mktemp("prepared") / "few", 60, {"train": 100, "validation": 60})


@pytest.fixture(scope="module")
def runs(few: Prepared, make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs of different weights, evaluated."""
    place = tmp_path_factory.mktemp("runs")
    made = make_run(place / "런 a", few, 0), make_run(place / "b", few, 1)
    compare(*made)
    return made


def cut(
    whole: Prepared, place: Path, test: int, counts: dict[str, int], labels: tuple[str, ...] | None = None
) -> Prepared:
    counts = {**counts, "test": test}
    record = whole.record
    spec = record.spec if labels is None else type(record.spec)(labels, record.spec.preprocessing)
    splits = {name: whole.split(name) for name in SPLITS}
    return write_prepared(
        place,
        name=record.name,
        origin=record.origin,
        grey=record.grey,
        spec=spec,
        seed=record.seed,
        splits={name: Split(one.pixels[: counts[name]], one.labels[: counts[name]]) for name, one in splits.items()},
    )


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (5, 5), (10, 2), (197, 274)])
def test_mcnemar_is_the_one_that_export_computes(gained: int, lost: int) -> None:
    assert mcnemar(gained, lost) == pytest.approx(at_export(gained, lost))


def test_mcnemar_of_a_case_small_enough_for_paper() -> None:
    # 6 coins, all on one side, either side: 2 / 2**6.
    assert mcnemar(6, 0) == pytest.approx(2 / 64)


def test_every_picture_is_counted_once(runs: tuple[Path, Path]) -> None:
    found = compare(*runs)
    one, other = found.first.verdicts, found.second.verdicts
    assert found.gained == int((other.right & ~one.right).sum())
    assert found.lost == int((one.right & ~other.right).sum())
    assert sum(label.gained for label in found.labels) == found.gained
    assert sum(label.pictures for label in found.labels) == len(found.names) == 60
    first, second = (side.evaluation.metrics.accuracy for side in (found.first, found.second))
    assert found.difference == pytest.approx(second - first)
    assert found.p == pytest.approx(mcnemar(found.gained, found.lost))


def test_the_same_weights_do_not_differ(runs: tuple[Path, Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(runs[0], copy)
    found = compare(runs[0], copy)
    assert (found.gained, found.lost, found.p, found.agreement) == (0, 0, 1.0, 1.0)
    assert "the same pictures" in found.verdict
    assert b"None." in page(found)


def test_more_training_pictures_and_the_same_test_split_can_be_compared(
    small: Prepared, runs: tuple[Path, Path], tmp_path: Path, make_run: MakeRun
) -> None:
    more = cut(small, tmp_path / "more", 60, {"train": 150, "validation": 60})
    assert len(compare(runs[0], make_run(tmp_path / "run", more, 1)).names) == 60


def test_another_test_split_is_refused(
    small: Prepared, runs: tuple[Path, Path], tmp_path: Path, make_run: MakeRun
) -> None:
    other = cut(small, tmp_path / "other", 50, {"train": 100, "validation": 60})
    with pytest.raises(RunError, match=r"different test splits, 60 test pictures of .* and 50 test pictures .*; train"):
        compare(runs[0], make_run(tmp_path / "run", other, 1))


def test_other_labels_are_refused_by_name(
    small: Prepared, runs: tuple[Path, Path], tmp_path: Path, make_run: MakeRun
) -> None:
    labels = ("장화", *small.record.spec.labels[1:])
    other = cut(small, tmp_path / "other", 60, {"train": 100, "validation": 60}, labels)
    with pytest.raises(RunError, match=r"런 a has the label 'T-shirt/top', .*run has not"):
        compare(runs[0], make_run(tmp_path / "run", other, 1))


def test_a_run_is_not_compared_with_itself(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="are the same run"):
        compare(tmp_path / "x", tmp_path / "y" / ".." / "x")


def test_a_table_that_was_edited_is_noticed(runs: tuple[Path, Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(runs[0], copy)
    lines = (copy / "predictions.csv").read_text().splitlines(keepends=True)
    (copy / "predictions.csv").write_text("".join(lines[:-1]))
    with pytest.raises(RunError, match=r"predictions\.csv: does not fit metrics\.json"):
        compare(copy, runs[1])


def test_the_command_tells_a_person_and_a_program(runs: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "new" / "page.html"
    done = python("-m", "train", "compare", *runs, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "McNemar" in done.stderr
    assert "T-shirt/top" in done.stderr
    line = json.loads(done.stdout)
    assert line["p"] == pytest.approx(mcnemar(line["gained"], line["lost"]))
    written = out.read_text("utf-8")
    assert "런 a" in written
    assert "data:image/png" in written


def test_without_the_dataset_the_page_has_names_and_no_pictures(
    few: Prepared, runs: tuple[Path, Path], tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    few.directory.rename(gone)
    try:
        found = compare(*runs, data=gone)
        without = page(found)
        assert b"data:image" not in without
        assert b"not where the trainings found it" in without
        assert b"data:image" in page(found, gone)
    finally:
        gone.rename(few.directory)
