"""The kit's images, built once with a real engine, and the road from pictures to a bundle walked inside them."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.stages.prepared import open_prepared
from tools.containers import engine as engines
from tools.containers import images
from tools.containers.build import build
from tools.containers.engine import Engine
from tools.containers.images import Image

SOMEBODY = 12345  # a user id that no image knows
EACH = 2  # pictures of each label that containers and host judge


@pytest.fixture(scope="session")
def engine() -> Engine:
    return engines.find("docker")


@pytest.fixture(scope="session")
def built(engine: Engine) -> Callable[[Image], str]:
    """Builds an image if it is not there, and returns its reference."""

    def reference(image: Image) -> str:
        if not images.is_current(engine, image):
            build(engine, image, print)
        return image.reference

    return reference


@dataclass(frozen=True)
class Containers:
    """Runs containers as their users do."""

    engine: Engine

    def run(
        self, reference: str, *arguments: object, flags: tuple[object, ...] = (), timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Runs a container to its end; a crash under emulation can hang, so the container itself is killed in time."""
        limit = ["timeout", "--kill-after=10", str(timeout)]
        line = self.engine.command("run", "--rm", *map(str, flags), reference, *map(str, arguments))
        return subprocess.run([*limit, *line], capture_output=True, text=True, check=False)

    def start(self, reference: str, *arguments: object, flags: tuple[object, ...] = ()) -> str:
        """Starts a container and returns its id; the test removes it."""
        answer = self.engine.ask("run", "--detach", *map(str, flags), reference, *map(str, arguments))
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.strip()

    def waited_for(self, container: str, timeout: float = 600) -> int:
        """Waits until a container has ended and returns its exit code."""
        line = self.engine.command("wait", container)
        return int(subprocess.run(line, capture_output=True, text=True, timeout=timeout, check=True).stdout)

    def inspect(self, container: str, template: str) -> str:
        answer = self.engine.ask("inspect", "--format", template, container)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.strip()

    def remove(self, container: str) -> None:
        self.engine.ask("rm", "--force", "--volumes", container)


@pytest.fixture(scope="session")
def containers(engine: Engine) -> Containers:
    return Containers(engine)


@dataclass(frozen=True)
class Road:
    """What came of training and exporting in containers.

    Attributes:
        place: The directory that the containers were given.
        bundle: The bundle.
        pictures: Test pictures as PNG files, in a directory for each label.
    """

    place: Path
    bundle: Bundle
    pictures: Path


@pytest.fixture(scope="session")
def road(
    containers: Containers,
    built: Callable[[Image], str],
    fashion_mnist_files: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Road:
    """Real Fashion-MNIST through the containers that train and export, as a user whom the images do not know."""
    place = tmp_path_factory.mktemp("road")
    files = place / "files"
    shutil.copytree(fashion_mnist_files, files)
    for path in (*place.parents[:2], place, files):
        path.chmod(0o755)  # pytest's directories are for their owner alone
    os.chown(place, SOMEBODY, SOMEBODY)
    who, where = f"{SOMEBODY}:{SOMEBODY}", f"{place}:/work"
    flags = ("--user", who, "--network", "none", "--volume", where, "--read-only", "--tmpfs", "/tmp")
    train, export = built(images.train("cpu", "tensorflow")), built(images.export())
    for reference, arguments in (
        (train, ["prepare", "--dataset", "fashion_mnist", "--data", "files", "--out", "data"]),
        (train, ["fit", "--data", "data", "--run", "run", "--device", "cpu", "--epochs", "1"]),
        (train, ["evaluate", "run"]),
        (export, ["run", "--out", "bundle", "--tar", "bundle.tar"]),
    ):
        done = containers.run(reference, *arguments, flags=flags, timeout=900)
        assert done.returncode == 0, f"{reference} {arguments}:\n{done.stdout}\n{done.stderr}"
    return Road(place, open_bundle(place / "bundle"), write_pictures(place / "data", place / "pictures"))


def write_pictures(data: Path, target: Path) -> Path:
    prepared = open_prepared(data)
    test = prepared.split("test")
    for number, label in enumerate(prepared.record.spec.labels):
        directory = target / label.replace("/", "_")
        directory.mkdir(parents=True)
        for index in np.flatnonzero(test.labels == number)[:EACH]:
            Picture.fromarray(test.pixels[index]).save(directory / f"{index:05d}.png")
    return target
