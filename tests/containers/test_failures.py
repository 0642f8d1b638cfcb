"""What goes wrong with containers is said in a sentence, and the exit code is not zero."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.containers.conftest import Containers, Road
from tests.support import ROOT
from tools.containers import images
from tools.containers.images import Image

pytestmark = pytest.mark.container


def make(*arguments: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    unset = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--no-print-directory", "-C", str(ROOT), *map(str, arguments)]
    return subprocess.run(command, env={**unset, **(environment or {})}, capture_output=True, text=True)


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_container_without_a_gpu_says_so_and_does_not_train(
    backend: str, road: Road, containers: Containers, built: Callable[[Image], str]
) -> None:
    flags = ("--volume", f"{road.place}:/work")
    done = containers.run(built(images.train("cpu", backend)), "fit", "--data", "data", "--run", "gpu", flags=flags)
    assert done.returncode == 1
    assert "this container sees no NVIDIA driver: start it with --gpus all" in done.stderr
    assert "--device cpu" in done.stderr
    assert not (road.place / "gpu").exists()


def test_make_train_says_what_the_engine_lacks_before_it_builds_gigabytes() -> None:
    done = make("train", "ENGINE=docker")
    assert done.returncode != 0
    assert "install nvidia-container-toolkit, or train on the CPU: DEVICE=cpu" in done.stderr
    assert "building" not in done.stderr


def test_a_folder_that_the_containers_user_cannot_write(
    road: Road, containers: Containers, built: Callable[[Image], str], tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    flags = ("--volume", f"{road.place}:/work:ro", "--volume", f"{tmp_path}:/out", "--user", "4321")
    done = containers.run(built(images.export()), "run", "--out", "/out/bundle", flags=(*flags, "--tmpfs", "/tmp"))
    assert done.returncode == 1
    assert "/out" in done.stderr
    assert "this container runs as user 4321" in done.stderr
    assert "--user" in done.stderr


def test_a_camera_that_is_not_there() -> None:
    done = make("run", "SOURCE=/dev/video77", "NAME=fashion_mnist", "ENGINE=docker")
    assert done.returncode != 0
    assert "/dev/video77: there is no such camera here; there are: none" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["PLATFORM=linux/riscv64"],
            "linux/riscv64: no interpreter exists for this platform; the kit runs on linux/amd64",
        ),
        (["PLATFORM=linux/arm/v7", "ARGS=--interpreter onnx"], "'onnx' has no wheel for it"),
    ],
)
def test_an_image_for_a_platform_that_has_no_interpreter(arguments: list[str], sentence: str) -> None:
    done = make("image-edge", *arguments)
    assert done.returncode != 0
    assert sentence in done.stderr


def test_32_bit_arm_has_no_interpreter_on_debians_next_release() -> None:
    done = make("image-edge", "PLATFORM=linux/arm/v7", environment={"BASE": "debian:trixie-slim"})
    assert done.returncode != 0
    assert (
        "Python 3.13: tflite-runtime 2.14 has no wheel for linux/arm/v7 but for Python 3.11; take Debian 12"
        in done.stderr
    )


def test_a_base_image_that_no_registry_gives() -> None:
    done = make("image-edge", environment={"BASE": "debian:no-such-release"})
    assert done.returncode != 0
    assert "edge-runtime:" in done.stderr
    assert "cannot be built" in done.stderr
    assert "no registry of images gives debian:no-such-release: BASE=NAME names another one" in done.stderr


def test_a_bundle_that_was_not_mounted(containers: Containers, built: Callable[[Image], str]) -> None:
    done = containers.run(built(images.edge()), "run", "--bundle", "/bundle", "--source", "watch:/incoming")
    assert done.returncode != 0
    assert "/bundle" in done.stderr
