import io

import numpy as np
import pytest
from PIL import Image

from train.augmentation.picture import samples
from train.augmentation.settings import Augmentation

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize("count", [40, 3], ids=["more than 25", "fewer"])
@pytest.mark.parametrize("settings", [Augmentation(rotation=10, flip=True), Augmentation(cutmix=1.0)])
def test_pictures_are_shown_as_training_sees_them(count: int, settings: Augmentation) -> None:
    shown = samples(PIXELS[:count], np.zeros(count, np.int64), 2, settings, 0)
    assert Image.open(io.BytesIO(shown)).format == "PNG"
    assert shown == samples(PIXELS[:count], np.zeros(count, np.int64), 2, settings, 0)
    assert shown != samples(PIXELS[:count], np.zeros(count, np.int64), 2, settings, 1)
