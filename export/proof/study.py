"""How many representative pictures are enough? What full int8 keeps with more and more of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StudyPoint:
    """One calibration.

    Attributes:
        pictures: How many calibrated.
        top1: Fraction of the judged pictures that the variant labels rightly.
        agreement: Fraction of them that get the Keras model's label.
    """

    pictures: int
    top1: float
    agreement: float


@dataclass(frozen=True)
class Study:
    """A recipe, calibrated with different numbers of pictures.

    Attributes:
        recipe: Which.
        samples: How many pictures were judged.
        split: Which split they are from.
        reference_top1: The Keras model's top-1 on them.
        chosen: How many pictures the shipped variant was calibrated with.
        points: By ascending number of pictures.
    """

    recipe: str
    samples: int
    split: str
    reference_top1: float
    chosen: int
    points: tuple[StudyPoint, ...]
