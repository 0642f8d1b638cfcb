"""What `make benchmark-edge` is made of; its figures are no test's business."""

import json
import shutil
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.bundle.store import Bundle
from edge_runtime.errors import EdgeError, IncompleteError, UsageError
from edge_runtime.proof import read_golden
from tests.support import python
from tools.benchmarks import live, starting, verdicts
from tools.benchmarks.edge import Materials, sections
from tools.benchmarks.efficientnet import crops
from tools.benchmarks.photographs import PART_SIZES
from tools.benchmarks.turns import Line, in_turns, ratio


def test_calls_are_made_in_turns_and_the_first_round_does_not_count() -> None:
    made: list[str] = []
    numbers = count()

    def call(name: str) -> float:
        made.append(name)
        return float(next(numbers))

    found = in_turns([lambda: call("a"), lambda: call("b")], 2)
    assert made == ["b", "a", "a", "b", "b", "a"]
    assert found == [[2.0, 5.0], [3.0, 4.0]]


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    assert ratio([2.0, 30.0, 2.2], [1.0, 1.0, 1.0]) == 2.2


@pytest.mark.parametrize(("found", "least", "reached"), [(1.0, False, True), (1.1, False, False), (1.1, True, True)])
def test_a_line_knows_whether_it_was_reached(found: float, least: bool, reached: bool) -> None:
    assert Line("speed", found, 1.0, least).reached == reached


def test_every_requirement_has_a_section(bundle: Bundle) -> None:
    given = Materials.__new__(Materials)
    given.efficientnet = given.cnn = bundle
    given.small = given.large = []
    names = set(sections(given, Path(), True))
    assert names == {
        "memory to top 5", "one thread", "pipelined", "reduced decoding", "mediapipe", "typed to result",
        "resident memory", "cameras",
    }  # fmt: skip


def test_the_sizes_of_the_parts_are_those_that_decoders_divide_and_those_they_do_not() -> None:
    exact = [any(w % scale == h % scale == 0 for scale in (2, 4, 8)) for w, h in PART_SIZES]
    assert True in exact
    assert False in exact


def test_crops_are_the_same_every_time(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    first = crops([tmp_path / "a.png"], 3, side=16)
    assert first.shape == (3, 16, 16, 3)
    assert np.array_equal(first, crops([tmp_path / "a.png"], 3, side=16))


def test_sixteen_cameras_are_judged_or_counted_as_dropped(bundle: Bundle, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "a.jpg")
    age, counted = live.cameras(bundle, "full_int8.tflite", [tmp_path / "a.jpg"], 0.5)
    assert age.found > 0
    assert "judged of 80" in age.note
    assert counted.found > 0


def test_memory_and_time_are_compared_with_a_script_that_gives_the_same_label(bundle: Bundle, tmp_path: Path) -> None:
    # The surest one: of two labels with the same score either may be named.
    surest = max(read_golden(bundle).samples, key=lambda sample: max(sample.scores["full_int8.tflite"]))
    shutil.copy(bundle.file(surest.path), tmp_path / "a.png")
    model = bundle.file("variants/full_int8.tflite")
    script = python(starting.SCRIPT, model, tmp_path / "a.png", "BILINEAR")
    ours = python(
        "-m", "edge_runtime", "classify", tmp_path / "a.png", "--bundle", bundle.directory, "--variant", "full_int8"
    )
    label = int(script.stdout.split()[0].strip("(,"))
    assert json.loads(ours.stdout)["label"] == bundle.manifest.spec.labels[label]
    assert starting.memory(bundle, "full_int8.tflite", tmp_path / "a.png").found > 0


# What they end with


def line(found: float) -> list[Line]:
    return [Line("speed", found, 1.0, True)]


def broken() -> list[Line]:
    raise RuntimeError("no such file")


def test_every_figure_reached_is_success_and_is_told_to_programs(tmp_path: Path) -> None:
    to = tmp_path / "found.json"
    assert verdicts.run({"fast": lambda: line(2.0), "broken": broken}, ["fas"], "", to) == 0
    [told] = json.loads(to.read_text())["lines"]
    assert (told["what"], told["found"], told["reached"]) == ("speed", 2.0, True)


def test_a_figure_not_reached_is_an_error_and_the_others_are_measured_still(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EdgeError, match="1 of 2 not reached"):
        verdicts.run({"slow": lambda: line(0.5), "fast": lambda: line(2.0)}, None, "", None)
    table = capsys.readouterr().out
    assert "0.500" in table
    assert "2.000" in table


def test_what_could_not_be_measured_is_an_error_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(IncompleteError, match="1 not measured"):
        verdicts.run({"broken": broken, "fast": lambda: line(2.0)}, None, "", None)
    assert "not measured: broken: no such file" in capsys.readouterr().out


def test_a_misspelt_section_is_an_error_and_nothing_is_measured() -> None:
    with pytest.raises(UsageError, match="--only fats: no section is called that; there are: fast, slow"):
        verdicts.run({"fast": broken, "slow": broken}, ["fast", "fats"], "", None)
