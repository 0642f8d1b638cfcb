"""What took part, for the record."""

import platform
from importlib.metadata import PackageNotFoundError, version

import edge_runtime

LIBRARIES = ("keras", "tensorflow", "tensorflow-cpu", "numpy", "pillow", "scikit-learn")


def versions() -> dict[str, str]:
    """Returns the version of Python, of the kit and of each library that is installed, without importing any."""
    found = {"python": platform.python_version(), "edge-runtime": edge_runtime.__version__}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # of tensorflow and tensorflow-cpu one is there
    return found
