"""What `python -m tools.benchmarks.tolerances` is made of."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.bundle.store import Bundle
from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import Prepared
from tools.benchmarks.foreign import SETTINGS, Setting, command, scores
from tools.benchmarks.tolerances import Figures, Given, figures, measure, pictures, text
from tools.choices import Failure

WANTED = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]], np.float32)


def test_figures_are_of_pictures_and_of_golden_samples_apart() -> None:
    moved = WANTED + np.array([[0, 0], [-0.02, 0.02], [0, 0]], np.float32)
    golden = np.array([[1.0, 0.0]], np.float32)
    found = figures("v", "s", np.concatenate([moved, golden + 0.5]), WANTED, golden, tolerance=0.01)
    assert (found.pictures, found.beyond, found.other, found.golden) == (3, 1, 1, 1)
    assert found.largest == pytest.approx(0.02)


def test_scores_that_are_no_numbers_are_beyond_every_tolerance() -> None:
    nothing = np.full((4, 2), np.nan, np.float32)
    found = figures("v", "s", nothing, WANTED, WANTED[:1], tolerance=1.0)
    assert (found.beyond, found.golden) == (3, 1)


def test_a_variant_without_xnnpack_is_measured_beside_the_usual_one(
    bundle: Bundle, prepared: Prepared, tmp_path: Path
) -> None:
    pixels = pictures(bundle, prepared.directory, 20)
    shown = np.stack([np.asarray(Image.open(path)) for path in sorted(bundle.file("golden").glob("*.png"))])
    settings = [Setting("tflite", threads=2), Setting("tflite", kernels="builtin"), Setting("onnx", kernels="plain")]
    rows = measure(bundle, bundle.variant("float32.tflite"), settings, Given(pixels, shown, 5), tmp_path)
    assert [row.setting for row in rows] == ["as at export, 2 threads", "as at export, builtin kernels"]
    assert all((row.pictures, row.problem, row.golden) == (20, "", 0) for row in rows)
    assert rows[0].largest < 0.001


def test_what_cannot_run_has_a_reason_and_no_figures(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"exit 1: .*not a valid Flatbuffer"):
        scores(Setting("tflite"), bundle.file("README.md"), tmp_path / "none.npy", tmp_path / "s", tmp_path)
    assert "no wheel" in text([Figures("v", "s", problem="no wheel")], 3)


def test_every_setting_has_a_name_of_its_own() -> None:
    names = [(setting.format, setting.name) for setting in SETTINGS]
    assert len(set(names)) == len(names)


def test_here_the_interpreter_of_this_environment_runs(tmp_path: Path) -> None:
    words, surroundings = command(Setting("onnx", threads=4), tmp_path)
    assert len(words) == 1
    assert (Path(surroundings["PYTHONPATH"]) / "edge_runtime").is_dir()


def test_data_that_is_none_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="a prepared dataset or a directory of pictures expected"):
        pictures(bundle, tmp_path, 3)
