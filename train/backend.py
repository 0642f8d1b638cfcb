"""The one place that imports Keras and the framework below it: quietly, and whatever the user's ~/.keras says.

Importing this module takes seconds and hundreds of megabytes; import it only inside what needs it.
"""

import importlib
import os
import re
import sys
from importlib.abc import MetaPathFinder
from typing import Any

from edge_runtime.device.native import stderr_without
from edge_runtime.errors import EdgeError
from train.framework import TITLES, VARIABLE, framework

NAME = framework()
os.environ[VARIABLE] = NAME
os.environ["KERAS_NNX_ENABLED"] = "false"  # else ~/.keras could ask for Flax, which is not there
# Does not reach the lines that absl writes before its own start (seen with TensorFlow 2.21).
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Without this TensorFlow takes all memory of every GPU it sees, and a server's other users find none. Not by its
# set_memory_growth: that fails once the device runtime has started, as it has below.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
NOISE = re.compile(rb".*")


class _WithoutTensorFlow(MetaPathFinder):
    """Keeps Keras on JAX from importing TensorFlow too where it happens to be installed.

    It would take 4 s and talk, and what works here might not in an image that has JAX alone. (Not by None in
    `sys.modules`: Keras 3.15 takes the mere key for an imported TensorFlow.)
    """

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "tensorflow":
            raise ModuleNotFoundError("Keras runs on JAX here", name=fullname)


if NAME == "jax":
    sys.meta_path.insert(0, _WithoutTensorFlow())
try:
    with stderr_without(NOISE):
        import keras

        engine: Any = importlib.import_module(NAME)  # TensorFlow's or JAX' own module
        if NAME == "tensorflow":
            engine.constant(0)  # starts the device runtime, which has a few lines to say as well
except ModuleNotFoundError as error:
    other = "jax" if NAME == "tensorflow" else "tensorflow"
    raise EdgeError(
        f"Keras is to run on {TITLES[NAME]}, and '{str(error.name).split('.')[0]}' is not installed here; "
        f"install it, or run on the other one with {VARIABLE}={other}"
    ) from error

# As Keras comes; ~/.keras may say otherwise.
keras.config.set_floatx("float32")
keras.config.set_image_data_format("channels_last")
keras.config.set_epsilon(1e-7)

__all__ = ["engine", "keras"]
