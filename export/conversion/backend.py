"""Where export imports TensorFlow and Keras: quietly, Keras on TensorFlow whatever ~/.keras says, and on the CPU."""

import contextlib
import os
import re

from edge_runtime.device.native import stderr_without

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # does not reach what is written before absl's own start
NOISE = re.compile(rb".*")

with stderr_without(NOISE):
    import keras
    import tensorflow

    # On the CPU: each of the processes that convert side by side would take all memory of every GPU.
    with contextlib.suppress(RuntimeError):  # too late where training is in the same process, as in tests alone
        tensorflow.config.set_visible_devices([], "GPU")
    tensorflow.constant(0)  # starts the device runtime, which has a few lines to say as well

__all__ = ["keras", "tensorflow"]
