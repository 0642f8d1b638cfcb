"""Training over several hosts: two containers with JAX, a network between them, one shared directory."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator

import pytest

from edge_runtime.stages.prepared import Prepared
from tests.containers.conftest import SOMEBODY, Containers, Road
from tools.containers import images
from tools.containers.images import Image

pytestmark = pytest.mark.container
HOSTS = 2


@pytest.fixture
def network(containers: Containers) -> Iterator[str]:
    name = f"edge-hosts-{uuid.uuid4().hex[:8]}"
    assert containers.engine.ask("network", "create", name).returncode == 0
    yield name
    containers.engine.ask("network", "rm", name)


def test_two_hosts_train_one_model_that_export_takes_like_any_other(
    road: Road, prepared: Prepared, containers: Containers, built: Callable[[Image], str], network: str
) -> None:
    shutil.copytree(prepared.directory, road.place / "few", copy_function=shutil.copyfile)
    (road.place / "few").chmod(0o755)
    reference = built(images.train("cpu", "jax"))
    flags = ("--user", f"{SOMEBODY}:{SOMEBODY}", "--volume", f"{road.place}:/work", "--read-only", "--tmpfs", "/tmp")
    fit = ("fit", "--data", "few", "--run", "hosts", "--device", "cpu", "--epochs", 1, "--batch-size", 512)
    started = [
        containers.start(
            reference,
            *(*fit, "--hosts", HOSTS, "--host", host, "--coordinator", f"{network}-0:8476"),
            flags=(*flags, "--network", network, "--name", f"{network}-{host}"),
        )
        for host in range(HOSTS)
    ]
    try:
        for container in started:
            assert containers.waited_for(container) == 0, containers.engine.ask("logs", container).stderr
    finally:
        for container in started:
            containers.remove(container)
    assert (road.place / "hosts" / "model.keras").stat().st_uid == SOMEBODY
    assert not [path for path in os.listdir(road.place / "hosts") if path.startswith(".")]
    out = ("hosts", "--out", "hosts-bundle", "--recipes", "full_int8.tflite", "--max-degradation", 100)
    done = containers.run(built(images.export()), *out, flags=flags)
    assert done.returncode == 0, done.stderr
