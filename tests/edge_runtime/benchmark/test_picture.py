import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from edge_runtime.benchmark.figures import Taken
from edge_runtime.benchmark.picture import STEPS, as_svg, shortened, step_of
from tests.edge_runtime.benchmark.samples import CASE, measured

SVG = "{http://www.w3.org/2000/svg}"


def test_the_drawing_has_a_bar_of_each_step_for_each_case_and_says_what_it_is() -> None:
    other = measured(replace(CASE, variant="<odd> & name"), milliseconds=8)
    failed = Taken(CASE, failure="gone")
    root = ET.fromstring(as_svg([measured(), other, failed], "lamp", "this machine"))
    for _, colour in STEPS:
        widths = [float(rect.get("width", 0)) for rect in root.iter(f"{SVG}rect") if rect.get("fill") == colour][1:]
        assert widths[1] == pytest.approx(2 * widths[0], abs=0.2)  # twice the time, twice the length
    words = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert "lamp" in words
    assert "this machine" in words
    assert any(word.startswith("<odd> & name") for word in words)
    assert "4.00 ms" in words


def test_nothing_lies_outside_the_drawing() -> None:
    one = measured()
    one.throughput = 12345.0
    root = ET.fromstring(as_svg([one], "lamp", "this machine"))
    for line in root.iter(f"{SVG}line"):
        assert 0 <= float(line.get("x1", -1)) <= float(root.get("width", 0))
        assert 0 <= float(line.get("y2", -1)) <= float(root.get("height", 0))


def test_a_case_that_was_held_up_leaves_the_bars_their_length() -> None:
    held_up = measured(queries=8)
    held_up.times["total"] += [0.4, 0.5]  # the 90th percentile is a hundred times the median of 4 ms
    root = ET.fromstring(as_svg([measured(), held_up], "lamp", "this machine"))
    (_, colour) = STEPS[2]
    widths = [float(rect.get("width", 0)) for rect in root.iter(f"{SVG}rect") if rect.get("fill") == colour][1:]
    assert all(width > 50 for width in widths)
    assert max(float(line.get("x2", 0)) for line in root.iter(f"{SVG}line")) <= float(root.get("width", 0)) - 100
    assert [element.tag for element in root.iter(f"{SVG}polyline")] == [f"{SVG}polyline"]  # an arrow: it goes on
    assert "400.0" in [element.text for element in root.iter(f"{SVG}text")]


@pytest.mark.parametrize(("longest", "step"), [(0.01, 0.001), (0.011, 0.002), (0.047, 0.005), (3.0, 0.5)])
def test_marks_stand_at_round_distances(longest: float, step: float) -> None:
    assert step_of(longest) == pytest.approx(step)


def test_of_a_long_name_the_end_is_shown() -> None:
    assert shortened("short") == "short"
    assert shortened("x" * 60 + "end").endswith("end")
    assert len(shortened("x" * 60)) == 56
