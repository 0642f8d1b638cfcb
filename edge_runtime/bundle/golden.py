"""Golden samples: a few real inputs and the scores each variant gave for them at export."""

from edge_runtime.bundle import fields
from edge_runtime.errors import FieldError
from edge_runtime.frozen import dataclass

FILE_NAME = "golden/scores.json"


@dataclass(frozen=True)
class GoldenSample:
    """One picture of the bundle.

    Attributes:
        path: The PNG in the bundle.
        label: Its true label.
        scores: By variant name, one score a label.
    """

    path: str
    label: str
    scores: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class GoldenSamples:
    samples: tuple[GoldenSample, ...]

    def to_bytes(self) -> bytes:
        return fields.canonical(self)


def from_bytes(content: bytes) -> GoldenSamples:
    """Returns the samples in `content`.

    Raises:
        FieldError: It is not the text of golden samples, or holds none: proving nothing would pass for a proof.
    """
    found = fields.parse(GoldenSamples, fields.decode(content, FILE_NAME), FILE_NAME)
    if not found.samples:
        raise FieldError(f"{FILE_NAME}: no golden sample in it")
    return found
