"""Compose for real: the service that judges comes up, judges what appears, and goes."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.containers.conftest import Containers, Road
from tests.containers.test_supervision import waited
from tests.support import ROOT
from tools.containers import images
from tools.containers.images import Image

pytestmark = pytest.mark.container


@pytest.fixture
def compose(road: Road, tmp_path: Path) -> Iterator[Callable[..., "subprocess.CompletedProcess[str]"]]:
    (tmp_path / "incoming").mkdir()
    for path in (tmp_path.parent, tmp_path, tmp_path / "incoming"):
        path.chmod(0o755)
    places = {"EDGE_BUNDLES": str(road.place), "EDGE_NAME": "bundle", "EDGE_INCOMING": str(tmp_path / "incoming")}
    project = f"edge{uuid.uuid4().hex[:8]}"

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = ["docker-compose", "-f", str(ROOT / "docker/compose.yaml"), "-p", project, "--profile", "edge"]
        environment = {**os.environ, **places}
        return subprocess.run([*command, *arguments], capture_output=True, text=True, env=environment, timeout=300)

    yield run
    run("down", "--timeout", "2")


def test_what_appears_in_the_directory_is_judged(
    compose: Callable[..., "subprocess.CompletedProcess[str]"],
    containers: Containers,
    built: Callable[[Image], str],
    road: Road,
    tmp_path: Path,
) -> None:
    built(images.edge())
    up = compose("up", "-d", "--no-build")
    assert up.returncode == 0, up.stderr
    container = compose("ps", "-q", "edge").stdout.strip()
    assert waited(lambda: containers.inspect(container, "{{.State.Health.Status}}") == "healthy")
    shutil.copy(next((road.pictures / "Bag").iterdir()), tmp_path / "incoming" / "bag.png")
    assert waited(lambda: containers.engine.ask("logs", container).stdout != "")
    [line] = containers.engine.ask("logs", container).stdout.splitlines()
    assert json.loads(line)["path"] == "/incoming/bag.png"
    assert compose("stop", "--timeout", "2").returncode == 0
    assert containers.inspect(container, "{{.State.ExitCode}}") == "0"
