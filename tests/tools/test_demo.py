from pathlib import Path

import pytest

from tools.choices import Failure
from tools.demo import trains_on


@pytest.fixture
def with_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: Orin (nvgpu)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("with_a_gpu")
@pytest.mark.parametrize(
    ("asked", "machine", "device"),
    [
        ("auto", "Linux x86_64", "gpu"),
        ("cpu", "Linux x86_64", "cpu"),
        ("auto", "Linux aarch64", "cpu"),  # a Jetson: TensorFlow has no wheel for its GPU
    ],
)
def test_the_demonstration_trains_on_what_tensorflow_was_installed_for(asked: str, machine: str, device: str) -> None:
    assert trains_on(asked, machine) == device


def test_without_a_gpu_it_trains_on_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert trains_on("auto", "Linux x86_64") == "cpu"
    assert trains_on("gpu", "Linux x86_64") == "gpu"


def test_a_gpu_that_tensorflow_cannot_use_is_refused() -> None:
    with pytest.raises(Failure, match="no GPU wheel for Linux aarch64"):
        trains_on("gpu", "Linux aarch64")
