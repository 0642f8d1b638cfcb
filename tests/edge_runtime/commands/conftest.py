"""Real pictures in folders named after their labels, as a user would have them."""

from pathlib import Path

import pytest
from PIL import Image

from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import PREFERENCE, default_threads
from edge_runtime.sources.files import folder_name
from edge_runtime.stages.prepared import Prepared
from edge_runtime.timings import key_of, place, remember


@pytest.fixture(scope="session", autouse=True)
def remembered(bundle: Bundle, cache: Path) -> None:
    """As if `auto` had found here that the preferred variant is the fastest: tests must not depend on the machine."""
    seconds = {name: float(rank) for rank, name in enumerate(PREFERENCE, 1)}
    assert place().is_relative_to(cache)
    remember(place(), key_of(bundle, default_threads()), seconds)


@pytest.fixture(scope="session")
def pictures(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve test pictures as PNG files, ``<label>/<number>.png``."""
    directory = tmp_path_factory.mktemp("pictures")
    split = prepared.split("test")
    for number in range(12):
        folder = directory / folder_name(prepared.record.spec.labels[split.labels[number]])
        folder.mkdir(exist_ok=True)
        Image.fromarray(split.pixels[number]).save(folder / f"{number:02}.png")
    return directory


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    directory = tmp_path / "들어온 사진"
    directory.mkdir()
    return directory
