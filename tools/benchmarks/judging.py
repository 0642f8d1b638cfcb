"""In one process: what the kit adds to the interpreter and Pillow, one after the other and pipelined."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

from edge_runtime.benchmark.worker import Counter
from edge_runtime.bundle.spec import Interpolation
from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import BundleClassifier, best, load_classifier
from edge_runtime.judge import judge, see
from edge_runtime.pipeline.judging import Rules
from edge_runtime.pipeline.lane import Lane
from edge_runtime.pipeline.pipeline import Pipeline
from edge_runtime.preprocess import preprocess
from edge_runtime.scores import top_k
from edge_runtime.sources import Frame
from edge_runtime.sources.replay import ReplaySource
from tools.benchmarks.bare import Bare
from tools.benchmarks.half import Half
from tools.benchmarks.turns import Line, in_turns, milliseconds, ratio, seconds_of

TOP = 5
# Below it the network guesses: of 200 random parts of photographs it kept its best label for only 183 when every pixel
# was changed by at most 1 of 255, more than reduced decoding does (DESIGN 60).
SURE = 0.5


def from_memory(bundle: Bundle, variant: str, picture: Path, rounds: int) -> Line:
    """Pixels in memory to the five best labels, against the bare resize and interpreter call."""
    classifier, bare = load_classifier(bundle, variant, 1), Bare(bundle, variant, 1)
    with Image.open(picture) as image:
        array = np.asarray(image.convert("RGB"))

    def ours() -> object:
        return best(classifier.labels, classifier.classify(preprocess(array, classifier.preprocessing)).scores, TOP)

    taken = in_turns([seconds_of(ours, 5), seconds_of(lambda: bare.from_array(array), 5)], rounds)
    note = f"{milliseconds(taken[0])} and {milliseconds(taken[1])}"
    return Line(f"memory to top 5, {variant}: time against bare resize + call", ratio(*taken), 1.05, note=note)


def one_after_the_other(bundle: Bundle, variant: str, pictures: Sequence[Path], what: str, rounds: int) -> Line:
    """JPEG files to results in one thread, against a tight loop of the same libraries."""
    classifier, bare = load_classifier(bundle, variant, 1), Bare(bundle, variant, 1)
    mine, theirs = cycle(pictures), cycle(pictures)

    def ours() -> object:
        frame = Frame("files", 0, 0.0, next(mine))
        pixels = see(frame, classifier.preprocessing)
        assert isinstance(pixels, np.ndarray)
        return judge(frame, pixels, classifier, TOP)

    count = len(pictures)
    taken = in_turns([seconds_of(ours, count), seconds_of(lambda: bare.from_file(next(theirs)), count)], rounds)
    note = f"{milliseconds(taken[0])} and {milliseconds(taken[1])} a picture"
    return Line(
        f"{what}, one thread, {variant}: speed against a tight loop", ratio(taken[1], taken[0]), 0.95, True, note
    )


def pipelined(bundle: Bundle, variant: str, pictures: Sequence[Path], what: str, seconds: float, rounds: int) -> Line:
    """JPEG files to results through the pipeline, against the slower of decoding alone and interpreter alone.

    The two halves run at the same time in processes of their own, a core each, as they would in a pipeline that costs
    nothing; what else the machine does then takes as much from them as from ours.
    """
    classifier = load_classifier(bundle, variant, 1)
    with ExitStack() as stack:
        halves = [Half(which, bundle.directory, variant, pictures) for which in ("decode", "interpret")]
        for half in halves:
            stack.callback(half.close)
        both: list[list[float]] = []

        def apart() -> float:
            for half in halves:
                half.ask(seconds)
            both.append([half.answer() for half in halves])
            return min(both[-1])

        def through() -> float:
            stop = threading.Event()
            counter = Counter(stop, seconds)
            source = ReplaySource(pictures, rounds=0)
            Pipeline([Lane(source)], classifier, [counter], stop=stop, rules=Rules(top=TOP)).run()
            return counter.rate

        ours, slower = in_turns([through, apart], rounds)
    decoding, judging = (statistics.median(rates) for rates in zip(*both, strict=True))
    note = f"{statistics.median(ours):.0f} a second; decoding alone {decoding:.0f}, interpreter alone {judging:.0f}"
    return Line(f"{what}, pipelined, {variant}: speed against the slower half", ratio(ours, slower), 0.95, True, note)


def reduced(bundle: Bundle, variant: str, large: Sequence[Path], many: Sequence[Path], rounds: int) -> list[Line]:
    """12 megapixels against decoding them all and resizing with antialiasing; and whether labels stay the same."""
    classifier, bare = load_classifier(bundle, variant, 1), Bare(bundle, variant, 1)
    first, second = cycle(large), cycle(large)

    def full() -> object:
        with Image.open(next(second)) as image:
            return bare.resize(image.convert("RGB"))

    taken = in_turns([seconds_of(lambda: preprocess(next(first), classifier.preprocessing)), seconds_of(full)], rounds)
    note = f"{milliseconds(taken[0])} and {milliseconds(taken[1])}"
    fast = Line(
        "12 megapixels to pixels: speed against full decode + resize", ratio(taken[1], taken[0]), 4.0, True, note
    )
    kernels: tuple[Interpolation, ...] = ("bilinear", "box")
    return [fast, *(_same_label(classifier, variant, many, kernel) for kernel in kernels)]


def _same_label(classifier: BundleClassifier, variant: str, pictures: Sequence[Path], kernel: Interpolation) -> Line:
    """Whether reduced decoding leaves a picture its best label."""
    spec = replace(classifier.preprocessing, interpolation=kernel)
    same = sure = same_sure = 0
    for path in pictures:
        with Image.open(path) as image:
            image.load()  # from here on no decoder can reduce
            whole = classifier.classify(preprocess(image, spec)).scores
        seen = classifier.classify(preprocess(path, spec)).scores
        agreed = top_k(whole, 1) == top_k(seen, 1)
        same += agreed
        if whole.max() >= SURE:
            sure += 1
            same_sure += agreed
    return Line(
        f"same best label with reduced decoding, {kernel}, {variant}", same_sure / max(1, sure), 0.995, True,
        f"{same_sure} of {sure} pictures with a best score from {SURE}; {same} of all {len(pictures)}",
    )  # fmt: skip
