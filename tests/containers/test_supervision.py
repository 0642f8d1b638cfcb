"""A container that judges: alive, hung, stopped, started again."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.containers.conftest import SOMEBODY, Containers, Road
from tools.containers import images
from tools.containers.images import Image

pytestmark = pytest.mark.container
PATIENCE = 120.0  # seconds for what takes a few; a busy machine is no failure
# As in the image, but quicker to notice.
QUICK = ("--health-interval=1s", "--health-start-period=1s", "--health-retries=2", "--restart=always")


def waited(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.2)
    return False


@pytest.fixture
def start(containers: Containers, road: Road, built: Callable[[Image], str]) -> Iterator[Callable[..., str]]:
    """Starts `run` over the pictures, for ever, on a read-only root, as a user whom the image does not know."""
    begun = []

    def begin(*flags: str) -> str:
        container = containers.start(
            built(images.edge()),
            *("run", "--bundle", "/bundle", "--source", "replay:/pictures?fps=5&loop=0"),
            flags=(
                *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", SOMEBODY),
                *("--volume", f"{road.bundle.directory}:/bundle:ro", "--volume", f"{road.pictures}:/pictures:ro"),
                *flags,
            ),
        )
        begun.append(container)
        return container

    yield begin
    for container in begun:
        containers.remove(container)


def lines(containers: Containers, container: str) -> list[str]:
    return containers.engine.ask("logs", container).stdout.splitlines()


def test_it_is_healthy_and_its_log_is_its_results(containers: Containers, start: Callable[..., str]) -> None:
    container = start(*QUICK)
    assert waited(lambda: containers.inspect(container, "{{.State.Health.Status}}") == "healthy")
    assert waited(lambda: len(lines(containers, container)) > 2)
    first, second = (json.loads(line) for line in lines(containers, container)[:2])
    assert (first["type"], first["state"], second["type"]) == ("source", "live", "prediction")
    probe = containers.engine.ask("exec", container, "edge-runtime", "health")
    assert probe.returncode == 0
    assert probe.stdout.startswith("alive: run ")


def test_sigterm_ends_it_cleanly_within_two_seconds(containers: Containers, start: Callable[..., str]) -> None:
    container = start()
    assert waited(lambda: len(lines(containers, container)) > 2)
    # The engine kills what has not ended by then, which leaves exit code 137.
    assert containers.engine.ask("stop", "--time", "2", container).returncode == 0
    assert containers.inspect(container, "{{.State.ExitCode}}") == "0"
    assert "ended;" in containers.engine.ask("logs", container).stderr


def process_in(containers: Containers, container: str) -> int:
    """The judging process's id on this machine: the child of the one that tini, process 1 inside, has started."""
    parent = containers.inspect(container, "{{.State.Pid}}")
    for _ in range(2):
        parent = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0]
    return int(parent)


def test_a_hung_one_becomes_unhealthy_and_is_started_again(containers: Containers, start: Callable[..., str]) -> None:
    container = start(*QUICK)
    assert waited(lambda: containers.inspect(container, "{{.State.Health.Status}}") == "healthy")
    subprocess.run(["kill", "-STOP", str(process_in(containers, container))], check=True)
    assert waited(lambda: containers.inspect(container, "{{.State.Health.Status}}") == "unhealthy")
    assert waited(lambda: int(containers.inspect(container, "{{.RestartCount}}")) >= 1)
    assert waited(lambda: containers.inspect(container, "{{.State.Health.Status}}") == "healthy")
