"""All GPUs of a host at once, with TensorFlow; JAX' are `train.distributed.parallel`'s."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from train.backend import NAME, engine


def gpus() -> list[str]:
    """Returns the names of the GPUs that TensorFlow sees; none on JAX."""
    return [device.name for device in engine.config.list_logical_devices("GPU")] if NAME == "tensorflow" else []


@contextlib.contextmanager
def spread_over(devices: Sequence[str]) -> Iterator[Any]:
    """Lets a model that is made in the block train on all `devices`, an equal part of each batch on every one.

    With one device or none it is trained as ever.
    """
    if len(devices) < 2:
        yield
        return
    # MirroredStrategy: TensorFlow's one for the devices of a machine that works with Keras 3 (3.15; its issue 20585 is
    # about those for several machines).
    with engine.distribute.MirroredStrategy(list(devices)).scope():
        yield
