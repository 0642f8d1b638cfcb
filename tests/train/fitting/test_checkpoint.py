from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import RunError
from train.backend import keras
from train.config import TrainConfig
from train.fitting.checkpoint import BEST, CHECKPOINT, LAST, read_checkpoint, remove_leftovers, write_checkpoint
from train.fitting.compiling import compiled
from train.fitting.history import Epoch
from train.models.build import build_model

# TensorFlow 2.21 does not know numpy 2's `copy` argument yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

PIXELS = np.random.default_rng(0).integers(0, 256, (32, 8, 8, 3)).astype(np.float32)
LABELS = np.arange(32) % 2


def epoch(number: int, accuracy: float) -> Epoch:
    return Epoch(number, 0.5, 0.8, 0.6, accuracy, 1e-3, 1.5)


def test_a_checkpoint_brings_back_weights_optimizer_and_history(tmp_path: Path) -> None:
    model = compiled(build_model(TrainConfig(), (8, 8), labels=2, grey=False), TrainConfig(), steps=20)
    model.fit(PIXELS, LABELS, batch_size=8, epochs=1, verbose=0)
    write_checkpoint(tmp_path, model, (epoch(1, 0.7),))
    found = read_checkpoint(tmp_path)
    assert found is not None
    loaded, history = found
    assert history == (epoch(1, 0.7),)
    assert int(loaded.optimizer.iterations) == 4
    for mine, theirs in zip(model.optimizer.variables, loaded.optimizer.variables, strict=True):
        assert np.array_equal(np.asarray(mine), np.asarray(theirs)), mine.path
    assert np.array_equal(np.asarray(model(PIXELS)), np.asarray(loaded(PIXELS)))


def test_the_best_model_stays_when_a_later_epoch_is_worse(tmp_path: Path) -> None:
    model = compiled(build_model(TrainConfig(), (8, 8), labels=2, grey=False), TrainConfig(), steps=20)
    write_checkpoint(tmp_path, model, (epoch(1, 0.7),))
    best = np.asarray(model(PIXELS))
    model.fit(PIXELS, LABELS, batch_size=8, epochs=1, verbose=0)
    later = np.asarray(model(PIXELS))
    write_checkpoint(tmp_path, model, (epoch(1, 0.7), epoch(2, 0.6)))
    kept = keras.models.load_model(tmp_path / CHECKPOINT / BEST)
    assert np.array_equal(np.asarray(kept(PIXELS)), best)
    assert not np.array_equal(best, later)
    write_checkpoint(tmp_path, model, (epoch(1, 0.7), epoch(2, 0.6), epoch(3, 0.8)))
    kept = keras.models.load_model(tmp_path / CHECKPOINT / BEST)
    assert np.array_equal(np.asarray(kept(PIXELS)), later)
    assert getattr(kept, "optimizer", None) is None, (
        "the optimizer's state would make the model that is handed on three times as large"
    )


def test_no_checkpoint_is_no_error_and_a_damaged_one_is(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path) is None
    model = compiled(build_model(TrainConfig(), (8, 8), labels=2, grey=False), TrainConfig(), steps=20)
    write_checkpoint(tmp_path, model, (epoch(1, 0.7),))
    last = tmp_path / CHECKPOINT / LAST
    last.write_bytes(last.read_bytes()[:1000])
    with pytest.raises(RunError, match=r"last\.keras: cannot be read.*--fresh"):
        read_checkpoint(tmp_path)


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint.abc.partial").mkdir()
    (tmp_path / ".model.keras.abc.partial").touch()
    (tmp_path / ".checkpoint.abc.previous").mkdir()
    (tmp_path / "config.toml").touch()
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint", "config.toml"]
