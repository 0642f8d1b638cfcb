"""Which framework Keras runs on: TensorFlow, or JAX, which can train over several hosts. Imports neither."""

import os
from typing import Literal

from edge_runtime.errors import UsageError

FrameworkName = Literal["tensorflow", "jax"]
VARIABLE = "KERAS_BACKEND"  # Keras' own name for it
TITLES: dict[FrameworkName, str] = {"tensorflow": "TensorFlow", "jax": "JAX"}


def framework() -> FrameworkName:
    """Returns the framework that the environment chooses; ~/.keras has no say.

    Raises:
        UsageError: It chooses one that the kit does not know.
    """
    chosen = os.environ.get(VARIABLE) or "tensorflow"
    for name in TITLES:
        if chosen == name:
            return name
    raise UsageError(f"{VARIABLE}={chosen}: tensorflow or jax expected; without {VARIABLE} it is tensorflow")
