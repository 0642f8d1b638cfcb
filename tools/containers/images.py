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
    *("docker/edge.Dockerfile", "docker/build", "pyproject.toml", "LICENSE", "edge_runtime", "locks"),
    *(f"tools/delivery/{name}.py" for name in ("machines", "target", "device_tree")),
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
        room: Bytes that its first build takes, with the layers that the engine keeps.
    """

    name: str
    tag: str
    dockerfile: str
    inputs: tuple[str, ...]
    target: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    platform: str = ""
    room: float = 6e9

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
    inputs = (*SERVER, "train", f"locks/{lock}.txt")
    return Image("edge-train", tag, SERVER[0], inputs, "train", arguments, room=21e9 if device == "gpu" else 6e9)


def export() -> Image:
    """The image that converts and proves."""
    return Image("edge-export", version(), SERVER[0], (*SERVER, "export", "locks/export.txt"), "export")


def edge(platform: str = "", interpreter: str = "auto", camera: bool = False, signed: bool = False) -> Image:
    """The image for devices; the tag of another platform than the engine's own ends with its name."""
    parts = [version()]
    parts += [interpreter] if interpreter != "auto" else []
    parts += ["camera"] if camera else []
    parts += ["signed"] if signed else []
    parts += [machine(platform).debian] if platform else []
    arguments = [("INTERPRETER", interpreter)] + ([("FLAGS", "--camera")] if camera else [])
    arguments += [("SIGNED", "--signed")] if signed else []
    return Image("edge-runtime", "-".join(parts), EDGE[0], EDGE, "", tuple(arguments), platform, room=1.5e9)


def inputs_digest(image: Image, root: Path = ROOT) -> str:
    """Returns a digest of all that decides what is in an image; one with another digest is out of date."""
    made_from = (image.target, image.arguments, image.platform, from_environment(), revision(image))
    total = hashlib.sha256(repr(made_from).encode())
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


def digest(engine: Engine, image: Image) -> str:
    """Returns what identifies an image that the engine has; its name, should the engine not say."""
    return engine.ask("image", "inspect", "--format", "{{.Id}}", image.reference).stdout.strip() or image.reference


def revision(image: Image) -> str:
    """Returns the last commit that changed an input of the image, marked when the checkout differs from it."""
    inputs = ("--", *image.inputs)
    commit = git("log", "-1", "--format=%H", *inputs)
    dirty = "-dirty" if git("status", "--porcelain", *inputs) else ""
    return commit + dirty if commit else "unknown"


def git(*arguments: str) -> str:
    """Returns what git prints; nothing where it is missing or this is no checkout."""
    try:
        answer = subprocess.run(["git", "-C", str(ROOT), *arguments], check=False, capture_output=True, text=True)
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
