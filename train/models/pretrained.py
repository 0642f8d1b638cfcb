"""Weights that a backbone brings along: ImageNet's, or a file's, put into the layers by their names.

Nothing in a file is executed: of a ``.keras`` file only the arrays are read.
"""

import importlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import UsageError
from train.models.arrays import Arrays
from train.models.registry import IMAGENET, NETWORKS

INSIDE = "model.weights.h5"  # where a .keras file has them
EXPECTED = "an .npz with a key layer/number for each array, an .h5 of weights, or a .keras file expected"


def arrays(model: str, weights: str) -> Arrays:
    """Returns the arrays of each layer by its name.

    Args:
        model: The backbone's name.
        weights: Empty or `imagenet` for ImageNet's, or a file.

    Raises:
        UsageError: They cannot be read or fetched.
    """
    return _imagenet(model) if weights in ("", IMAGENET) else read(Path(weights))


def read(path: Path) -> Arrays:
    """Returns the arrays in a file by the names of their layers.

    Raises:
        UsageError: It cannot be read, or is something else.
    """
    try:
        with path.open("rb") as file:
            if path.suffix == ".npz":
                return _npz(file)
            if path.suffix == ".keras":
                with zipfile.ZipFile(file) as archive:
                    return _h5(io.BytesIO(archive.read(INSIDE)))
            if path.suffix == ".h5":
                return _h5(file)
    except OSError as error:
        if error.strerror is None:  # h5py's, of a file that is none
            raise UsageError(f"--weights {path}: {EXPECTED}, {error} found") from error
        raise UsageError(f"--weights {path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise UsageError(f"--weights {path}: {EXPECTED}, something else found: {error}") from error
    raise UsageError(f"--weights {path}: {EXPECTED}; 'imagenet' takes ImageNet's, 'none' begins with random ones")


def fill(model: Any, name: str, found: Arrays, besides: Sequence[str] = ()) -> None:
    """Copies arrays into the layers of their names; a file may hold more, such as its own last layer.

    Args:
        model: Every layer of it that has weights gets its own.
        name: What to call it in errors.
        found: The arrays by the layers' names.
        besides: Layers that keep what they have.

    Raises:
        UsageError: A layer has none, or of another shape.
    """
    for layer in model.layers:
        if not layer.weights or layer.name in besides:
            continue
        wanted = [tuple(weight.shape) for weight in layer.weights]
        values = found.get(layer.name)
        if values is None:
            raise UsageError(
                f"--weights: none for {name}'s layer '{layer.name}' among {len(found)} layers; "
                f"is it the file of another network?"
            )
        if [value.shape for value in values] != wanted:
            shapes = [value.shape for value in values]
            raise UsageError(
                f"--weights: {name}'s layer '{layer.name}' takes {_told(wanted)}, {_told(shapes)} found; "
                "is it the file of another network, or of another width?"
            )
        layer.set_weights(values)


def _npz(file: BinaryIO) -> Arrays:
    grouped: dict[str, dict[int, NDArray[Any]]] = {}
    with np.load(file, allow_pickle=False) as content:
        for key in content.files:
            layer, _, number = key.rpartition("/")
            grouped.setdefault(layer, {})[int(number)] = content[key]
    return {layer: [values[number] for number in sorted(values)] for layer, values in grouped.items()}


def _h5(file: BinaryIO) -> Arrays:
    """Reads both of Keras' layouts: today's, and the one of its ImageNet files."""
    found: dict[str, list[NDArray[Any]]] = {}
    with h5py.File(file, "r") as content:
        old = content.get("model_weights", content)
        if "layer_names" in old.attrs:
            for name in map(_text, old.attrs["layer_names"]):
                weights = [old[name][_text(key)][()] for key in old[name].attrs["weight_names"]]
                if weights:
                    found[name] = weights
            return found

        def note(path: str, part: Any) -> None:
            if isinstance(part, h5py.Group) and "name" in part.attrs and len(part):
                found[_text(part.attrs["name"])] = [part[key][()] for key in sorted(part, key=int)]

        content.visititems(note)
    if not found:
        raise ValueError("no layer has a name in it; save it anew with Keras 3.10 or later")
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _imagenet(model: str) -> Arrays:
    try:
        found: Arrays = importlib.import_module(f"train.models.{NETWORKS[model].module}").imagenet()
    except UsageError:
        raise
    except Exception as error:  # Keras raises a bare Exception for what the network did, ValueError for a wrong digest
        raise UsageError(
            f"{model}: its ImageNet weights could not be fetched: {_short(error)}. Without network, copy the file "
            f"there from a machine that has one (it keeps it in ~/.keras/models) and give it with --weights FILE, "
            "begin with random ones with --weights none, or take efficientnet_lite0, which has its weights with it"
        ) from error
    return found


def _short(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300].rstrip(".")


def _told(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(str(list(shape)) for shape in shapes) or "nothing"
