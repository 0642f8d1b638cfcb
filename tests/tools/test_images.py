import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from edge_runtime import __version__
from tools.containers import build, images
from tools.containers.engine import Engine, EngineError
from tools.containers.images import Image
from tools.delivery.machines import MACHINES, machine

ROOT = Path(__file__).resolve().parents[2]
EVERY = (
    images.train("gpu", "tensorflow"),
    images.train("cpu", "tensorflow"),
    images.train("gpu", "jax"),
    images.train("cpu", "jax"),
    images.export(),
    images.edge(),
    images.edge(camera=True),
    images.edge(signed=True),
    images.edge(camera=True, signed=True),
    images.edge("linux/arm64"),
    images.edge("linux/arm/v7", "tflite"),
)
DOCKER = Engine("docker", "/usr/bin/docker", "20.10")


def test_no_two_images_share_a_name() -> None:
    assert len({image.reference for image in EVERY}) == len(EVERY)
    assert [image.reference for image in EVERY[:4]] == [
        f"edge-train:{__version__}{variant}" for variant in ("", "-cpu", "-jax", "-jax-cpu")
    ]


@pytest.mark.parametrize("image", EVERY, ids=lambda image: image.reference)
def test_everything_that_a_dockerfile_copies_decides_whether_its_image_is_current(image: Image) -> None:
    text = (ROOT / image.dockerfile).read_text().replace("\\\n", " ")
    copied = {
        word.replace("${LOCK}", dict(image.arguments).get("LOCK", ""))
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for word in line.split()[:-1]
    }
    # The other images that the same file builds.
    copied -= {"train", "locks/export.txt", "export", "locks/.txt", "locks/train.txt"} - set(image.inputs)
    assert copied
    for path in copied:
        parts = [Path(path), *Path(path).parents]
        assert any(str(part) in image.inputs for part in parts), path


def test_a_change_of_sources_arguments_or_mirrors_makes_another_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("docker", "tools", "locks", "edge_runtime"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    before = images.inputs_digest(images.edge(), tmp_path)
    assert images.inputs_digest(images.edge(), tmp_path) == before
    assert images.inputs_digest(images.edge(camera=True), tmp_path) != before
    assert images.inputs_digest(images.edge("linux/arm64"), tmp_path) != before
    monkeypatch.setenv("BASE", "debian:other")
    assert images.inputs_digest(images.edge(), tmp_path) != before
    monkeypatch.delenv("BASE")
    with (tmp_path / "edge_runtime" / "scores.py").open("a") as file:
        file.write("\n")
    assert images.inputs_digest(images.edge(), tmp_path) != before


def test_an_image_that_checks_signatures_is_built_with_what_does() -> None:
    image = images.edge("linux/arm64", camera=True, signed=True)
    assert image.tag.endswith("-camera-signed-arm64")
    line = " ".join(build.build_command(DOCKER, image))
    assert "--build-arg FLAGS=--camera" in line
    assert "--build-arg SIGNED=--signed" in line
    assert (ROOT / image.dockerfile).read_text().count("$SIGNED ") == 2  # Debian's packages, and wheels


def test_behind_a_mirror_the_environment_says_where_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE", "mirror.example/debian:bookworm-slim")
    monkeypatch.setenv("PIP_SECRET", "/home/me/pip.conf")
    line = " ".join(build.build_command(DOCKER, images.edge()))
    assert "--build-arg BASE=mirror.example/debian:bookworm-slim" in line
    assert "--secret id=pip.conf,src=/home/me/pip.conf" in line


@pytest.mark.parametrize("name", images.FROM_ENVIRONMENT)
@pytest.mark.parametrize("dockerfile", ["docker/edge.Dockerfile", "docker/server.Dockerfile"])
def test_every_dockerfile_takes_them(name: str, dockerfile: str) -> None:
    assert re.search(rf"^ARG {name}\b", (ROOT / dockerfile).read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("#12 [builder 3/4] RUN prepare-builder.sh", "[builder 3/4] prepare-builder.sh"),
        (
            "#9 [kit 2/6] RUN --mount=type=cache,target=/c --mount=type=secret,id=x   pip install y",
            "[kit 2/6] pip install y",
        ),
        ("[1/2] STEP 4/9: RUN make", "STEP 4/9: RUN make"),
        ("#12 [builder 2/4] COPY a b", ""),
        ("#1 [internal] load build definition", ""),
        ("#12 0.3 RUN-time output", ""),
    ],
)
def test_progress_names_the_command_that_runs(line: str, step: str) -> None:
    assert build.step_of(line) == step


def test_a_machine_is_known_by_everybodys_name_for_it() -> None:
    for one in MACHINES:
        assert machine(one.uname) == machine(one.debian) == machine(one.platform) == one
    assert machine("linux/arm64/v8").debian == "arm64"
    with pytest.raises(ValueError, match=r"linux/s390x: no interpreter exists .* linux/arm64 \(aarch64\)"):
        machine("linux/s390x")


def test_a_revision_is_the_last_commit_that_changed_an_input() -> None:
    revision = images.revision(images.edge())
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", revision)
    changed = images.git("show", "--name-only", "--format=", revision.removesuffix("-dirty")).splitlines()
    assert any(path.startswith(images.edge().inputs) for path in changed)
    assert images.revision(Image("nobody", "1", "none", ("no-such-file",))) == "unknown"


def test_a_disk_without_room_is_told_before_anything_is_built(tmp_path: Path) -> None:
    client = tmp_path / "docker"
    client.write_text(f"#!/bin/sh\necho {tmp_path}\n")
    client.chmod(0o755)
    image = dataclasses.replace(images.edge(), room=1e18)
    with pytest.raises(EngineError, match=r"takes up to 1000000000\.0 GB .* 'docker system prune' removes"):
        build.build(Engine("docker", str(client), "20.10"), image, print)
    assert Engine("docker", "/bin/false", "20.10").free() is None
