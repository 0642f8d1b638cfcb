"""Loads a trained model, with a sentence for each way in which that can fail."""

import zipfile
from pathlib import Path
from typing import Any

from edge_runtime.errors import RunError
from export.conversion.backend import keras
from export.conversion.saved_model import SavedModel

AGAIN = "copy it again, or save it again with model.save()"


def load_model(source: Path) -> Any:
    """Returns a Keras model, or a SavedModel that is called as one.

    Args:
        source: A ``.keras`` (or ``.h5``) file, or the directory of a SavedModel.

    Raises:
        RunError: It cannot be loaded.
    """
    if source.is_dir():
        return SavedModel(source)
    if not source.is_file():
        raise RunError(f"{source}: no such model; give a .keras file or the directory of a SavedModel")
    if source.suffix == ".keras" and not zipfile.is_zipfile(source):  # of such a file Keras says that it is not found
        size = source.stat().st_size
        raise RunError(
            f"{source}: an archive as model.save() writes it expected, {size} bytes of something else found; {AGAIN}"
        )
    try:
        return keras.models.load_model(source, compile=False)
    except (ValueError, OSError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise RunError(f"{source}: Keras {keras.__version__} cannot load it: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    # Keras wraps the reason into what it was deserialising: three paragraphs, the last of which says it.
    first = text.rpartition("Exception encountered: ")[2].splitlines()[0].partition(". ")[0]
    if any(word in text for word in ("Could not locate", "safe_mode")):
        return (
            f"{first}: it has code of its own. Save it with model.export(DIRECTORY), which writes the code's graph, "
            "and give that directory to 'python -m export import'"
        )
    return f"{first}; {AGAIN}"
