"""Looks at what a target of the Makefile was asked for before anything is installed, built or trained for it.

    python3 -m tools.asked dataset run bundle

Reads make's variables from the environment. What they name in full is checked by whoever opens it, the same way but
after minutes: here is only what a mistyped name shows at once. Standard library alone, as `tools/choices.py`.
"""

from __future__ import annotations

import glob
import os
import sys
from pathlib import Path
from typing import Callable, Mapping, Sequence  # noqa: UP035 - collections.abc cannot be subscripted before Python 3.9

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.choices import Failure

NAMED = ("fashion_mnist", "mnist", "cifar10")  # datasets that need no path
SHOWN = 8  # of what there is instead


def dataset(asked: Mapping[str, str]) -> None:
    """Raises Failure: DATASET names no dataset, DATA or RUN is the place of something else."""
    text = asked["DATASET"]
    name, colon, path = text.partition(":")
    if name == "folder" and colon:
        if not path:
            raise Failure("DATASET=folder: which one? folder:PATH, with a sub-folder of pictures for each label")
        if not os.path.isdir(path):
            raise Failure(f"DATASET={text}: {path} is {'not a folder' if os.path.exists(path) else 'not there'}")
    elif name == "csv" and colon:
        if not path:
            raise Failure("DATASET=csv: which one? csv:FILE, a table of path and label")
        if not os.path.isfile(path):
            raise Failure(f"DATASET={text}: {path} is {'not a file' if os.path.exists(path) else 'not there'}")
    elif text not in NAMED:
        hint = f"; for the pictures in that folder say DATASET=folder:{text}" if os.path.isdir(text) else ""
        hint = f"; for a table of path and label say DATASET=csv:{text}" if os.path.isfile(text) else hint
        raise Failure(f"DATASET={text}: {', '.join(NAMED)}, folder:PATH or csv:FILE is wanted{hint}")
    _free("DATA", asked["DATA"], "dataset.json", "prepared dataset")
    _free("RUN", asked["RUN"], "started.json", "run directory")


def run(asked: Mapping[str, str]) -> None:
    """Raises Failure: RUN is no finished training, or BUNDLE is the place of something else."""
    _there("RUN", asked["RUN"], "run.json", "finished training", "make train")
    _free("BUNDLE", asked["BUNDLE"], "manifest.json", "bundle")


def bundle(asked: Mapping[str, str]) -> None:
    """Raises Failure: BUNDLE is no bundle."""
    _there("BUNDLE", asked["BUNDLE"], "manifest.json", "bundle's directory", "make bundle")


def source(asked: Mapping[str, str]) -> None:
    """Raises Failure: SOURCE is a path or camera, and nothing is there. A directory that is watched may come later."""
    from tools.containers.engine import EngineError
    from tools.containers.given import cameras

    text = asked["SOURCE"]
    try:
        cameras(["--source", text])
    except EngineError as error:
        raise Failure(f"SOURCE={text}: {error}") from error
    scheme, colon, rest = text.partition(":")
    if colon and "/" not in scheme and scheme != "replay":
        return
    path = (rest if scheme == "replay" else text).partition("?")[0]
    found = os.path.expanduser(path)
    if path.isdecimal() or path in ("", "-") or path.startswith("/dev/"):
        return
    if not os.path.exists(found) and not glob.glob(found, recursive=True) and not glob.glob(text, recursive=True):
        raise Failure(f"SOURCE={text}: there is no {path}; a picture, folder, video, watch:DIR or camera is wanted")


def _there(variable: str, place: str, mark: str, kind: str, maker: str) -> None:
    """Raises Failure: what bears this mark is not there; it names what is, or what makes one."""
    if not os.path.isfile(os.path.join(place, mark)):
        state = f"not a {kind}" if os.path.exists(place) else "not there"
        raise Failure(f"{variable}={place} is {state}; {_instead(place, mark, f'{maker} makes one')}")


def _free(variable: str, place: str, mark: str, kind: str) -> None:
    """Raises Failure: something else than what bears this mark is there."""
    if os.path.isdir(place) and (os.path.isfile(os.path.join(place, mark)) or not os.listdir(place)):
        return
    if os.path.lexists(place):
        raise Failure(f"{variable}={place}: something else than a {kind} is there; name another place")


def _instead(place: str, mark: str, remedy: str) -> str:
    """Returns what lies beside a place that holds nothing, or how to make it."""
    beside = glob.glob(os.path.join(glob.escape(os.path.dirname(place) or "."), "*", mark))
    names = sorted(os.path.dirname(found) for found in beside)
    more = ", …" if len(names) > SHOWN else ""
    return f"there {'is' if len(names) == 1 else 'are'} {', '.join(names[:SHOWN])}{more}" if names else remedy


CHECKS: dict[str, Callable[[Mapping[str, str]], None]] = {
    "dataset": dataset,
    "run": run,
    "bundle": bundle,
    "source": source,
}


def main(names: Sequence[str]) -> int:
    try:
        for name in names:
            CHECKS[name](os.environ)
    except (Failure, OSError) as error:
        print(f"make: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
