"""`edge-runtime run --http`: what the page, the metrics and the protocol are lent by a real run."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_runtime.bundle.store import Bundle
from tests.edge_runtime.commands.running import running, started
from tests.edge_runtime.samples import eventually, save


@pytest.fixture
def port() -> int:
    """One that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def page(bundle: Bundle, inbox: Path, tmp_path: Path, port: int) -> Iterator[http.client.HTTPConnection]:
    more = ("--http", f"http://127.0.0.1:{port}", "--sink", f"captures:{tmp_path / 'kept'}?margin=1&rate=0")
    with started(bundle, tmp_path / "beat.json", f"watch:{inbox}", "--variant", "full_int8.tflite", *more):
        eventually((tmp_path / "beat.json").exists, "it judges")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        yield connection
        connection.close()


def ask(page: http.client.HTTPConnection, path: str) -> tuple[int, bytes]:
    page.request("GET", path)
    answer = page.getresponse()
    return answer.status, answer.read()


def test_it_is_ready_names_its_model_and_counts(page: http.client.HTTPConnection, bundle: Bundle, inbox: Path) -> None:
    assert ask(page, "/v2/health/ready")[0] == 200
    status, model = ask(page, f"/v2/models/{bundle.manifest.name}")
    assert status == 200
    assert json.loads(model)["inputs"][0]["shape"][1:3] == [28, 28]
    save(inbox / "1.png")
    eventually(lambda: b"edge_predictions_total" in ask(page, "/metrics")[1], "metrics")
    metrics = ask(page, "/metrics")[1].decode()
    assert bundle.digest[:12] in metrics
    assert "edge_resident_memory_bytes " in metrics
    assert ask(page, "/")[0] == 200


def test_a_port_in_use_is_told_with_what_to_do(bundle: Bundle, inbox: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        beat = tmp_path / "beat.json"
        with started(bundle, beat, f"watch:{inbox}", "--http", address) as process:
            _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert address in told.splitlines()[-1]
    assert "in use" in told


def test_the_default_is_no_page(bundle: Bundle, inbox: Path, tmp_path: Path) -> None:
    with running(bundle, tmp_path / "beat.json", f"watch:{inbox}") as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert children
        opened = {link.readlink().name for child in children for link in Path(f"/proc/{child}/fd").iterdir()}
        assert not [name for name in opened if name.startswith("socket:")]
