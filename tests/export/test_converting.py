import shutil
from pathlib import Path

import pytest

from edge_runtime.bundle.store import Bundle
from edge_runtime.stages.prepared import Prepared
from tests.support import python


def test_one_file_is_the_bundles_and_the_test_split_is_not_looked_at(
    run_directory: Path, bundle: Bundle, prepared: Prepared, tmp_path: Path
) -> None:
    data, out = tmp_path / "data", tmp_path / "small.tflite"
    shutil.copytree(prepared.directory, data)
    (data / "test_pixels.npy").unlink()
    done = python(
        "-m", "export", "convert", run_directory, "--recipe", "full_int8.tflite", "--out", out, "--data", data
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}\n"
    assert "unproved" in done.stderr
    assert out.read_bytes() == bundle.file(bundle.variant("full_int8.tflite").path).read_bytes()


@pytest.mark.parametrize(
    ("recipe", "reason"),
    [("usual", "--recipe usual: one recipe expected, 8 found"), ("full_int9", "no recipe is called 'full_int9'")],
)
def test_what_is_no_single_recipe_is_a_usage_error(
    run_directory: Path, tmp_path: Path, recipe: str, reason: str
) -> None:
    done = python("-m", "export", "convert", run_directory, "--recipe", recipe, "--out", tmp_path / "x.tflite")
    assert done.returncode == 2
    assert reason in done.stderr
