"""A recurrent network that reads a picture as a sequence of rows."""

from typing import Any

from train.backend import keras

# Every row is a copy of the cell in the graph: 28 rows are some 400 operators of TFLite.
MOST_ROWS = 48


def features(x: Any, size: tuple[int, int], width: int) -> Any:
    """Returns what is remembered after the last row.

    Unrolled: a loop over a list of tensors would need TensorFlow's own operators ("Flex"), which no device has.

    Args:
        x: Pixels 0 to 1.
        size: Height and width in pixels; of a picture with more than 48 rows the mean of neighbours is read.
        width: Units of the cell.
    """
    layers = keras.layers
    factor = -(-size[0] // MOST_ROWS)
    if factor > 1:
        x = layers.AveragePooling2D(min(factor, *size))(x)
    rows, columns, channels = x.shape[1:]
    return layers.LSTM(width, unroll=True, use_cudnn=False)(layers.Reshape((rows, columns * channels))(x))
