"""The kit's images: what each is made of, what it is called, and whether an engine has it as it would be built now."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.containers.engine import Engine
from tools.delivery.machines import machine

ROOT = Path(__file__).resolve().parents[2]
LABEL = "edge-runtime.inputs"
SERVER = ("docker/server.Dockerfile", "docker/build", "tools/delivery/machines.py", "pyproject.toml", "edge_runtime")
EDGE = (
    *("docker/edge.Dockerfile", "docker/build", "tools/delivery/machines.py", "tools/delivery/device_tree.py"),
    *("pyproject.toml", "LICENSE", "edge_runtime", "locks"),
)
# What the environment may say about where to build from; read by the Dockerfiles as build arguments of the same name.
FROM_ENVIRONMENT = ("BASE", "APT_MIRROR", "PIP_INDEX_URL")


@dataclass(frozen=True)
class Image:
    """One image that can be built.

    Attributes:
        name: Its repository.
        tag: Says which of its kind.
        dockerfile: Relative to the checkout.
        inputs: Files and directories that decide what is in it.
        target: Stage of the Dockerfile, or none for the last.
        arguments: Build arguments.
        platform: As in ``linux/arm64``, or none for the engine's own.
    """

    name: str
    tag: str
    dockerfile: str
    inputs: tuple[str, ...]
    target: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    platform: str = ""

    @property
    def reference(self) -> str:
        return f"{self.name}:{self.tag}"


def version() -> str:
    """Returns the kit's version without importing it."""
    text = (ROOT / "edge_runtime" / "__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert found is not None
    return found[1]


def train(device: str, backend: str) -> Image:
    """The image that trains: on the GPU or the CPU, with TensorFlow or, for several hosts, with JAX."""
    lock = "train" + ("-jax" if backend == "jax" else "") + ("-gpu" if device == "gpu" else "")
    tag = version() + lock.removeprefix("train").removesuffix("-gpu") + ("-cpu" if device == "cpu" else "")
    arguments = (("LOCK", lock), ("BACKEND", backend))
    return Image("edge-train", tag, SERVER[0], (*SERVER, "train", f"locks/{lock}.txt"), "train", arguments)


def export() -> Image:
    """The image that converts and proves."""
    return Image("edge-export", version(), SERVER[0], (*SERVER, "export", "locks/export.txt"), "export")


def edge(platform: str = "", interpreter: str = "auto", camera: bool = False) -> Image:
    """The image for devices; the tag of another platform than the engine's own ends with its name."""
    parts = [version()]
    parts += [interpreter] if interpreter != "auto" else []
    parts += ["camera"] if camera else []
    parts += [machine(platform).debian] if platform else []
    arguments = [("INTERPRETER", interpreter)] + ([("FLAGS", "--camera")] if camera else [])
    return Image("edge-runtime", "-".join(parts), EDGE[0], EDGE, arguments=tuple(arguments), platform=platform)


def inputs_digest(image: Image, root: Path = ROOT) -> str:
    """Returns a digest of all that decides what is in an image; one with another digest is out of date."""
    total = hashlib.sha256(repr((image.target, image.arguments, image.platform, from_environment())).encode())
    for name in sorted(image.inputs):
        top = root / name
        paths = [top] if top.is_file() else sorted(top.rglob("*"))
        for path in paths:
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(f"\0{path.relative_to(root)}\0".encode())
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def from_environment() -> tuple[tuple[str, str], ...]:
    """Returns the build arguments that the environment gives."""
    return tuple((name, os.environ[name]) for name in FROM_ENVIRONMENT if os.environ.get(name))


def is_current(engine: Engine, image: Image) -> bool:
    """Whether the engine has the image as it would be built now."""
    answer = engine.ask("image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', image.reference)
    return answer.returncode == 0 and answer.stdout.strip() == inputs_digest(image)


def revision() -> str:
    """Returns the commit, marked when the checkout differs from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        answer = subprocess.run(command, check=False, capture_output=True, text=True)
    except OSError:
        return "unknown"
    return answer.stdout.strip() or "unknown"
