"""What took part, for the record."""

import platform
from importlib.metadata import PackageNotFoundError, version

import edge_runtime
from train.framework import FrameworkName, framework

# Of tensorflow and tensorflow-cpu one is there.
FRAMEWORKS: dict[FrameworkName, tuple[str, ...]] = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "jax": ("jax",)}


def versions() -> dict[str, str]:
    """Returns the version of Python, of the kit and of each library that takes part, without importing any."""
    found = {"python": platform.python_version(), "edge-runtime": edge_runtime.__version__}
    for name in ("keras", *FRAMEWORKS[framework()], "numpy", "pillow", "scikit-learn"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
