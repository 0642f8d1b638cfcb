import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edge_runtime.bundle import golden as samples
from edge_runtime.stages.prepared import Split
from export.proof import golden
from export.proof.parity import Reference

SMALL = (28, 28)


def reference(labels: int, each: int, seed: int = 0) -> Reference:
    """For `each` pictures of each label, in turns, two scores with a random margin; the others are nothing."""
    margin = np.random.default_rng(seed).random(labels * each)
    scores = np.zeros((labels * each, labels), np.float32)
    scores[:, 0], scores[:, 1] = (1 + margin) / 2, (1 - margin) / 2
    return Reference(scores, np.tile(np.arange(labels), each))


def margins(reference: Reference) -> NDArray[np.float32]:
    two = np.sort(reference.scores, axis=1)[:, -2:]
    return np.asarray(two[:, 1] - two[:, 0])


def test_each_label_gives_an_undecided_picture_a_typical_and_an_unsure_one() -> None:
    scores = np.array([[0.99, 0.01], [0.51, 0.49], [0.74, 0.26], [0.98, 0.02], [1.0, 0.0], [0.4, 0.6]], np.float32)
    chosen = golden.choose(Reference(scores, np.array([0, 0, 0, 0, 0, 1])), SMALL)
    assert chosen == [1, 3, 2, 5]  # margins 0.02, 0.96 in the middle of five, 0.48; of the other label there is one


def test_the_most_undecided_picture_of_every_label_is_among_them() -> None:
    given = reference(labels=10, each=40)
    chosen = golden.choose(given, SMALL)
    assert len(chosen) == len(set(chosen)) == 30
    for label in range(10):
        own = np.flatnonzero(given.labels == label)
        assert margins(given)[list(set(own) & set(chosen))].min() == pytest.approx(margins(given)[own].min(), abs=1e-3)


@pytest.mark.parametrize(
    ("labels", "size", "most"),
    [(2, SMALL, 6), (10, SMALL, 30), (25, SMALL, 50), (100, SMALL, 60), (10, (224, 224), 19), (300, (320, 320), 10)],
)
def test_a_device_is_not_asked_for_more_than_it_can_judge_at_its_start(
    labels: int, size: tuple[int, int], most: int
) -> None:
    given = reference(labels, each=5)
    chosen = golden.choose(given, size)
    assert most - 10 < len(chosen) <= most  # two kinds may be the same picture
    assert len({int(label) for label in given.labels[chosen]}) == min(labels, len(chosen), most)


def test_with_too_many_labels_undecided_pictures_and_typical_ones_take_turns() -> None:
    given = reference(labels=200, each=9)
    chosen = golden.choose(given, SMALL)
    ranks = []
    for index in chosen:
        own = np.flatnonzero(given.labels == given.labels[index])
        ranks.append(int((margins(given)[own] < margins(given)[index] - 0.002).sum()))
    assert all(rank == 0 for rank in ranks[::2])
    assert np.median(ranks[1::2]) in (3, 4)


def test_another_processors_rounding_chooses_the_same_pictures() -> None:
    scores = np.full((4, 2), 0.5, np.float32)
    nearly = scores + np.array([[0, 3e-7], [0, 0], [0, 1e-7], [0, 2e-7]], np.float32)
    labels = np.array([0, 0, 0, 0])
    assert golden.choose(Reference(scores, labels), SMALL) == golden.choose(Reference(nearly, labels), SMALL)


def test_the_files_give_back_pictures_and_scores_to_the_bit() -> None:
    given = reference(labels=3, each=4)
    pixels = np.random.default_rng(1).integers(0, 256, (12, 5, 7, 3), np.uint8)
    chosen = golden.choose(given, (5, 7))
    content = golden.files(Split(pixels, given.labels), chosen, ["a", "b", "c"], {"x.tflite": given.scores[chosen]})
    found = samples.from_bytes(content[samples.FILE_NAME]).samples
    assert [sample.label for sample in found] == ["abc"[given.labels[index]] for index in chosen]
    for sample, index in zip(found, chosen, strict=True):
        assert (np.array(sample.scores["x.tflite"], np.float32) == given.scores[index]).all()
        assert (np.asarray(Image.open(io.BytesIO(content[sample.path]))) == pixels[index]).all()
