"""What ``edge-runtime classify`` does, and how it tells."""

import argparse
import errno
import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.addresses import VIDEOS
from edge_runtime.classifier import BundleClassifier
from edge_runtime.commands.loading import classifier_of
from edge_runtime.commands.options import Opening
from edge_runtime.commands.table import row
from edge_runtime.console import did_you_mean, say
from edge_runtime.errors import EdgeError, IncompleteError
from edge_runtime.judge import judge, see
from edge_runtime.result import Prediction, Rejection
from edge_runtime.sources.files import FileSource, expand, folder_name

PATH_ROOM = 60  # columns; of a longer path the end is shown


def prepare(arguments: argparse.Namespace, opening: Opening) -> tuple[Sequence[Path], BundleClassifier]:
    """Finds the pictures, then loads the classifier: what is typed wrongly is told first."""
    return expand(arguments.paths), classifier_of(arguments, opening.bundle())


def classify_all(arguments: argparse.Namespace, paths: Sequence[Path], classifier: BundleClassifier) -> int:
    """Classifies the pictures at `paths` and tells; returns the exit code."""
    tabular = arguments.format == "table" or (arguments.format == "auto" and sys.stdout.isatty())
    printer = _Table(paths, classifier, bool(arguments.truth)) if tabular else _Lines(bool(arguments.truth))
    right = 0
    rejected: list[Path] = []
    labels = {folder_name(label): label for label in classifier.labels}
    if arguments.truth:
        for folder in sorted({path.absolute().parent.name for path in paths} - set(labels)):
            say(f"edge-runtime: '{folder}' is no label of this bundle{did_you_mean(folder, classifier.labels)}")
    threshold = classifier.threshold if arguments.threshold is None else arguments.threshold
    for frame in FileSource("files", paths).frames(threading.Event()):
        seen = see(frame, classifier.preprocessing)
        result = seen if isinstance(seen, Rejection) else judge(frame, seen, classifier, arguments.top, threshold)
        folder = Path(str(frame.path)).absolute().parent.name if arguments.truth else ""
        truth = labels.get(folder, folder)
        printer.show(result, truth)
        if isinstance(result, Rejection):
            rejected.append(Path(str(frame.path)))
        else:
            right += result.best[0][0] == truth  # also of what is unknown
    judged = len(paths) - len(rejected)
    if arguments.truth and judged:
        say(f"{right} of {judged} right ({right / judged:.1%})")
    if rejected:
        kind = IncompleteError if judged else EdgeError
        forbidden = next((str(path) for path in rejected if not os.access(path, os.R_OK)), None)
        cause = PermissionError(errno.EACCES, os.strerror(errno.EACCES), forbidden) if forbidden else None
        hint = _about_videos(rejected, arguments.bundle)
        raise kind(f"{len(rejected)} of {len(paths)} pictures could not be classified{hint}") from cause
    return 0


def _about_videos(rejected: Sequence[Path], bundle: Path) -> str:
    """Returns what to do with a video, which is no picture; nothing where there is none among the rejected."""
    video = next((str(path) for path in rejected if path.suffix.lower() in VIDEOS), None)
    if video is None:
        return ""
    import shlex  # here: hardly ever wanted, and 1 ms of every start

    command = shlex.join(["edge-runtime", "run", "--bundle", str(bundle), "--source", video])
    return f"; a video is judged frame by frame with: {command}"


class _Table:
    """For a person: a line a picture, as soon as it is known."""

    def __init__(self, paths: Sequence[Path], classifier: BundleClassifier, truth: bool) -> None:
        label = max(len(label) for label in (*classifier.labels, "predicted"))
        path = min(PATH_ROOM, max(len(str(path)) for path in (*paths, "picture")))
        self._widths = [path, label, -6, label + 2, -8] if truth else [path, label, -6, -8, label + 8]
        self._truth = truth
        identity = classifier.identity
        print(f"{identity.bundle} {identity.version} ({identity.digest}), {identity.variant} on {identity.runtime}")
        last = ["true", "ms"] if truth else ["ms", "next best"]
        print(row(["picture", "predicted", "score", *last], self._widths))

    def show(self, result: Prediction | Rejection, truth: str) -> None:
        if isinstance(result, Rejection):
            print(f"not classified: {result.reason}", flush=True)
            return
        latency = f"{result.latency * 1000:.2f}"
        if self._truth:
            last = [truth if result.label == truth else f"{truth} ✗", latency]
        else:
            last = [latency, " ".join(f"{label} {score:.2f}" for label, score in result.best[1:2])]
        print(row([str(result.path), result.label, f"{result.score:.3f}", *last], self._widths), flush=True)


class _Lines:
    """For a program: one JSON object a line."""

    def __init__(self, truth: bool) -> None:
        self._truth = truth

    def show(self, result: Prediction | Rejection, truth: str) -> None:
        line = result.to_plain() | ({"truth": truth} if self._truth else {})
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + os.linesep)
        sys.stdout.flush()
        if isinstance(result, Rejection):
            say(f"edge-runtime: {result.reason}")
