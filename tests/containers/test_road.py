"""From pictures to the same answers on every platform, through mounted directories alone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime.bundle.store import open_bundle
from export.conversion.recipes import USUAL, select
from tests.containers.conftest import EACH, SOMEBODY, Containers, Road
from tests.support import python
from tools.containers import images
from tools.containers.emulation import CPU
from tools.containers.images import Image

pytestmark = pytest.mark.container
EMULATED = tuple(word for name, value in CPU.items() for word in ("--env", f"{name}={value}"))


def scores(output: str) -> dict[tuple[str, str], dict[str, float]]:
    """Scores by label, by picture and variant, of JSON lines."""
    rows = [json.loads(line) for line in output.splitlines()]
    assert all(row["type"] == "prediction" for row in rows)
    return {
        ("/".join(Path(row["path"]).parts[-2:]), row["variant"]): {each["label"]: each["score"] for each in row["best"]}
        for row in rows
    }


def judged(containers: Containers, reference: str, road: Road, variant: str, *flags: str) -> str:
    done = containers.run(
        reference,
        *("classify", "/pictures", "--bundle", "/bundle", "--variant", variant, "--top", 10),
        flags=(
            *("--read-only", "--network", "none", "--cap-drop", "ALL", "--user", SOMEBODY + 1, *flags),
            *("--volume", f"{road.bundle.directory}:/bundle:ro", "--volume", f"{road.pictures}:/pictures:ro"),
        ),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_the_containers_wrote_belongs_to_who_ran_them_and_is_a_bundle(road: Road) -> None:
    for name in ("run/model.keras", "bundle/manifest.json", "bundle.tar"):
        assert (road.place / name).stat().st_uid == SOMEBODY
    metrics = json.loads((road.place / "run/metrics.json").read_text())
    assert metrics["metrics"]["accuracy"] > 0.8  # one epoch; 0.1 would be guessing
    assert python("-m", "edge_runtime", "verify", road.bundle.directory).returncode == 0
    variants = [variant.name for variant in open_bundle(road.bundle.directory).manifest.variants]
    assert variants == [recipe.name for recipe in select(USUAL)]


PLATFORMS = [
    pytest.param(images.edge(), ("full_int8.tflite", "float32.tflite"), (), id="amd64"),
    pytest.param(images.edge(interpreter="onnx"), ("int8.onnx", "float32.onnx"), (), id="amd64-onnx"),
    pytest.param(images.edge(camera=True), ("full_int8.tflite",), (), id="amd64-camera"),
    pytest.param(images.edge("linux/arm64"), ("full_int8.tflite", "float32.tflite"), EMULATED, id="arm64"),
    # There is no Cortex-A72 among QEMU's 32-bit processors; a Raspberry Pi 2 is a Cortex-A7.
    pytest.param(
        images.edge("linux/arm/v7"),
        ("full_int8.tflite", "float32.tflite"),
        ("--env", "QEMU_CPU=cortex-a7"),
        id="armv7",
    ),
]


@pytest.mark.parametrize(("image", "variants", "flags"), PLATFORMS)
def test_a_container_gives_the_hosts_answers(
    image: Image,
    variants: tuple[str, ...],
    flags: tuple[str, ...],
    road: Road,
    containers: Containers,
    built: Callable[[Image], str],
) -> None:
    reference = built(image)
    for variant in variants:
        there = scores(judged(containers, reference, road, variant, *flags))
        classify = ("classify", road.pictures, "--bundle", road.bundle.directory, "--variant", variant, "--top", 10)
        here = scores(python("-m", "edge_runtime", *classify, "--format", "json").stdout)
        allowed = next(one.tolerance for one in road.bundle.manifest.variants if one.name == variant)
        assert there.keys() == here.keys()
        assert len(here) == 10 * EACH
        for key, mine in here.items():
            assert there[key].keys() == mine.keys()
            assert max(abs(there[key][label] - mine[label]) for label in mine) <= allowed, key


def test_the_edge_image_of_debians_next_release_has_another_python_and_the_same_answers(
    road: Road, containers: Containers, built: Callable[[Image], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASE", "debian:trixie-slim")
    image = images.edge(platform="linux/amd64")
    reference = built(image)
    doctor = containers.run(reference, "doctor").stdout
    assert "Debian GNU/Linux 13" in doctor
    assert "Python 3.13" in doctor
    there = scores(judged(containers, reference, road, "full_int8.tflite"))
    monkeypatch.delenv("BASE")
    assert there == scores(judged(containers, built(images.edge()), road, "full_int8.tflite"))
