from pathlib import Path

import pytest

from edge_runtime.commands.interpreters import advice, installing, remedy, tried
from edge_runtime.console import program
from edge_runtime.device.container import IMAGE
from edge_runtime.runtimes import INTERPRETERS, Interpreter

BY_EXTRA = {one.extra: one for one in INTERPRETERS}


def on_disk(place: Path, content: str) -> Interpreter:
    """An interpreter that is installed and does what `content` says."""
    (place / "imaginary.py").write_text(content)
    return Interpreter("imaginary", "imaginary", "extra", "tflite", "adapter", "pip install imaginary")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_an_interpreter_that_imports_tells_its_version(place: Path) -> None:
    assert tried(on_disk(place, "__version__ = '1.2'")).version == "1.2"
    assert tried(BY_EXTRA["litert"]).version.startswith("2.")


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        ("import nothing_of_this_name", "it does not import: ModuleNotFoundError: No module named "),
        ("import os; os.abort()", "it does not import: its process ended with -6; "),
        (
            # onnxruntime 1.15 beside numpy 2: it imports, says so, and crashes at its first tensor
            "import sys; sys.stderr.write('AttributeError: _ARRAY_API not found'); __version__ = '1.15'",
            "it was built for numpy 1, and ",
        ),
    ],
)
def test_one_that_does_not_work_is_found_without_harm_and_told_with_what_to_do(
    content: str, failure: str, place: Path
) -> None:
    found = tried(on_disk(place, content))
    assert found.failure.startswith(failure)
    assert f"{program()} -m pip install " in found.failure
    assert found.version == ""


def test_what_is_proposed_is_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_runtime.commands.interpreters.INTERPRETERS", ())  # none is installed
    litert, tflite, onnx = (BY_EXTRA[name] for name in ("litert", "tflite", "onnx"))
    assert remedy(litert, False, bits=64) == f"{program()} -m pip install ai-edge-litert"
    assert remedy(tflite, False, bits=64) == "not needed, ai-edge-litert is the one for 64 bits"
    assert remedy(litert, False, bits=32) == "there is none for 32 bits"
    assert remedy(tflite, False, bits=32).endswith("pip install 'tflite-runtime==2.14.0' 'numpy<2'")
    assert remedy(onnx, True).startswith("needed for .onnx files alone, ")


def test_where_pip_may_not_install_another_way_is_proposed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr("sys.prefix", "/usr")
    monkeypatch.setattr("sys.base_prefix", "/usr")
    monkeypatch.setattr("edge_runtime.commands.interpreters.get_path", lambda _: str(tmp_path))
    assert installing("x") == "pip install x, in an environment of its own (python3 -m venv edge)"
    monkeypatch.setenv(IMAGE, "1")
    assert advice("--camera", "x") == "another image, made with --camera"
