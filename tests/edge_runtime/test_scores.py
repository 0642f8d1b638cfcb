import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge_runtime.scores import Quantisation, Scores, to_scores, top_k

floats = hnp.arrays(np.float32, st.integers(1, 20), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0]))


def test_float_scores_arrive_as_they_are() -> None:
    assert to_scores(np.array([[0.25, 0.75]], np.float32), None).tolist() == [0.25, 0.75]
    assert to_scores(np.array([[0.25, 0.75]], np.float16), None).dtype == np.float32


def test_unsigned_bytes_below_the_zero_point_do_not_wrap_around() -> None:
    scores = to_scores(np.array([[3, 130]], np.uint8), Quantisation(0.5, 128))
    assert scores[0] < 0 < scores[1]  # in uint8, 3 - 128 would be 131


def test_signed_bytes_count_from_the_zero_point() -> None:
    scores = to_scores(np.array([[-128, 0, 127]], np.int8), Quantisation(1 / 256, -128))
    assert scores.tolist() == pytest.approx([0, 128 / 383, 255 / 383])


@given(hnp.arrays(np.int8, st.tuples(st.just(1), st.integers(1, 20))))
def test_quantised_scores_sum_to_one_and_keep_their_order(raw: Scores) -> None:
    scores = to_scores(raw, Quantisation(1 / 256, -128))
    assert np.isfinite(scores).all()
    assert scores.sum() == pytest.approx(1, abs=1e-5) or not scores.any()
    assert top_k(scores, 20) == np.argsort(-raw[0].astype(int), kind="stable").tolist()


def test_equal_scores_come_in_the_order_of_the_labels() -> None:
    assert top_k(np.array([0.2, 0.4, 0.2, 0.4], np.float32), 4) == [1, 3, 0, 2]


@given(floats, st.integers(1, 30))
def test_top_k_are_the_k_best_or_all_there_are(scores: Scores, k: int) -> None:
    found = top_k(scores, k)
    assert len(found) == min(k, len(scores))
    assert scores[found].tolist() == sorted(scores.tolist(), reverse=True)[:k]
