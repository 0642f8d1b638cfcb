"""Where export imports TensorFlow and Keras: quietly, and Keras on TensorFlow whatever ~/.keras says."""

import os
import re

from edge_runtime.device.native import stderr_without

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # does not reach what is written before absl's own start
NOISE = re.compile(rb".*")

with stderr_without(NOISE):
    import keras
    import tensorflow

    tensorflow.constant(0)  # starts the device runtime, which has a few lines to say as well

__all__ = ["keras", "tensorflow"]
