from pathlib import Path

import pytest

from edge_runtime.captures.address import FORM, open_captures
from edge_runtime.classifier import Classifier
from edge_runtime.errors import UsageError
from tests.edge_runtime.captures.kept import names
from tests.edge_runtime.captures.test_sink import SURE, Other, shot


def test_an_address_says_what_is_kept_and_how_much(tmp_path: Path) -> None:
    address = f"captures:{tmp_path}/새 사진?margin=0.1&random=1&disagreeing=0&rate=60&keep=2&size=1M"
    with open_captures(address) as sink:
        assert sink.address == f"captures:{tmp_path}/새 사진"
        assert not sink.vital
        for number in range(4):
            sink.take(*shot(number, SURE))
    assert [capture.reason for capture in sink.ring.list()] == ["random", "random"]
    assert len(names(tmp_path / "새 사진")) == 4


def test_the_form_that_people_are_shown_is_one_that_is_taken(tmp_path: Path) -> None:
    address = FORM.replace("DIR[", f"{tmp_path}/ring").replace("]", "")
    with open_captures(address, lambda variant: Other(0.5)) as sink:
        sink.take(*shot(1))
    assert len(sink.ring.list()) == 1


def test_an_address_may_name_a_second_variant(tmp_path: Path) -> None:
    asked = []

    def load(variant: str) -> Classifier:
        asked.append(variant)
        return Other(bright=0.1)

    with open_captures(f"captures:{tmp_path}?second=float32.tflite&random=0", load) as sink:
        sink.take(*shot(1, SURE))
    assert asked == ["float32.tflite"]
    assert [capture.reason for capture in sink.ring.list()] == ["disagreeing"]


def test_nothing_is_made_before_it_is_entered(tmp_path: Path) -> None:
    with open_captures(f"captures:{tmp_path}/ring"):
        assert names(tmp_path) == ["ring"]
    open_captures(f"captures:{tmp_path}/other")
    assert names(tmp_path) == ["ring"]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("captures:", "captures: captures:DIR["),
        ("captures:?keep=1", "captures: captures:DIR["),
        ("captures:ring?kepe=1", "captures:ring: unknown option 'kepe'; did you mean 'keep'?"),
        ("captures:ring?keep=many", "captures:ring: keep: a whole number from 1 expected, 'many' found"),
        ("captures:ring?size=5", "captures:ring: size: a size from 4K, as in 500K, 10M or 2G, expected, '5' found"),
        ("captures:ring?margin=2", "captures:ring: margin: a number from 0 to 1 expected, 2.0 found"),
        ("captures:ring?margin=x", "captures:ring: margin: a number expected, 'x' found"),
        ("captures:ring?rate=-1", "captures:ring: rate: frames a minute from 0 expected, -1.0 found"),
        ("captures:ring?random=nan", "captures:ring: random: a number from 0 to 1 expected, nan found"),
        ("captures:ring?disagreeing=yes", "captures:ring: disagreeing: 0 or 1 expected, 'yes' found"),
        ("captures:ring?rate=1&rate=2", "captures:ring: rate is given twice"),
        ("captures:ring?second=x.tflite", "captures:ring: second: there is no bundle to take 'x.tflite' from"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(address: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        open_captures(address)
    assert str(refused.value).startswith(message)
