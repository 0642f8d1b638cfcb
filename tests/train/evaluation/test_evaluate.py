import json
import math
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.bundle.manifest import digest
from edge_runtime.errors import DatasetError, RunError
from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import Prepared
from train.backend import keras
from train.config import TrainConfig
from train.evaluate import evaluate
from train.models import build_model
from train.started import claim
from train.versions import versions

# TensorFlow 2.21 does not know numpy 2's `copy` argument yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def run(tmp_path: Path, small: Prepared) -> Path:
    """A finished run of a network that was not trained: what is tested here is the judging."""
    keras.utils.set_random_seed(0)
    config = TrainConfig(seed=5)
    directory = tmp_path / "run"
    claim(directory, config, small)
    model = build_model(config, (28, 28), 10, small.record.grey, steps=1)
    model.save(directory / stage.MODEL)
    stage.write_spec(directory, small.record.spec)
    stage.write_record(
        directory,
        stage.RunRecord(
            schema_version=stage.SCHEMA_VERSION,
            created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            data=str(small.directory),
            dataset=small.record.name,
            dataset_digest=small.digest,
            model=digest((directory / stage.MODEL).read_bytes()),
            versions=versions(),
            device="cpu",
        ),
    )
    return directory


def test_the_metrics_are_those_of_the_model_on_the_test_split(run: Path, small: Prepared) -> None:
    found, fresh = evaluate(run, None)
    assert fresh
    test = small.split("test")
    scores = np.asarray(keras.models.load_model(run / stage.MODEL, compile=False)(test.pixels.astype(np.float32)))
    predicted = scores.argmax(axis=1)
    assert found.metrics.accuracy == pytest.approx(float((predicted == test.labels).mean()))
    picked = scores[np.arange(500), test.labels]
    assert found.metrics.loss == pytest.approx(-sum(map(math.log, picked.tolist())) / 500, rel=1e-4)
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
