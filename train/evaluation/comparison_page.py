"""The page of a comparison: one file, with the pictures on which two runs differ."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import Prepared, open_prepared
from train.evaluation.compare import Comparison, told
from train.evaluation.judging import SPLIT, split_digest
from train.pages.rendering import render
from train.pages.thumbnail import thumbnail

TEMPLATE = Path(__file__).parent / "templates" / "compare.html"
PICTURES = 24  # of each kind


def page(found: Comparison, data: Path | None = None) -> bytes:
    """Returns the comparison as a page; with pictures, if their dataset is at `data` or where a run found it."""
    prepared = _dataset(found, data)
    one, other = found.first.verdicts, found.second.verdicts
    groups = [
        (f"Only {found.second.name} is right", other.right & ~one.right, other.score),
        (f"Only {found.first.name} is right", one.right & ~other.right, one.score),
        (
            "Both are wrong, each in its own way",
            ~one.right & ~other.right & (one.predicted != other.predicted),
            np.minimum(one.loss, other.loss),
        ),
    ]
    return render(
        TEMPLATE,
        found=found,
        sides=(found.first, found.second),
        p=told(found.p),
        shown=prepared is not None,
        size=found.first.run.spec.preprocessing.size,
        groups=[
            (title, int(chosen.sum()), _pictures(found, chosen, order, prepared)) for title, chosen, order in groups
        ],
    )


def _pictures(
    found: Comparison, chosen: NDArray[np.bool_], order: NDArray[Any], prepared: Prepared | None
) -> list[dict[str, Any]]:
    """Returns the surest of the pictures that were chosen."""
    places = np.flatnonzero(chosen)
    places = places[np.argsort(-order[places], kind="stable")][:PICTURES]
    labels, pixels = found.first.run.spec.labels, None if prepared is None else prepared.split(SPLIT).pixels
    return [
        {
            "name": found.pictures.names[at],
            "label": labels[int(found.first.verdicts.label[at])],
            "got": [
                (
                    labels[int(side.verdicts.predicted[at])],
                    float(side.verdicts.score[at]),
                    bool(side.verdicts.right[at]),
                )
                for side in (found.first, found.second)
            ],
            "image": None if pixels is None else thumbnail(pixels[at]),
        }
        for at in places
    ]


def _dataset(found: Comparison, data: Path | None) -> Prepared | None:
    places = [data] if data else [Path(side.run.record.data) for side in (found.first, found.second)]
    for place in places:
        try:
            prepared = open_prepared(place)
        except DatasetError:
            continue
        if split_digest(prepared, SPLIT) == found.pictures.digest:
            return prepared
    return None
