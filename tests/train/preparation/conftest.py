"""A folder of many tiny pictures: more than are prepared between two records of how far it is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

COUNT = 1000


def write_noise(folder: Path, count: int, seed: int = 0) -> None:
    """Writes pictures of noise, 8 × 8 pixels, each another one."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        noise = np.random.default_rng([seed, number]).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{number:04}.png")


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,000 pictures of two labels. Tests leave it as it is."""
    root = tmp_path_factory.mktemp("many") / "pictures"
    for seed, label in enumerate(("나사", "nut")):
        write_noise(root / label, COUNT // 2, seed)
    return root
