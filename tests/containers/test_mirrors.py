"""Where builds take things from can be said, is heeded, and leaves no trace."""

import subprocess
from pathlib import Path

import pytest

from tests.containers.conftest import Containers
from tools.containers import images
from tools.containers.build import build
from tools.containers.engine import EngineError

pytestmark = pytest.mark.container
NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there


@pytest.mark.parametrize("name", ["APT_MIRROR", "PIP_INDEX_URL"])
def test_a_mirror_is_heeded(name: str, containers: Containers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, f"{NOBODY}/{name.lower()}")
    said: list[str] = []
    with pytest.raises(EngineError) as caught:
        build(containers.engine, images.edge("linux/amd64", "onnx"), said.append)
    assert "127.0.0.1" in str(caught.value) or name.lower() in str(caught.value)


def test_a_password_given_as_a_secret_is_nowhere_in_the_image(
    containers: Containers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "pip.conf"
    secret.write_text("[global]\ntimeout = 61\n# pa55word-of-the-mirror\n")
    monkeypatch.setenv("PIP_SECRET", str(secret))
    image = images.edge("linux/amd64", "onnx")
    build(containers.engine, image, print, fresh=True)
    with subprocess.Popen(containers.engine.command("save", image.reference), stdout=subprocess.PIPE) as save:
        found = subprocess.run(["grep", "--count", "--text", "pa55word-of-the-mirror"], stdin=save.stdout, check=False)
    assert found.returncode == 1  # grep's way to say: not found
    assert save.returncode == 0
