from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import RunError
from train.evaluation.suspects import LISTED, suspects
from train.evaluation.suspects import to_csv as suspects_csv
from train.evaluation.verdicts import read_csv, to_csv, verdicts

LABELS = ("볼트, lang", "nut")
SCORES = np.array([[0.9, 0.1], [0.2, 0.8], [0.99, 0.01], [0.4, 0.6]], np.float32)
TRUE = np.array([0, 0, 1, 1])


def test_blocks_give_what_the_whole_gives() -> None:
    whole, parts = verdicts(TRUE, [SCORES]), verdicts(TRUE, [SCORES[:3], SCORES[3:]])
    for name in ("label", "predicted", "score", "loss"):
        assert (getattr(whole, name) == getattr(parts, name)).all()
    assert whole.right.tolist() == [True, False, False, True]


def test_a_table_reads_back_to_what_was_written(tmp_path: Path) -> None:
    found = verdicts(TRUE, [SCORES])
    names = ("a/1.jpg", "with, comma.jpg", 'with "quotes".jpg', "d\n.jpg")
    (tmp_path / "predictions.csv").write_bytes(to_csv(found, LABELS, names))
    back, called = read_csv(tmp_path / "predictions.csv", LABELS)
    assert called == names
    assert (back.predicted == found.predicted).all()
    assert (back.label == found.label).all()
    assert back.loss == pytest.approx(found.loss, rel=1e-5)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a,b\n1,2\n", b"picture,label,predicted,score,loss\n"])
def test_something_else_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "predictions.csv").write_bytes(content)
    with pytest.raises(RunError, match=r"predictions\.csv: cannot be read as predictions: .*; evaluate the run again"):
        read_csv(tmp_path / "predictions.csv", LABELS)


def test_the_picture_whose_label_is_least_likely_is_the_first_suspect() -> None:
    found = suspects("train", verdicts(TRUE, [SCORES]), ("a", "b", "c", "d"))
    assert [(one.name, one.label, one.predicted) for one in found] == [("c", 1, 0), ("b", 0, 1)]
    assert suspects_csv(found, LABELS).decode().splitlines()[1] == 'train,2,c,nut,"볼트, lang",0.9900,4.6052'


def test_no_more_suspects_are_listed_than_a_person_can_look_at() -> None:
    many = np.tile(np.array([[0.9, 0.1]], np.float32), (LISTED + 50, 1))
    assert len(suspects("test", verdicts(np.ones(LISTED + 50, np.int64), [many]), None)) == LISTED
