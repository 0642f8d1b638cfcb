import json
import os
from pathlib import Path

import pytest

from edge_runtime.errors import UsageError
from tests.support import python
from train.framework import framework
from train.versions import versions


def test_tensorflow_unless_the_environment_says_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, wanted in ((None, "tensorflow"), ("", "tensorflow"), ("tensorflow", "tensorflow"), ("jax", "jax")):
        monkeypatch.delenv("KERAS_BACKEND", raising=False)
        if value is not None:
            monkeypatch.setenv("KERAS_BACKEND", value)
        assert framework() == wanted


def test_the_record_names_the_framework_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, wanted, unwanted in (("jax", "jax", "tensorflow"), ("tensorflow", "tensorflow", "jax")):
        monkeypatch.setenv("KERAS_BACKEND", value)
        names = {name.removesuffix("-cpu") for name in versions()}
        assert wanted in names
        assert unwanted not in names


def test_another_one_is_refused_by_every_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(UsageError, match="KERAS_BACKEND=torch: tensorflow or jax expected"):
        framework()
    done = python("-m", "train", "evaluate", tmp_path)
    assert done.returncode == 2
    assert "KERAS_BACKEND=torch: tensorflow or jax expected" in done.stderr


def test_one_that_is_not_installed_is_told_with_the_way_out() -> None:
    code = (
        "import sys; sys.modules['tensorflow'] = None; from train.__main__ import main; "
        "from edge_runtime.console import guard; sys.exit(guard('train', lambda: __import__('train.backend') and 0))"
    )
    done = python("-c", code, env={**os.environ, "KERAS_BACKEND": "tensorflow"})
    assert done.returncode == 1
    assert "Keras is to run on TensorFlow, and 'tensorflow' is not installed here; install it" in done.stderr
    assert "with KERAS_BACKEND=jax" in done.stderr


def test_jax_needs_no_tensorflow_and_the_home_directory_has_no_say(tmp_path: Path) -> None:
    asked = {"backend": "torch", "floatx": "float16", "image_data_format": "channels_first", "nnx_enabled": True}
    (tmp_path / "keras.json").write_text(json.dumps({**asked, "epsilon": 0.1}))
    code = (
        "import sys; from train.backend import keras; c = keras.config; print(c.backend(), c.floatx(), "
        "c.image_data_format(), c.epsilon(), 'tensorflow' in sys.modules, c.is_nnx_enabled())"
    )
    done = python("-c", code, env={**os.environ, "KERAS_BACKEND": "jax", "KERAS_HOME": str(tmp_path)})
    assert done.stdout.split() == ["jax", "float32", "channels_last", "1e-07", "False", "False"], done.stderr
