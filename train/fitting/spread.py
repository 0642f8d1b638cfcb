"""All GPUs of a host at once."""

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from train.backend import NAME, engine, keras


def sharing(batch_size: int, found: Sequence[str]) -> list[str]:
    """Returns as many of the GPUs found as can share out a batch evenly.

    A GPU without a picture would make batch normalisation's mean one of nothing, which is no number.
    """
    return list(found[: max(count for count in range(len(found) + 1) if not count or batch_size % count == 0)])


def gpus() -> list[str]:
    """Returns the names of this host's GPUs, as Keras' backend has them."""
    if NAME == "tensorflow":
        return [device.name for device in engine.config.list_logical_devices("GPU")]
    return [name for name in keras.distribution.list_devices() if not name.startswith("cpu:")]


def spread_over(devices: Sequence[str]) -> Callable[[], AbstractContextManager[Any]]:
    """Returns what makes a block in which models are made that train on all `devices`, an equal part of each batch on
    every one.

    All that trains together is made in blocks of one such function. With one device or none it is trained as ever. On
    JAX the devices are those of all that this process makes from now on.
    """
    if len(devices) < 2:
        return contextlib.nullcontext
    if NAME == "jax":
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=list(devices)))
        return contextlib.nullcontext
    # MirroredStrategy: TensorFlow's one for the devices of a machine that works with Keras 3 (3.15; its issue 20585 is
    # about those for several machines).
    scope: Callable[[], AbstractContextManager[Any]] = engine.distribute.MirroredStrategy(list(devices)).scope
    return scope
