import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import UsageError
from train.config import TrainConfig
from train.models.build import build_model

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

BEGIN = """
import keras

def build(size, labels):
    pixels = keras.Input((*size, 3))
    x = keras.layers.Rescaling(1 / 255)(pixels)
"""
GOOD = "    return keras.Model(pixels, keras.layers.Dense(labels, activation='softmax')(keras.layers.Flatten()(x)))\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes nets.py into a directory and makes that the current one."""
    monkeypatch.chdir(tmp_path)

    def written(text: str) -> None:
        (tmp_path / "nets.py").write_text(text)
        sys.modules.pop("nets", None)

    return written


def built(name: str = "nets:build") -> Any:
    return build_model(TrainConfig(model=name), (8, 6), labels=3, grey=False)


def test_a_function_of_the_current_directory_makes_the_model(write: Any) -> None:
    write(BEGIN + GOOD)
    before = list(sys.path)
    scores = np.asarray(built()(np.zeros((2, 8, 6, 3), np.float32)))
    assert scores.shape == (2, 3)
    assert sys.path == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no function 'build' in "),
        ("def build(size, labels):\n    return 1 / 0\n", "line 2: ZeroDivisionError: division by zero"),
        ("def build():\n    pass\n", "TypeError: build() takes 0 positional arguments"),
        ("def build(:\n", "nets.py, line 1: SyntaxError: "),
        ("import nowhere_to_be_found\n", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("def build(size, labels):\n    return 7\n", "a Keras model expected, builtins.int returned"),
        (BEGIN + "    return keras.Sequential([keras.layers.Dense(3)])\n", "does not say what it takes"),
        (BEGIN.replace("3))", "1))") + GOOD, "one input [batch, 8, 6, 3] (RGB pixels of any number of"),
        (BEGIN + GOOD.replace("labels, ", "9, "), "one output [batch, 3] (a score for each of 3 labels)"),
        (BEGIN + GOOD.replace(", activation='softmax'", ""), "put keras.layers.Softmax() behind its last"),
        (BEGIN + "    x = keras.layers.Lambda(lambda y: 2 * y)(x)\n" + GOOD, "layer 'lambda' (keras."),
        (
            "import keras\nclass Mine(keras.layers.Layer):\n    def call(self, x):\n        return x\n" + BEGIN
            + "    x = Mine(name='mine')(x)\n" + GOOD,
            "layer 'mine' (nets.Mine) is none of Keras' own",
        ),
        (
            "import keras\nclass Mine(keras.Model):\n    pass\ndef build(size, labels):\n    return Mine()\n",
            "a Functional or Sequential model expected, a class of its own, nets.Mine, returned",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_and_exported_is_refused_with_what_was_wanted(text: str, said: str, write: Any) -> None:
    write(text)
    with pytest.raises(UsageError, match=re.escape(said)) as refused:
        built()
    assert str(refused.value).startswith("--model nets:build: ")


def test_a_module_that_is_not_there_is_told_with_where_it_was_looked_for(write: Any, tmp_path: Path) -> None:
    with pytest.raises(match=re.escape(f"no module 'netz': no netz.py in {tmp_path}")):
        built("netz:build")


def test_the_file_it_is_saved_to_loads_without_the_users_code(write: Any, tmp_path: Path) -> None:
    write(BEGIN + GOOD)
    built().save(tmp_path / "model.keras")
    code = "import keras, sys; keras.models.load_model(sys.argv[1], compile=False)"
    place = tmp_path / "elsewhere"
    place.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "model.keras"], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_sequential_model_becomes_one_that_can_be_wrapped(write: Any) -> None:
    dense = "keras.layers.Dense(labels, activation='softmax')"
    layers = f"[keras.Input((*size, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), {dense}]"
    write(f"import keras\ndef build(size, labels):\n    return keras.Sequential({layers})\n")
    assert built().input.shape == (None, 8, 6, 3)
    assert built().output.shape == (None, 3)
