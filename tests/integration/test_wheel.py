"""The wheel as a device installs it: into an environment of its own, with hashes, and nothing else."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edge_runtime.bundle.store import Bundle
from tests.support import ROOT

# What the lock of each extra brings, by the name that Python imports. A new name here is a decision.
DECLARED = {
    "litert": {"numpy", "PIL", "ai_edge_litert", "flatbuffers", "google", "tqdm", "ml_dtypes", "typing_extensions"},
    "onnx": {"numpy", "PIL", "onnxruntime", "flatbuffers", "google", "packaging"},
}
PROBE = """
import json, sys
before = set(sys.modules)
from edge_runtime.commands.main import main
code = main(["classify", sys.argv[1], "--bundle", sys.argv[2], "--format", "json"])
found = {name.partition(".")[0] for name in set(sys.modules) - before}
foreign = {name for name in found if not name.startswith("_") and name not in sys.stdlib_module_names}
print(json.dumps([code, sorted(foreign)]))
"""


def run(*command: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


def pip(python: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs this environment's pip for another environment."""
    return run(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, *arguments)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dist")
    options = ("--no-deps", "--no-build-isolation", "--disable-pip-version-check", "-q", "-w", directory)
    done = run(sys.executable, "-m", "pip", "wheel", *options, ROOT)
    assert done.returncode == 0, done.stderr
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture(scope="module", params=["litert", "onnx"])
def device(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """An extra, and the Python of an environment that holds its lock and the wheel."""
    directory = tmp_path_factory.mktemp("device") / "venv"
    # Without pip of its own: Debian's Python may have none to give, and a device's image will have none.
    assert run(sys.executable, "-m", "venv", "--without-pip", directory).returncode == 0
    python = directory / "bin" / "python"
    lock = ROOT / "locks" / f"edge-{request.param}.txt"
    done = pip(python, "install", "-q", "--require-hashes", "-r", lock)
    assert done.returncode == 0, done.stderr
    done = pip(python, "install", "-q", "--no-deps", wheel)
    assert done.returncode == 0, done.stderr
    return str(request.param), python


def test_the_wheel_holds_edge_runtime_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
        metadata = archive.read(next(name for name in archive.namelist() if name.endswith("METADATA"))).decode()
    assert {top for top in tops if not top.endswith(".dist-info")} == {"edge_runtime"}
    assert "tensorflow" not in metadata.lower()


def test_neither_the_applications_nor_tensorflow_can_be_imported(device: tuple[str, Path], tmp_path: Path) -> None:
    _, python = device
    for module in ("train", "export", "tools", "tensorflow", "keras", "cv2", "matplotlib"):
        done = run(python, "-c", f"import {module}", cwd=tmp_path)
        assert "ModuleNotFoundError" in done.stderr, module


def test_what_is_installed_fits_together(device: tuple[str, Path]) -> None:
    _, python = device
    done = pip(python, "check")
    assert done.returncode == 0, done.stdout


def test_a_classification_imports_nothing_undeclared(device: tuple[str, Path], bundle: Bundle, tmp_path: Path) -> None:
    extra, python = device
    done = run(python, "-c", PROBE, bundle.file("golden/00.png"), bundle.directory, cwd=tmp_path)
    line, report = done.stdout.splitlines()
    code, foreign = json.loads(report)
    assert code == 0, done.stderr
    assert json.loads(line)["variant"].endswith({"litert": ".tflite", "onnx": ".onnx"}[extra])
    assert set(foreign) - {"edge_runtime"} <= DECLARED[extra]


def test_the_command_proves_the_bundle_with_the_one_interpreter_there_is(
    device: tuple[str, Path], bundle: Bundle, tmp_path: Path
) -> None:
    extra, python = device
    done = run(python.with_name("edge-runtime"), "verify", bundle.directory, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    read = {"litert": "tflite", "onnx": "onnx"}[extra]
    own = [variant for variant in bundle.manifest.variants if variant.format == read]
    assert done.stdout.count("golden samples as at export") == len(own) > 0


def test_a_variant_without_its_interpreter_says_which_extra_to_install(
    device: tuple[str, Path], bundle: Bundle, tmp_path: Path
) -> None:
    extra, python = device
    variant, missing = {"litert": ("int8.onnx", "onnx"), "onnx": ("full_int8.tflite", "litert")}[extra]
    command = (python.with_name("edge-runtime"), "classify", bundle.file("golden/00.png"))
    done = run(*command, "--bundle", bundle.directory, "--variant", variant, cwd=tmp_path)
    assert done.returncode == 1
    assert f"install the extra '{missing}'" in done.stderr
    assert done.stdout == ""


def test_the_doctor_names_what_is_missing_and_the_command_for_it(
    device: tuple[str, Path], bundle: Bundle, tmp_path: Path
) -> None:
    extra, python = device
    done = run(python.with_name("edge-runtime"), "doctor", bundle.directory, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    absent = {"litert": "onnxruntime", "onnx": "ai-edge-litert"}[extra]
    assert f"{absent} (." in done.stdout
    assert f"-m pip install {absent}" in done.stdout
