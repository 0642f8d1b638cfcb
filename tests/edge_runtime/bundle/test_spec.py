import pytest

from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.errors import FieldError

SEEN = PreprocessingSpec((28, 28))


@pytest.mark.parametrize("size", [(0, 28), (28, -1)])
def test_a_size_without_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(FieldError, match="size: height and width of at least 1 expected"):
        PreprocessingSpec(size)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (("one",), "labels: at least 2 expected, 1 found"),
        (("a", "b", "a"), "labels: 'a' is given twice"),
        (("a", ""), "labels: '' cannot be a line of labels.txt"),
        (("a", " "), "labels: ' ' cannot be a line of labels.txt"),
        (("a", "b\nc"), r"labels: 'b\nc' cannot be a line of labels.txt"),
    ],
)
def test_labels_that_cannot_be_told_apart_in_a_text_file_are_refused(labels: tuple[str, ...], message: str) -> None:
    with pytest.raises(FieldError) as refused:
        ModelSpec(labels, SEEN)
    assert str(refused.value) == message


def test_labels_of_every_language_are_taken() -> None:
    assert ModelSpec(("신발", "Ankle boot", "T-shirt/top"), SEEN).labels[0] == "신발"
