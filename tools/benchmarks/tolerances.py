"""How far apart the scores of one variant are under different interpreters, versions, kernels and processors.

    python -m tools.benchmarks.tolerances BUNDLE DATA [--variant NAME] [--only WORD] [--json FILE]

DATA is a prepared dataset, whose test split is judged, or a directory of pictures. What is compared with is this
environment's interpreter on one thread, which is what exports. The tolerances of export/conversion/recipes.py come from
here. Takes minutes, a few hundred MB of the cache, and no root.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.manifest import Variant
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.commands.numbers import positive
from edge_runtime.commands.table import table
from edge_runtime.console import guard, say
from edge_runtime.errors import DatasetError
from edge_runtime.preprocess import preprocess
from edge_runtime.proof import read_golden
from edge_runtime.scores import Scores
from edge_runtime.sources.files import is_picture
from edge_runtime.stages.prepared import FILE_NAME, open_prepared
from tools.benchmarks.edge import CACHE
from tools.benchmarks.foreign import SETTINGS, Setting, scores
from tools.choices import Failure


@dataclass(frozen=True)
class Figures:
    """How far one variant in one setting is from the same file where it was exported.

    Attributes:
        variant: Its name.
        setting: See `Setting.name`.
        pictures: How many were judged.
        largest: Difference of a score, over all pictures and labels.
        usual: The 99.9th percentile of each picture's largest difference.
        beyond: Pictures whose largest difference is beyond the bundle's tolerance.
        other: Pictures that get another label.
        golden: Golden samples that fail.
        problem: Why there are no figures; "" where there are.
    """

    variant: str
    setting: str
    pictures: int = 0
    largest: float = 0.0
    usual: float = 0.0
    beyond: int = 0
    other: int = 0
    golden: int = 0
    problem: str = ""


def figures(variant: str, setting: str, found: Scores, wanted: Scores, golden: Scores, tolerance: float) -> Figures:
    """Compares scores float32 ``[n, labels]``; the last of `found` are those of the golden samples.

    Args:
        variant: Its name.
        setting: Its name.
        found: In the setting, of `n` pictures and all golden samples.
        wanted: At export, of the `n` pictures.
        golden: What the bundle says of the golden samples.
        tolerance: The bundle's. A score that is not a number is beyond it.
    """
    count = len(found) - len(golden)
    apart = np.abs(found[:count] - wanted[:count]).max(axis=1)
    failed = ~(np.abs(found[count:] - golden).max(axis=1) <= tolerance)
    return Figures(
        variant,
        setting,
        count,
        float(apart.max()),
        float(np.quantile(apart, 0.999)),
        int((~(apart <= tolerance)).sum()),
        int((found[:count].argmax(1) != wanted[:count].argmax(1)).sum()),
        int(failed.sum()),
    )


def measure(bundle: Bundle, variant: Variant, settings: Sequence[Setting], given: Given, place: Path) -> list[Figures]:
    """Runs one variant in each setting for its format."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="tolerances-") as directory:
        scratch, model = Path(directory), bundle.file(variant.path)
        golden = np.array([sample.scores[variant.name] for sample in read_golden(bundle).samples], np.float32)
        files = {}
        for slow, count in ((False, len(given.pixels)), (True, given.slow)):
            files[slow] = scratch / f"pixels-{slow}.npy"
            np.save(files[slow], np.concatenate([given.pixels[:count], given.golden]))
        scores(Setting(variant.format), model, files[False], scratch / "wanted.npy", place)
        wanted = np.load(scratch / "wanted.npy")
        for setting in (setting for setting in settings if setting.format == variant.format):
            try:
                scores(setting, model, files[setting.slow], scratch / "found.npy", place)
                found = np.load(scratch / "found.npy")
                row = figures(variant.name, setting.name, found, wanted, golden, variant.tolerance)
            except Failure as problem:
                row = Figures(variant.name, setting.name, problem=str(problem))
            say(f"tolerances: {row.variant}: {row.setting}: {row.problem or f'{row.largest:.2g}'}")
            rows.append(row)
    return rows


@dataclass(frozen=True)
class Given:
    """What is judged: uint8 ``[n, h, w, 3]``, the golden samples likewise, and how many where it is slow."""

    pixels: NDArray[np.uint8]
    golden: NDArray[np.uint8]
    slow: int


def pictures(bundle: Bundle, data: Path, count: int) -> NDArray[np.uint8]:
    """Returns at most `count` pictures as the bundle's model takes them.

    Raises:
        DatasetError: `data` is neither a prepared dataset for this model nor a directory of pictures.
    """
    spec = bundle.manifest.spec.preprocessing
    if (data / FILE_NAME).is_file():
        prepared = open_prepared(data)
        if prepared.record.spec.preprocessing != spec:
            raise DatasetError(f"{data}: {prepared.record.spec.preprocessing} found, the bundle takes {spec}")
        return np.asarray(prepared.split("test").pixels[:count])
    paths = sorted(path for path in data.glob("*") if is_picture(path))
    if not paths:
        raise DatasetError(f"{data}: a prepared dataset or a directory of pictures expected")
    taken = np.linspace(0, len(paths) - 1, min(count, len(paths))).astype(int)  # of all photographs, not of the first
    return np.stack([preprocess(paths[place], spec) for place in taken])


def text(rows: Sequence[Figures], golden: int) -> str:
    cells = []
    for row in rows:
        if row.problem:
            cells.append([row.variant, row.setting, "", "", "", "", "", row.problem])
            continue
        measured = [f"{row.largest:.2g}", f"{row.usual:.2g}", str(row.beyond), str(row.other)]
        cells.append([row.variant, row.setting, str(row.pictures), *measured, f"{row.golden} of {golden}"])
    header = ["variant", "setting", "pictures", "largest", "99.9 %", "beyond", "other label", "golden failed"]
    return table(header, cells, right=(2, 3, 4, 5, 6))


def main() -> int:
    parser = argparse.ArgumentParser("tolerances", description="How far apart interpreters are.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("data", type=Path, help="a prepared dataset, or a directory of pictures")
    parser.add_argument("--variant", metavar="NAME", help="this one only (default: all)")
    parser.add_argument("--only", default="", metavar="WORD", help="settings with this in their name, as cortex")
    parser.add_argument("--pictures", type=positive, default=2000, metavar="N", help="(default: %(default)s)")
    parser.add_argument(
        "--slow", type=positive, default=500, metavar="N", help="where it is emulated (default: %(default)s)"
    )
    parser.add_argument("--fast", action="store_true", help="only where nothing is emulated")
    parser.add_argument("--cache", type=Path, default=CACHE / "tolerances", help="(default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()

    def work() -> int:
        bundle = open_bundle(arguments.bundle)
        spec = bundle.manifest.spec.preprocessing
        golden = np.stack([preprocess(bundle.file(one.path), spec) for one in read_golden(bundle).samples])
        given = Given(pictures(bundle, arguments.data, arguments.pictures), golden, arguments.slow)
        chosen = [bundle.variant(arguments.variant)] if arguments.variant else bundle.manifest.variants
        settings = [one for one in SETTINGS if arguments.only in one.name and not (arguments.fast and one.slow)]
        rows = [row for one in chosen for row in measure(bundle, one, settings, given, arguments.cache)]
        if arguments.json:
            arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
        print(text(rows, len(golden)))
        return 0

    return guard("tolerances", work)


if __name__ == "__main__":
    sys.exit(main())
