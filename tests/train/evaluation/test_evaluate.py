import csv
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.bundle.manifest import digest
from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.errors import DatasetError, RunError
from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import SAMPLE_COLUMNS, SPLITS, Prepared, Split, recorded, samples_file, write_prepared
from edge_runtime.stages.temperature import fit_temperature, heated
from train.backend import keras
from train.config import TrainConfig
from train.evaluation.evaluate import FILES, evaluate
from train.fitting.started import begin

# TensorFlow 2.21 does not know numpy 2's `copy` argument yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def run(tmp_path: Path, small: Prepared, make_run: Callable[[Path, Prepared, int], Path]) -> Path:
    return make_run(tmp_path / "run", small, 5)


def test_the_metrics_are_those_of_the_model_on_the_test_split(run: Path, small: Prepared) -> None:
    found, fresh = evaluate(run, None)
    assert fresh
    test = small.split("test")
    scores = np.asarray(keras.models.load_model(run / stage.MODEL, compile=False)(test.pixels.astype(np.float32)))
    predicted = scores.argmax(axis=1)
    assert found.metrics.accuracy == pytest.approx(float((predicted == test.labels).mean()))
    assert found.calibration.temperature is not None
    given = heated(scores, found.calibration.temperature)
    for loss, judged in ((found.calibration.before.loss, scores), (found.metrics.loss, given)):
        picked = judged[np.arange(500), test.labels]
        assert loss == pytest.approx(-sum(map(math.log, picked.tolist())) / 500, rel=1e-4)
    assert np.array(found.metrics.confusion).sum(axis=1).tolist() == np.bincount(test.labels, minlength=10).tolist()
    assert (found.split, found.seed, found.split_seed) == ("test", 5, 0)
    written = json.loads((run / "metrics.json").read_text())
    assert written["metrics"]["accuracy"] == found.metrics.accuracy
    assert written["model"] == digest((run / stage.MODEL).read_bytes())
    for name in ("confusion_matrix.png", "predictions.png"):
        with Image.open(run / name) as image:
            assert image.format == "PNG"


def test_a_second_time_is_up_to_date_until_a_file_is_missing(run: Path) -> None:
    first, _ = evaluate(run, None)
    again, fresh = evaluate(run, None)
    assert (again, fresh) == (first, False)
    (run / "predictions.png").unlink()
    assert evaluate(run, None)[1]


def test_metrics_of_another_model_are_made_again(run: Path) -> None:
    evaluate(run, None)
    old = json.loads((run / "metrics.json").read_text())
    (run / "metrics.json").write_text(json.dumps({**old, "model": "0" * 64}))
    assert evaluate(run, None)[1]


def test_a_dataset_that_moved_is_named_with_data(run: Path, small: Prepared, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(small.directory, moved)
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "data": str(tmp_path / "gone")}))
    with pytest.raises(DatasetError, match=r"gone: no prepared dataset there.*--data"):
        evaluate(run, None)
    assert evaluate(run, moved)[1]


def test_another_dataset_is_refused_with_both_digests(run: Path, small: Prepared, fashion_mnist: Prepared) -> None:
    with pytest.raises(
        DatasetError, match=rf"{small.digest[:12]}… was trained on, .*{fashion_mnist.digest[:12]}… found"
    ):
        evaluate(run, fashion_mnist.directory)


def test_an_altered_model_is_refused(run: Path) -> None:
    content = bytearray((run / stage.MODEL).read_bytes())
    content[len(content) // 2] ^= 1
    (run / stage.MODEL).write_bytes(content)
    with pytest.raises(RunError, match=r"model\.keras: sha256"):
        evaluate(run, None)


def test_an_unfinished_run_is_refused(run: Path) -> None:
    (run / "run.json").unlink()
    with pytest.raises(RunError, match="not a finished run"):
        evaluate(run, None)


def test_temperature_and_thresholds_are_chosen_on_the_validation_split(run: Path, small: Prepared) -> None:
    found, _ = evaluate(run, None)
    model = keras.models.load_model(run / stage.MODEL, compile=False)
    validation = small.split("validation")
    scores = np.asarray(model(validation.pixels.astype(np.float32)))
    assert found.calibration.temperature == pytest.approx(fit_temperature(validation.labels, scores), rel=1e-3)
    assert found.calibration.validation_pictures == 500
    lowest = found.certainty.precisions[0]
    assert lowest.wanted == 0.9
    if lowest.score is not None:
        given = heated(scores, found.calibration.temperature or 1.0)  # as the files' will be, to which it is held
        kept = given.max(axis=1) >= lowest.score
        assert (scores.argmax(axis=1) == validation.labels)[kept].mean() >= 0.9


def test_a_precision_that_is_asked_for_later_is_found_then(run: Path) -> None:
    evaluate(run, None)
    found, fresh = evaluate(run, None, wanted=[0.42])
    assert fresh
    assert 0.42 in [one.wanted for one in found.certainty.precisions]
    assert not evaluate(run, None, wanted=[0.42])[1]


def test_it_says_where_the_figures_come_from(run: Path, small: Prepared) -> None:
    evaluate(run, None)
    written = json.loads((run / "metrics.json").read_text())
    page = (run / "report.html").read_text()
    for name in ("dataset", "dataset_digest", "split_digest", "model", "trained", "commit"):
        assert written[name] is None or str(written[name]) in page, name
    assert "keras" in written["versions"]


def test_beginning_anew_removes_all_that_evaluating_wrote(run: Path, small: Prepared) -> None:
    evaluate(run, None)
    assert all((run / name).is_file() for name in FILES)
    begin(run, TrainConfig(), small)
    assert sorted(path.name for path in run.iterdir()) == ["config.toml", "started.json"]


def test_foreign_pictures_are_judged_and_remembered(run: Path, tmp_path: Path) -> None:
    place = tmp_path / "none of them"
    place.mkdir()
    for shade in range(5):
        Image.new("RGB", (40, 30), (50 * shade, 0, 200)).save(place / f"{shade}.png")
    (place / "broken.jpg").write_bytes(b"not a picture")
    found, _ = evaluate(run, None, place)
    assert found.foreign is not None
    assert (found.foreign.pictures, found.foreign.unreadable) == (5, 1)
    assert sum(found.foreign.predicted.values()) == 5
    again, fresh = evaluate(run, None)
    assert (again.foreign, fresh) == (found.foreign, False)
    assert "none of them" in (run / "report.html").read_text()


@pytest.fixture
def named(tmp_path: Path) -> Prepared:
    """Pictures with names and a column, a label in Korean, another that looks like a tag, and few of each."""
    rng = np.random.default_rng(0)
    splits = {
        name: Split(rng.integers(0, 256, (12, 16, 16, 3), np.uint8), np.arange(12, dtype=np.int64) % 2)
        for name in SPLITS
    }
    spec = ModelSpec(("볼트", "<b>nut"), PreprocessingSpec((16, 16)))
    place = tmp_path / "prepared"
    counts = {str(name): 12 for name in SPLITS}
    write_prepared(place, name="부품", origin="here", grey=False, spec=spec, seed=0, splits=splits)
    for name in SPLITS:
        with (place / samples_file(name)).open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            about = [[16, 16, f"{at:064}", "left" if at < 6 else "right"] for at in range(12)]
            rows = [[f"볼트/{name} {at}\udcff.jpg", *rest] for at, rest in enumerate(about)]
            csv.writer(file).writerows([[*SAMPLE_COLUMNS, "camera"], *rows])
    return recorded(place, name="부품", origin="here", grey=False, spec=spec, seed=0, counts=counts)


def test_names_slices_and_labels_of_any_kind_are_shown(
    named: Prepared, tmp_path: Path, make_run: Callable[[Path, Prepared, int], Path]
) -> None:
    run = make_run(tmp_path / "런 하나", named, 0)
    found, _ = evaluate(run, None)
    assert [(part.column, part.value, part.pictures) for part in sorted(found.slices, key=lambda part: part.value)] == [
        ("camera", "left", 6),
        ("camera", "right", 6),
    ]
    page = (run / "report.html").read_text("utf-8")
    assert "볼트" in page
    assert "&lt;b&gt;nut" in page
    assert "<b>nut" not in page
    assert "볼트/test 0\N{REPLACEMENT CHARACTER}.jpg" in (run / "predictions.csv").read_text("utf-8")
    assert found.calibration.temperature is None, "12 pictures say nothing about a temperature"


def test_the_report_says_what_is_in_the_list_of_suspects_and_equal_thresholds_once(
    named: Prepared, tmp_path: Path, make_run: Callable[[Path, Prepared, int], Path]
) -> None:
    run = make_run(tmp_path / "run", named, 0)
    found, _ = evaluate(run, None)
    page = (run / "report.html").read_text("utf-8")
    assert "Those that got another label are in <code>suspects.csv</code>, of each split the worst 200 at most." in page
    listed = (run / "suspects.csv").read_text("utf-8").splitlines()[1:]
    assert len(listed) == sum(found.wrong.values()), "fewer than 200 of each split"
    assert {one.score for one in found.certainty.precisions} == {None}, "random weights: no score gives 90 %"
    assert page.count("% right</th>") == 1
