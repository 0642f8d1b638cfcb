"""Runs a stage's command in its container or in the local environment.

    where=$(python3 -m tools.containers.stage where train --engine auto --device cpu)
    python3 -m tools.containers.stage run "$where" train fit --data data/parts --run runs/parts --device cpu

`where` decides once, makes what is missing (the image, or .venv), says on standard error which and why, and prints
one word for `run`. In a container, files have the names that they have outside.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.addresses import VIDEOS
from tools.containers import engine as engines
from tools.containers import images
from tools.containers.build import build
from tools.containers.engine import EngineError
from tools.containers.given import cameras, container
from tools.containers.images import Image

ROOT = Path(__file__).resolve().parents[2]
LOCAL = "local"
STAGES = ("train", "export", "edge")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def image_of(stage: str, device: str, source: str, signed: bool = False) -> Image:
    """Returns the image for a stage; `source` is what `make run` judges, `signed` whether it is given a key."""
    if stage == "train":
        return images.train(device, os.environ.get("KERAS_BACKEND", "tensorflow"))
    return images.export() if stage == "export" else images.edge(camera=is_camera(source), signed=signed)


def is_camera(source: str) -> bool:
    """Whether an address needs OpenCV."""
    if source.isdecimal() or source.startswith(("/dev/video", "v4l2:", "rtsp:", "rtsps:")):
        return True
    return source.partition("?")[0].lower().endswith(VIDEOS) and ":" not in source


def where(stage: str, asked: str, device: str, source: str = "", signed: bool = False) -> str:
    """Decides where a stage runs, makes what is missing there, and returns ``local`` or ``ENGINE=IMAGE``.

    IMAGE is the image's own digest: what another checkout builds meanwhile under the same name is not run.

    Raises:
        EngineError: An engine was asked for by name and cannot do it.
    """
    engine, reason = engines.choose(asked)
    if engine is not None and stage == "train" and device == "gpu" and not engine.gpus:
        reason = f"{engine.name} can give no GPU to a container: NVIDIA's container toolkit is missing"
        if asked != "auto":
            raise EngineError(f"{reason}; install nvidia-container-toolkit, or train on the CPU: DEVICE=cpu")
        engine = None
    if engine is None:
        return here(stage, reason, device)
    image = image_of(stage, device, source, signed)
    cameras(["--source", source])  # before anything is built for one that is not there
    try:
        if images.is_current(engine, image):
            reason += "; the image is there"
        else:
            build(engine, image, say)
            reason += "; the image was built"
    except EngineError as error:
        if asked != "auto":
            raise
        return here(stage, str(error), device)
    say(f"{stage}: in {image.reference} ({reason}; ENGINE=local runs it without a container)")
    return f"{engine.name}={images.digest(engine, image)}"


def here(stage: str, reason: str, device: str) -> str:
    """Makes .venv and returns ``local``; ends the program when that fails, which has been explained by then."""
    say(f"{stage}: in the local environment: {reason}")
    asked = "cpu" if device == "cpu" else "auto"
    done = subprocess.run([sys.executable, str(ROOT / "tools/environment.py"), "--device", asked], check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    return LOCAL


def command(word: str, stage: str, arguments: Sequence[str], device: str) -> list[str]:
    """Returns the command line that runs a stage's command at the place that `where` printed.

    Raises:
        EngineError: The engine is gone, or a device that the command names is not there.
    """
    if word == LOCAL:
        program = [str(ROOT / ".venv/bin/python"), "-m", stage]
        return [*(program if stage != "edge" else [str(ROOT / ".venv/bin/edge-runtime")]), *arguments]
    name, _, reference = word.partition("=")
    engine = engines.find(name)
    return [*container(engine, stage, arguments, device), reference, *arguments]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("stage", description="Run a stage in its container or in the local environment.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    decide = verbs.add_parser("where", help="decide, make what is missing, print one word")
    decide.add_argument("stage", choices=STAGES)
    decide.add_argument("--engine", default="auto", help="docker, podman, local or auto (default: %(default)s)")
    decide.add_argument("--source", default="", help="what will be judged")
    decide.add_argument("--signed", action="store_true", help="signatures will be checked")
    run = verbs.add_parser("run", help="run a command there")
    run.add_argument("word", metavar="WHERE", help="what 'where' printed")
    run.add_argument("stage", choices=STAGES)
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="as the stage's own program takes them")
    for verb in (decide, run):
        verb.add_argument("--device", choices=("gpu", "cpu"), default="gpu", help="what trains")
    arguments = parser.parse_args(argv)
    try:
        if arguments.verb == "where":
            print(where(arguments.stage, arguments.engine, arguments.device, arguments.source, arguments.signed))
            return 0
        line = command(arguments.word, arguments.stage, arguments.arguments, arguments.device)
    except EngineError as error:
        print(f"{arguments.stage}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{arguments.stage}: interrupted", file=sys.stderr)
        return 130
    return os.execv(line[0], line)


if __name__ == "__main__":
    sys.exit(main())
