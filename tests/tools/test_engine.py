import stat
import subprocess
from pathlib import Path

import pytest

from tools.containers.engine import Engine, EngineError, choose, find, programs, why_not

DAEMON = "ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
SOCKET = "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock"


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Two directories with a client each, as where Docker's own packages and Debian's are both installed."""
    for name in ("first", "second"):
        client = tmp_path / name / "docker"
        client.parent.mkdir()
        client.write_text("#!/bin/sh\n")
        client.chmod(client.stat().st_mode | stat.S_IXUSR)
    return f"{tmp_path}/first:{tmp_path}/second"


class Answers:
    """What the programs answer, by the word after the client's path."""

    def __init__(self, **words: tuple[int, str, str]) -> None:
        self.words = words

    def __call__(self, command: list[str]) -> "subprocess.CompletedProcess[str]":
        folder = Path(command[0]).parent.name
        code, output, error = self.words.get(f"{folder}_{command[1]}") or self.words.get(command[1]) or (1, "", "")
        return subprocess.CompletedProcess(command, code, output, error)


WORKS = (0, '28.2.2 {"runc":{}}\n', "")


def test_a_client_that_cannot_build_is_passed_over(path: str) -> None:
    answers = Answers(info=WORKS, first_version=(0, "28.2.2\n", ""), second_version=(0, "20.10.24+dfsg1\n", ""))
    engine = find("docker", answers, path)
    assert engine.program == programs("docker", path)[1]
    assert not engine.buildx


def test_a_client_with_buildx_builds_with_it(path: str) -> None:
    assert find("docker", Answers(info=WORKS, buildx=(0, "v0.20", "")), path).buildx


def test_without_any_client_that_can_build_the_missing_package_is_named(path: str) -> None:
    with pytest.raises(EngineError, match=r"buildx, which is missing.*apt install docker-buildx"):
        find("docker", Answers(info=WORKS, version=(0, "28.2.2\n", "")), path)


def test_an_engine_with_nvidias_runtime_has_gpus(path: str) -> None:
    info = (0, '28.2.2 {"nvidia":{"path":"nvidia-container-runtime"},"runc":{}}\n', "")
    assert find("docker", Answers(info=info, buildx=(0, "", "")), path).gpus


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (DAEMON, "its service does not run: sudo systemctl start docker"),
        (SOCKET, "no permission on its socket: sudo usermod -aG docker"),
        ("something else\nwent wrong", "docker does not work here: went wrong"),
        ("", "it says nothing"),
    ],
)
def test_what_an_engine_says_becomes_a_sentence_with_a_remedy(said: str, sentence: str, path: str) -> None:
    assert sentence in why_not("docker", said)
    with pytest.raises(EngineError) as caught:
        find("docker", Answers(info=(1, "", said)), path)
    assert sentence in str(caught.value)


def test_docker_leaves_with_0_when_only_its_server_is_missing(path: str) -> None:
    with pytest.raises(EngineError, match="systemctl start docker"):
        find("docker", Answers(info=(0, '" " null\n', DAEMON)), path)


def test_an_engine_that_is_not_installed() -> None:
    with pytest.raises(EngineError, match="podman is not installed: sudo apt install podman"):
        find("podman", path="/nowhere")


def missing(name: str) -> Engine:
    raise EngineError(f"no {name}")


def podman_only(name: str) -> Engine:
    return Engine(name, "/usr/bin/podman", "4.3") if name == "podman" else missing(name)


def test_auto_takes_the_first_engine_that_works_else_none_with_every_reason() -> None:
    assert choose("auto", podman_only) == (Engine("podman", "/usr/bin/podman", "4.3"), "podman 4.3 answers; no docker")
    assert choose("auto", missing) == (None, "no docker; no podman")


def test_local_asks_no_engine() -> None:
    assert choose("local", missing) == (None, "as asked")


def test_an_engine_asked_for_by_name_is_that_one_or_an_error() -> None:
    with pytest.raises(EngineError, match="no docker"):
        choose("docker", missing)
    with pytest.raises(EngineError, match="ENGINE=rkt: docker, podman, local or auto is wanted"):
        choose("rkt", missing)
