from dataclasses import replace

from export.conversion.recipes import RECIPES
from export.reporting.summary import summary
from tests.export.reporting.trials import report

NAMES = tuple("abcdefgh")


def test_the_table_has_a_line_for_each_variant_and_fits_a_terminal() -> None:
    found = report(NAMES, 400, collapsed=True, recipes=RECIPES)
    lines = summary(found.trials, found.reference).splitlines()
    assert len(lines) == 1 + 1 + len(found.trials) + 1  # header, Keras, legend
    assert max(map(len, lines)) <= 100
    assert lines[0].split() == ["variant", "size", "top-1", "top-5", "agree", "differ", "ECE", "p", "µs", "gate"]
    assert lines[2].split()[-2:] == ["100", "shipped"]
    assert lines[-2].endswith("LEFT OUT")
    assert "<.001" in lines[-2]


def test_what_could_not_be_measured_has_its_line() -> None:
    found = report(NAMES, 400)
    failed = replace(found.trials[0], content=b"", parity=None, refusal="conversion failed")
    line = summary([failed], found.reference).splitlines()[2]
    assert line.split() == [failed.recipe.name, *"––––––––", "LEFT", "OUT"]


def test_with_few_labels_top_k_says_nothing_and_is_left_out() -> None:
    found = report(("NG", "OK"), 100)
    assert "top-2" not in summary(found.trials, found.reference)
