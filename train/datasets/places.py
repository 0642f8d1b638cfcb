"""Where a dataset that everybody knows may be. Each place gives the directory with the files or says why it cannot."""

import contextlib
import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from edge_runtime.console import say
from edge_runtime.errors import DatasetError
from train.datasets.debian import PACKAGE, unpack
from train.debian_package import PackageError

Missing = Callable[[Path], list[str]]
DOWNLOAD_TIMEOUT = 20.0  # seconds without a byte; Keras itself would wait for ever


class Place(Protocol):
    """A place that may hold the files or can get them."""

    @property
    def title(self) -> str: ...

    def directory(self, missing: Missing) -> Path | str:
        """Returns a directory of which `missing` says nothing is, or the reason why there is none."""


class Directory:
    """A directory that may be there already."""

    def __init__(self, title: str, path: Callable[[], Path]) -> None:
        self.title = title
        self._path = path

    def directory(self, missing: Missing) -> Path | str:
        path = self._path()
        if not path.is_dir():
            return f"{path} is not there"
        lacking = missing(path)
        return f"{path} lacks {', '.join(lacking)}" if lacking else path


class KerasDownload:
    """Keras' own download, which keeps the files for the next time.

    Args:
        name: What Keras calls the dataset.
        size: Of the download in MB.
        folder: Where below its datasets Keras keeps the files.
    """

    title = "Keras' download"

    def __init__(self, name: str, size: int, folder: str = ".") -> None:
        self._name = name
        self._size = size
        self._folder = folder

    def directory(self, missing: Missing) -> Path | str:
        path = keras_home() / "datasets" / self._folder
        if not missing(path):
            return path
        say(f"{self._name}: downloading it through Keras ({self._size} MB) …")
        before = socket.getdefaulttimeout()
        socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)
        try:
            with contextlib.redirect_stdout(sys.stderr):
                from train.backend import keras

                getattr(keras.datasets, self._name).load_data()
        except Exception as error:  # noqa: BLE001  urllib's, ssl's, Keras' own bare Exception, or no TensorFlow at all
            return " ".join(str(error).split()) or type(error).__name__
        finally:
            socket.setdefaulttimeout(before)
        lacking = missing(path)
        return f"downloaded, but {path} lacks {', '.join(lacking)}" if lacking else path


class DebianPackage:
    """The Debian package, unpacked into the kit's cache; needs no root and installs nothing."""

    title = f"Debian package {PACKAGE}"

    def directory(self, missing: Missing) -> Path | str:
        say(f"Fashion-MNIST: getting the Debian package {PACKAGE} (31 MB) without installing it …")
        try:
            path = unpack(kit_cache())
        except PackageError as error:
            return str(error)
        except OSError as error:
            return f"{error.filename or kit_cache()}: {error.strerror or error}"
        lacking = missing(path)
        return f"unpacked, but {path} lacks {', '.join(lacking)}" if lacking else path


def kit_cache() -> Path:
    """Returns where the kit keeps Fashion-MNIST, by the XDG Base Directory Specification."""
    # A relative $XDG_CACHE_HOME must be ignored, says the specification.
    home = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(home) if os.path.isabs(home) else Path(os.path.expanduser("~/.cache"))
    return cache / "edge-runtime" / "fashion-mnist"


def keras_home() -> Path:
    """Returns Keras' directory, as `keras.src.backend.config` chooses it, without importing Keras."""
    return Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))


PLACES: tuple[Place, ...] = (
    Directory("the kit's cache", kit_cache),
    Directory("the installed Debian package", lambda: Path("/usr/share/datasets/fashion-mnist")),
    KerasDownload("fashion_mnist", 31, "fashion-mnist"),
    DebianPackage(),
)
WAYS_OUT = (
    f"Either install it with 'apt install {PACKAGE}', "
    "or put the four files {train,t10k}-{images-idx3,labels-idx1}-ubyte.gz into a directory and say --data DIR."
)
NOT_FOUND = ("Fashion-MNIST was not found", WAYS_OUT)


def search(places: Sequence[Place], missing: Missing, not_found: tuple[str, str] = NOT_FOUND) -> Path:
    """Returns the directory of the first place that has every file.

    Args:
        places: Where to look, in this order.
        missing: Says which files a directory lacks.
        not_found: What to say when no place has them, and the ways out.

    Raises:
        DatasetError: None has; the message names every place with its reason.
    """
    reasons = []
    for place in places:
        found = place.directory(missing)
        if isinstance(found, Path):
            return found
        reasons.append(f"  - {place.title}: {found}")
    raise DatasetError(f"{not_found[0]}. Tried:\n" + "\n".join(reasons) + f"\n{not_found[1]}")
