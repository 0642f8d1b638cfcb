"""What a container is given for a stage's command: its user, directories, caches, GPUs and cameras; nothing else."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.containers.engine import Engine, EngineError

# Where Fashion-MNIST is looked for; a container sees the same places.
SHARED = (Path("/usr/share/datasets/fashion-mnist"),)

# Podman warns about cgroups and systemd's sessions at every start, and wants systemd for the image's health check;
# whoever typed `make run` sees whether it lives. Its errors are shown.
QUIET = {"podman": ("--log-level", "error", "run", "--no-healthcheck")}


def container(engine: Engine, stage: str, arguments: Sequence[str], device: str) -> list[str]:
    """Returns the engine's command line up to the image.

    Raises:
        EngineError: A camera that the command names is not there.
    """
    line = engine.command(*QUIET.get(engine.name, ("run",)), "--rm", "--workdir", str(Path.cwd()))
    # What is written belongs to whoever typed the command.
    line += ["--userns", "keep-id"] if engine.name == "podman" and os.getuid() else []
    line += ["--user", f"{os.getuid()}:{os.getgid()}"]
    if sys.stdout.isatty() and sys.stderr.isatty():
        line += ["--tty"]
    if stage == "edge":
        line += ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        line += cameras(arguments)
    else:
        line += ["--volume", f"{Path.cwd()}:{Path.cwd()}"]
    if stage == "train":
        if device == "gpu":
            line += ["--gpus", "all"] if engine.name == "docker" else ["--device", "nvidia.com/gpu=all"]
        line += caches()
        line += [word for path in SHARED if path.is_dir() for word in ("--volume", f"{path}:{path}:ro")]
    covered = Path.cwd() if stage != "edge" else None
    mode = ":ro" if stage == "edge" else ""
    for path in named(arguments, covered):
        line += ["--volume", f"{path}:{path}{mode}"]
    return line


def caches() -> list[str]:
    """Returns what gives a container the places where the kit and Keras keep what they have fetched.

    They are those of outside: what one training has fetched, data sets and weights, is there for the next one, in a
    container or without.

    Raises:
        EngineError: One of them cannot be made.
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    # A relative one must be ignored, says the XDG Base Directory Specification.
    cache = (Path(given) if os.path.isabs(given) else Path.home() / ".cache") / "edge-runtime"
    keras = Path(os.path.abspath(os.environ.get("KERAS_HOME") or Path.home() / ".keras"))
    for place in (cache, keras):
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            name = "XDG_CACHE_HOME" if place == cache else "KERAS_HOME"
            raise EngineError(
                f"{place}: cannot be made, and what training fetches is kept there: {error.strerror}; "
                f"name another place with {name}=DIR"
            ) from error
    line = [word for place in (cache, keras) for word in ("--volume", f"{place}:{place}")]
    return [*line, "--env", f"XDG_CACHE_HOME={cache.parent}", "--env", f"KERAS_HOME={keras}"]


def named(arguments: Iterable[str], covered: Path | None) -> list[Path]:
    """Returns the directories and files that a command names, so that a container can be given them.

    Of a path that is not there yet, the directory above it. What lies in `covered` is left out.
    """
    found: list[Path] = []
    for argument in arguments:
        text = argument.partition("=")[2] if argument.startswith("--") else argument
        for prefix in ("folder:", "watch:", "replay:"):
            text = text.removeprefix(prefix)
        if text.startswith("csv:"):  # the paths in a table start where it lies
            text = os.path.join(os.path.dirname(os.path.abspath(text[4:])), "")
        text = text.partition("?")[0].partition("*")[0]
        if not text or ("/" not in text and not Path(text).exists()):
            continue
        path = Path(os.path.abspath(text))
        path = path if path.exists() else path.parent
        found += [path, *dataset_of(path)]
    found = [path for path in found if path.exists() and path != Path("/") and path.parts[:2] != ("/", "dev")]
    found = [path for path in found if covered is None or not path.is_relative_to(covered)]
    return sorted({path for path in found if not any(path != other and path.is_relative_to(other) for other in found)})


def dataset_of(run: Path) -> list[Path]:
    """Returns the prepared dataset that a run directory names; nothing for any other path."""
    try:
        return [Path(json.loads((run / "run.json").read_text("utf-8"))["data"])]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def cameras(arguments: Iterable[str]) -> list[str]:
    """Returns what gives a container the cameras that a command names.

    Raises:
        EngineError: One of them is not there.
    """
    line: list[str] = []
    previous = ""
    for argument in arguments:
        source = argument.removeprefix("--source=") if previous != "--source" else argument
        given = previous == "--source" or source != argument
        previous = argument
        text = source.removeprefix("v4l2://")
        node = Path(f"/dev/video{text}" if text.isdecimal() else text)
        if not given:
            continue
        if node.parts[:2] == ("/", "dev"):
            if not node.exists():
                there = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*"))) or "none"
                raise EngineError(f"{node}: there is no such camera here; there are: {there}")
            # The node's group, so that whoever runs may read it.
            line += ["--device", str(node), "--group-add", str(node.stat().st_gid)]
    return line
