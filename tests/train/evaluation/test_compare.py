import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.errors import DatasetError, RunError, UsageError
from edge_runtime.stages.prepared import SPLITS, Prepared, Split, open_prepared, write_prepared
from export.proof.significance import mcnemar as at_export
from tests.support import python
from train.backend import keras
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


def black(place: Path, size: tuple[int, int], labels: tuple[str, ...]) -> Prepared:
    """A dataset of another size."""
    spec = ModelSpec(labels, PreprocessingSpec(size))
    splits = {name: Split(np.zeros((10, *size, 3), np.uint8), np.arange(10)) for name in SPLITS}
    return write_prepared(place, name="black", origin="", grey=True, spec=spec, seed=0, splits=splits)


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
    assert sum(label.pictures for label in found.labels) == len(found.pictures.names) == 60
    first, second = (side.metrics.accuracy for side in (found.first, found.second))
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
    assert len(compare(runs[0], make_run(tmp_path / "run", more, 1)).pictures.names) == 60


def test_another_test_split_is_refused_before_anything_is_judged_and_the_way_out_is_named(
    small: Prepared, runs: tuple[Path, Path], tmp_path: Path, make_run: MakeRun
) -> None:
    other = cut(small, tmp_path / "other", 50, {"train": 100, "validation": 60})
    run = make_run(tmp_path / "run", other, 1)
    wanted = (
        r"different test splits: 60 test pictures of .* and 50 test pictures .*; --data .*other judges both on .*run"
    )
    with pytest.raises(RunError, match=wanted):
        compare(runs[0], run)
    assert not (run / "metrics.json").exists()


def test_with_data_both_are_judged_on_the_test_split_of_that_dataset(
    small: Prepared, few: Prepared, runs: tuple[Path, Path], tmp_path: Path, make_run: MakeRun
) -> None:
    more = cut(small, tmp_path / "more", 80, {"train": 100, "validation": 60})
    run = make_run(tmp_path / "run", more, 1)
    before = (runs[0] / "metrics.json").read_bytes()
    asked: list[str] = []
    found = compare(runs[0], run, more.directory, ready=lambda: asked.append("ready"))
    assert asked
    assert (runs[0] / "metrics.json").read_bytes() == before  # its own evaluation stays
    assert (run / "metrics.json").is_file()
    test = more.split("test")
    for side, seed in ((found.first, 0), (found.second, 1)):
        model = keras.models.load_model(side.run.model, compile=False)
        predicted = np.asarray(model(test.pixels.astype(np.float32))).argmax(axis=1)
        assert side.seed == seed
        assert side.verdicts.predicted.tolist() == predicted.tolist()
        assert side.metrics.pictures == len(found.pictures.names) == 80
    assert found.notes == ()
    assert b"data:image" in page(found, more.directory)
    # The other way round, and on the older dataset: the second is judged anew and the first is as it was evaluated.
    older = compare(run, runs[0], few.directory)
    assert (older.first.metrics.pictures, older.second.metrics) == (60, compare(*runs).first.metrics)


def test_test_pictures_that_a_run_learned_from_are_counted(
    small: Prepared, runs: tuple[Path, Path], tmp_path: Path, make_run: MakeRun
) -> None:
    parts = {name: small.split(name) for name in SPLITS}
    mixed = {
        "train": Split(parts["train"].pixels[200:300], parts["train"].labels[200:300]),
        "validation": parts["validation"],
        "test": Split(parts["train"].pixels[95:125], parts["train"].labels[95:125]),  # 5 of runs[0]'s 100
    }
    record = small.record
    other = write_prepared(
        tmp_path / "mixed",
        name="mixed",
        origin="",
        grey=True,
        spec=record.spec,
        seed=0,
        splits={name: mixed[name] for name in SPLITS},
    )
    run = make_run(tmp_path / "run", other, 1)
    (note,) = compare(runs[0], run, other.directory).notes
    assert note.startswith(f"{runs[0]} knows 5 of these 30 test pictures from its training")
    done = python("-m", "train", "compare", runs[0], run, "--data", other.directory, "--out", tmp_path / "page.html")
    assert done.returncode == 0, done.stderr
    assert "note: " in done.stderr
    assert done.stderr.count("judging on the CPU: ") == 1
    assert "knows 5 of these 30" in (tmp_path / "page.html").read_text("utf-8")


def test_a_run_whose_dataset_was_prepared_anew_is_compared_as_it_was_evaluated(
    few: Prepared, runs: tuple[Path, Path], small: Prepared, tmp_path: Path, make_run: MakeRun
) -> None:
    place = tmp_path / "data"
    shutil.copytree(few.directory, place)
    old = make_run(tmp_path / "old", open_prepared(place), 0)
    compare(old, runs[1])
    shutil.rmtree(place)
    new = cut(small, place, 70, {"train": 120, "validation": 60})
    assert compare(old, runs[1]).p == compare(runs[0], runs[1]).p
    run = make_run(tmp_path / "new", new, 1)
    with pytest.raises(RunError, match=r"different test splits.*--data .*data judges both"):
        compare(old, run)
    (note,) = compare(old, run, place).notes
    assert "cannot be told" in note


def test_a_dataset_that_does_not_fit_is_refused_with_what_was_wanted(
    small: Prepared, runs: tuple[Path, Path], tmp_path: Path
) -> None:
    labels = ("장화", *small.record.spec.labels[1:])
    other = cut(small, tmp_path / "other", 60, {"train": 100, "validation": 60}, labels)
    with pytest.raises(DatasetError, match=r"its labels are not those of .*런 a: T-shirt/top, .* 장화, "):
        compare(*runs, other.directory)
    large = black(tmp_path / "large", (2, 3), small.record.spec.labels)
    with pytest.raises(DatasetError, match=r"28 × 28 pixels .* expected, as for .*런 a, 2 × 3 pixels .* found"):
        compare(*runs, large.directory)


def test_runs_that_take_pictures_of_different_sizes_are_told_so(
    runs: tuple[Path, Path], small: Prepared, tmp_path: Path, make_run: MakeRun
) -> None:
    large = black(tmp_path / "large", (16, 24), small.record.spec.labels)
    with pytest.raises(RunError, match=r"pictures of 28 × 28 pixels .*, the other of 16 × 24 pixels .*same prepared"):
        compare(runs[0], make_run(tmp_path / "run", large, 1))


def test_other_labels_are_refused_by_name(
    small: Prepared, runs: tuple[Path, Path], tmp_path: Path, make_run: MakeRun
) -> None:
    labels = ("장화", *small.record.spec.labels[1:])
    other = cut(small, tmp_path / "other", 60, {"train": 100, "validation": 60}, labels)
    with pytest.raises(RunError, match=r"런 a has the label 'T-shirt/top', .*run has not"):
        compare(runs[0], make_run(tmp_path / "run", other, 1))


def test_with_data_a_run_of_other_labels_is_the_one_to_train_again(
    small: Prepared, runs: tuple[Path, Path], tmp_path: Path, make_run: MakeRun
) -> None:
    labels = ("장화", *small.record.spec.labels[1:])
    other = cut(small, tmp_path / "other", 60, {"train": 100, "validation": 60}, labels)
    wanted = r"has the label .*--data judges runs with the same labels alone; .*train .*런 a again on .*other, in a new"
    with pytest.raises(RunError, match=wanted):
        compare(runs[0], make_run(tmp_path / "run", other, 1), other.directory)


def test_the_page_keeps_the_names_of_runs_as_they_are(runs: tuple[Path, Path]) -> None:
    found = compare(*runs)
    clear = replace(found, gained=40, lost=2, p=mcnemar(40, 2))
    assert "<p>b is better than 런 a: " in page(clear).decode()
    assert "<p>Neither is better: " in page(replace(found, gained=3, lost=2, p=1.0)).decode()


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
