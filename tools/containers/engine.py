"""Finds a container engine that works, or says what is missing and what to do about it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

NAMES = ("docker", "podman")
INSTALL = {"docker": "sudo apt install docker.io", "podman": "sudo apt install podman"}
Run = Callable[[list[str]], "subprocess.CompletedProcess[str]"]


class EngineError(Exception):
    """Its text is a sentence for the user."""


@dataclass(frozen=True)
class Engine:
    """A container engine that has answered.

    Attributes:
        name: ``docker`` or ``podman``.
        program: The client's path.
        version: The server's.
        buildx: Whether images are built by ``docker buildx build``.
        gpus: Whether it can give NVIDIA GPUs to a container.
    """

    name: str
    program: str
    version: str
    buildx: bool = False
    gpus: bool = False

    def command(self, *arguments: str) -> list[str]:
        """Returns a command line of this engine's client."""
        return [self.program, *arguments]

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a short command and returns its answer, whatever it is."""
        return ask(self.command(*arguments))

    def free(self) -> int | None:
        """Returns the bytes that are free where it keeps images; None when that is another machine's disk."""
        field = "{{.DockerRootDir}}" if self.name == "docker" else "{{.Store.GraphRoot}}"
        folder = self.ask("info", "--format", field).stdout.strip()
        return shutil.disk_usage(folder).free if folder and Path(folder).is_dir() else None

    def environment(self) -> dict[str, str]:
        """Returns the environment in which the client builds."""
        return {**os.environ, "DOCKER_BUILDKIT": "1"}


def ask(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs a command that answers soon; one that does not counts as failed."""
    try:
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", "it did not answer within 60 s")


def programs(name: str, path: str) -> list[str]:
    """Returns every program called `name` in the directories of `path`, in order, each once."""
    found = [shutil.which(name, path=folder) for folder in path.split(os.pathsep) if folder]
    return list(dict.fromkeys(program for program in found if program))


def find(name: str, run: Run = ask, path: str | None = None) -> Engine:
    """Returns the engine called `name`.

    Of several clients on PATH the first one that can build is taken.

    Raises:
        EngineError: It is not installed, does not run, may not be used, or cannot build; the text says what to do.
    """
    clients = programs(name, os.environ.get("PATH", "") if path is None else path)
    if not clients:
        raise EngineError(f"{name} is not installed: {INSTALL[name]}")
    info = "{{.ServerVersion}} {{json .Runtimes}}" if name == "docker" else "{{.Version.Version}}"
    answer = run([clients[0], "info", "--format", info])
    # Docker's client prints the error and leaves with 0 when only the server is missing.
    if answer.returncode or answer.stderr.strip().startswith("ERROR") or not answer.stdout.strip():
        raise EngineError(why_not(name, answer.stderr or answer.stdout))
    version, _, runtimes = answer.stdout.strip().partition(" ")
    # Of an engine on another machine only its runtimes tell.
    gpus = "nvidia" in runtimes or nvidia_toolkit(os.environ)
    if name == "podman":
        return Engine(name, clients[0], version, gpus=gpus)
    reasons = []
    for client in clients:
        if run([client, "buildx", "version"]).returncode == 0:
            return Engine(name, client, version, buildx=True, gpus=gpus)
        mine = run([client, "version", "--format", "{{.Client.Version}}"]).stdout.strip()
        if mine.partition(".")[0].isdigit() and int(mine.partition(".")[0]) < 23:
            return Engine(name, client, version, gpus=gpus)  # BuildKit is inside
        reasons.append(f"{client} {mine} builds with buildx, which is missing")
    raise EngineError(
        f"docker cannot build here: {'; '.join(reasons)}: sudo apt install docker-buildx "
        "(Debian) or docker-buildx-plugin (Docker's own packages)"
    )


def nvidia_toolkit(environment: Mapping[str, str]) -> bool:
    """Whether NVIDIA's container toolkit is installed on this machine, for Docker's ``--gpus`` or as CDI for Podman."""
    path = environment.get("PATH", "")
    if any(shutil.which(tool, path=path) for tool in ("nvidia-container-runtime-hook", "nvidia-ctk")):
        return True
    return any(any(Path(folder).glob("nvidia*")) for folder in ("/etc/cdi", "/var/run/cdi"))


def why_not(name: str, said: str) -> str:
    """Returns the sentence for an engine that is installed and does not work, from what it said."""
    low = said.lower()
    if "permission denied" in low:
        return (
            f"{name}: no permission on its socket: sudo usermod -aG {name} $USER and log in again, or run this as root "
            "(whoever may use the socket is as good as root)"
        )
    if "cannot connect" in low or "is the docker daemon running" in low or "no such file" in low:
        return f"{name}: its service does not run: sudo systemctl start {name}"
    return f"{name} does not work here: {said.strip().splitlines()[-1] if said.strip() else 'it says nothing'}"


def choose(asked: str, find: Callable[[str], Engine] = find) -> tuple[Engine | None, str]:
    """Returns the engine to use, or None for the local environment, and the reason as half a sentence.

    Args:
        asked: ``auto``, ``local``, or an engine by name.
        find: Finds one.

    Raises:
        EngineError: The engine that was asked for by name cannot be used.
    """
    if asked == "local":
        return None, "as asked"
    if asked in NAMES:
        return find(asked), "as asked"
    if asked != "auto":
        raise EngineError(f"ENGINE={asked}: {', '.join(NAMES)}, local or auto is wanted")
    return first(NAMES, find)


def first(names: Iterable[str], find: Callable[[str], Engine]) -> tuple[Engine | None, str]:
    """Returns the first engine that works, or None and why none does."""
    reasons = []
    for name in names:
        try:
            engine = find(name)
        except EngineError as error:
            reasons.append(str(error))
        else:
            return engine, "; ".join([f"{name} {engine.version} answers", *reasons])
    return None, "; ".join(reasons)
