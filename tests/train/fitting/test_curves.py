import io

from PIL import Image

from train.drawing import RIGHT
from train.fitting.curves import learning_curves
from train.fitting.history import Epoch


def test_one_epoch_is_enough_for_curves() -> None:
    image = Image.open(io.BytesIO(learning_curves((Epoch(1, 0.5, 0.8, 0.6, 0.7, 1e-3, 1.5),), best_epoch=1)))
    blue = tuple(bytes.fromhex(RIGHT[1:]))
    assert blue in {colour for _, colour in image.convert("RGB").getcolors(2**24) or []}
