"""`make train`, `make bundle` and `make run` in containers, as a user types them."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.containers.conftest import Road
from tests.containers.test_failures import make
from tools.containers import images
from tools.containers.engine import Engine
from tools.containers.given import container
from tools.containers.images import Image

pytestmark = pytest.mark.container


def test_the_whole_road_by_make_in_containers_with_paths_outside_of_the_checkout(road: Road, tmp_path: Path) -> None:
    folder = tmp_path / "my pictures"
    for number, label in enumerate(("Bag", "Trouser", "Sneaker")):
        source = road.pictures / label
        (folder / label).mkdir(parents=True)
        for index, path in enumerate(sorted(source.iterdir()) * 20):
            # Another last byte is another picture: the split follows from the content.
            (folder / label / f"{index}.png").write_bytes(path.read_bytes() + bytes([index, number]))
    where = [f"DATASET=folder:{folder}", f"DATA={tmp_path}/data", f"RUN={tmp_path}/run", f"BUNDLE={tmp_path}/b undle"]
    where += ["NAME=things", "DEVICE=cpu", "ENGINE=docker"]

    trained = make("train", *where, "ARGS=--epochs 2", "PREPARE=--size 28")
    assert trained.returncode == 0, trained.stderr
    assert "train: in edge-train:" in trained.stderr
    assert (tmp_path / "run/metrics.json").stat().st_uid == os.getuid()

    exported = make("bundle", *where, "ARGS=--max-degradation 100")
    assert exported.returncode == 0, exported.stderr
    assert "export: in edge-export:" in exported.stderr
    assert (tmp_path / "b undle.tar").is_file()

    ran = make("run", *where, f"SOURCE=replay:{folder}/Bag")
    assert ran.returncode == 0, ran.stderr
    assert "edge: in edge-runtime:" in ran.stderr
    rows = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(rows) == 40
    assert {row["bundle"] for row in rows} == {"run"}  # after the run directory


def test_what_keras_fetches_in_a_container_is_there_for_the_next_one(
    engine: Engine, built: Callable[[Image], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    image = built(images.train("cpu", "tensorflow"))
    code = "from train.datasets.places import keras_home; (keras_home() / 'fetched').touch()"
    line = [*container(engine, "train", [], "cpu"), "--entrypoint", "python", image, "-c", code]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "keras" / "fetched").stat().st_uid == os.getuid()


def test_with_auto_and_no_image_that_can_be_had_it_runs_here_and_says_why(road: Road) -> None:
    arguments = ["run", f"BUNDLE={road.bundle.directory}", f"SOURCE={road.pictures}/Bag", "NAME=x"]
    done = make(*arguments, environment={"BASE": "debian:no-such-release"})
    assert done.returncode == 0, done.stderr
    assert "edge: in the local environment: edge-runtime:" in done.stderr
    assert len(done.stdout.splitlines()) == 2
