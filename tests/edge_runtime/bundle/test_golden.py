import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.bundle import golden
from edge_runtime.bundle.golden import GoldenSample, GoldenSamples
from edge_runtime.errors import FieldError

scores = st.dictionaries(st.text(), st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple))
samples = st.lists(st.builds(GoldenSample, st.text(), st.text(), scores), min_size=1).map(tuple)


@given(samples)
def test_what_is_written_reads_back_as_the_same_samples(value: tuple[GoldenSample, ...]) -> None:
    assert golden.from_bytes(GoldenSamples(value).to_bytes()) == GoldenSamples(value)


def test_no_sample_at_all_is_refused() -> None:
    with pytest.raises(FieldError, match=r"golden/scores.json: no golden sample in it"):
        golden.from_bytes(GoldenSamples(()).to_bytes())


def test_scores_that_are_not_numbers_are_refused_by_place() -> None:
    content = b'{"samples": [{"path": "a.png", "label": "x", "scores": {"f.tflite": [0.5, null]}}]}'
    with pytest.raises(FieldError, match=r"golden/scores.json: samples\[0\]: scores: f.tflite\[1\]: a number expected"):
        golden.from_bytes(content)


def test_a_score_of_nan_is_refused() -> None:
    content = b'{"samples": [{"path": "a.png", "label": "x", "scores": {"f.tflite": [NaN, 1.0]}}]}'
    with pytest.raises(FieldError, match=r"golden/scores.json: not valid JSON"):
        golden.from_bytes(content)
