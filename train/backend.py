"""The one place that imports TensorFlow and Keras: quietly, and Keras on TensorFlow whatever the user's ~/.keras says.

Importing this module takes seconds and hundreds of megabytes; import it only inside what needs it.
"""

import os
import re

from edge_runtime.native import stderr_without

os.environ["KERAS_BACKEND"] = "tensorflow"
# Does not reach the lines that absl writes before its own start (seen with TensorFlow 2.21).
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
NOISE = re.compile(rb".*")

with stderr_without(NOISE):
    import keras
    import tensorflow

    tensorflow.constant(0)  # starts the device runtime, which has a few lines to say as well

__all__ = ["keras", "tensorflow"]
