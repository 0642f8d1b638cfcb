"""The files beside ``model.keras`` that say what is in it, for people and for other programs."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edge_runtime.files import write_atomically
from train.models.cost import cost
from train.models.diagram import diagram
from train.models.names import ARCHITECTURE, DIAGRAM, SUMMARY, WEIGHTS

COLUMNS = 100


def describe(run: Path, model: Any) -> None:
    """Writes a summary, the architecture as JSON and as a picture, and the weights; the same for the same model.

    Args:
        run: The run directory.
        model: As it was saved.

    Raises:
        OSError: The disk refused.
    """
    write_atomically(run / SUMMARY, summary(model).encode())
    write_atomically(run / ARCHITECTURE, (model.to_json(indent=1) + "\n").encode())
    write_atomically(run / WEIGHTS, weights(model))
    write_atomically(run / DIAGRAM, diagram(model))


def summary(model: Any) -> str:
    """Returns Keras' table of layers, and what the model costs."""
    lines: list[str] = []
    with _wide():
        model.summary(line_length=COLUMNS, print_fn=lines.append)
    return "\n".join(line.rstrip() for line in "\n".join(lines).splitlines()) + f"\n\n{model.name}: {cost(model)}\n"


@contextlib.contextmanager
def _wide() -> Iterator[None]:
    """Keeps the terminal's width out of it: in one of 80 columns the number of parameters would be cut off."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(COLUMNS + 1)
    try:
        yield
    finally:
        del os.environ["COLUMNS"]
        if before is not None:
            os.environ["COLUMNS"] = before


def weights(model: Any) -> bytes:
    """Returns what ``model.save_weights`` writes."""
    with TemporaryDirectory() as place:
        path = Path(place) / WEIGHTS
        model.save_weights(path)
        return path.read_bytes()
