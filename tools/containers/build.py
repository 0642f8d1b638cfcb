"""Builds the kit's images with a container engine, and says at which step it is.

    python3 -m tools.containers.build edge --platform linux/arm64
    python3 -m tools.containers.build train --device cpu

An image that is there as it would be built now is left alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from platform import machine as processor

from tools.containers import engine as engines
from tools.containers import images
from tools.containers.engine import Engine, EngineError
from tools.containers.images import ROOT, Image
from tools.delivery.machines import machine

SHOWN_AFTER_FAILURE = 12  # lines
# Of BuildKit's plain progress: what is neither a program's own output nor an error.
NOISE = re.compile(
    r"\s*$|-----|#\d+ (\[|CACHED|DONE|CANCELED|\.\.\.|sha256:|transferring|extracting)| > \[|executor failed"
)
STEP = re.compile(r"#\d+ (\[[^]]+\]) RUN (?:--mount=\S+ )*(.+)|(?:\[.+\] )?(STEP \d+/\d+: RUN .+)")


def build_command(engine: Engine, image: Image, fresh: bool = False) -> list[str]:
    """Returns the command line that builds an image; `fresh` takes nothing from earlier builds."""
    command = engine.command(*(["buildx", "build", "--load"] if engine.buildx else ["build"]))
    command += ["--file", str(ROOT / image.dockerfile), "--tag", image.reference]
    if engine.name == "podman":
        # OCI's format has no health check; and Podman 4.3 does not say by itself what it builds on.
        here = machine(processor()).platform
        command += ["--format", "docker", "--build-arg", f"BUILDPLATFORM={here}"]
    else:
        command += ["--progress", "plain"]
    command += ["--no-cache"] if fresh else []
    command += ["--target", image.target] if image.target else []
    command += ["--platform", image.platform] if image.platform else []
    own = (("VERSION", images.version()), ("REVISION", images.revision(image)), ("INPUTS", images.inputs_digest(image)))
    for name, value in (*image.arguments, *images.from_environment(), *own):
        command += ["--build-arg", f"{name}={value}"]
    if secret := os.environ.get("PIP_SECRET"):
        command += ["--secret", f"id=pip.conf,src={secret}"]
    return [*command, str(ROOT)]


def build(engine: Engine, image: Image, say: Callable[[str], None], fresh: bool = False) -> None:
    """Builds an image and says at which step it is.

    Raises:
        EngineError: It failed; the text ends with what the engine said last.
    """
    free = engine.free()
    if free is not None and free < image.room:
        raise EngineError(
            f"{image.reference} takes up to {image.room / 1e9:.1f} GB while it is built, and {free / 1e9:.1f} GB are "
            f"free where {engine.name} keeps its images; '{engine.name} system prune' removes what no container uses"
        )
    say(f"building {image.reference} with {engine.name}; the first time takes minutes")
    last: deque[str] = deque(maxlen=SHOWN_AFTER_FAILURE)
    with subprocess.Popen(
        build_command(engine, image, fresh),
        env=engine.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if step := step_of(line):
                say(f"  {step}")
            if not NOISE.match(line):
                last.append(line.rstrip()[:400])
    if child.returncode:
        said = "\n".join(f"  | {line}" for line in last)
        raise EngineError(f"{image.reference} cannot be built:\n{said}{remedy(said)}")


def remedy(said: str) -> str:
    """Returns what to do about a failed build, when what the engine said shows that it reached no base image."""
    if not re.search(r"failed to do request|pull access denied|manifest unknown|pinging container registry", said):
        return ""
    base = os.environ.get("BASE", "debian:bookworm-slim")
    return (
        f"\n  no registry of images gives {base}: BASE=NAME names another one, or make one of Debian's packages: "
        "sudo docker/base-image.sh bookworm debian:bookworm-slim"
    )


def step_of(line: str) -> str:
    """Returns what a line of an engine's output says about a command that begins, or nothing."""
    found = STEP.match(line)
    if found is None:
        return ""
    return " ".join((found[3] or f"{found[1]} {found[2]}").split())[:110]


def of(arguments: argparse.Namespace) -> Image:
    """Returns the image that the command line names."""
    if arguments.image == "train":
        return images.train(arguments.device, arguments.backend)
    if arguments.image == "export":
        return images.export()
    return images.edge(arguments.platform, arguments.interpreter, arguments.camera, arguments.signed)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("build", description="Build one of the kit's images, if it is not there as it is.")
    parser.add_argument("image", choices=("train", "export", "edge"))
    parser.add_argument("--engine", default="auto", help="docker, podman or auto (default: %(default)s)")
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu", help="of the image that trains")
    parser.add_argument(
        "--backend", choices=("tensorflow", "jax"), default="tensorflow", help="of the image that trains"
    )
    parser.add_argument("--platform", default="", help="of the image for devices, as in linux/arm64")
    parser.add_argument("--interpreter", default="auto", help="of the image for devices: litert, onnx, tflite or auto")
    parser.add_argument("--camera", action="store_true", help="the image for devices with OpenCV")
    parser.add_argument("--signed", action="store_true", help="the image for devices with what checks signatures")
    parser.add_argument("--fresh", action="store_true", help="build it anew, with what Debian has mended since")
    parser.add_argument("--as", dest="reference", metavar="NAME:TAG", help="call it so, as in my.registry/edge:1")
    arguments = parser.parse_args(argv)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    try:
        image = of(arguments)
        if arguments.reference:
            name, _, tag = arguments.reference.rpartition(":")
            image = dataclasses.replace(image, name=name, tag=tag)
        engine, reason = engines.choose(arguments.engine)
        if engine is None:
            asked = f"; ENGINE={arguments.engine} builds none" if arguments.engine == "local" else f": {reason}"
            raise EngineError(f"an image needs a container engine, docker or podman{asked}")
        if not arguments.fresh and images.is_current(engine, image):
            say(f"{image.reference} is as it should be")
        else:
            build(engine, image, say, arguments.fresh)
        print(image.reference)
    except KeyboardInterrupt:
        print("build: interrupted; what was built is kept and used again", file=sys.stderr)
        return 130
    except (EngineError, ValueError) as error:
        print(f"build: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
