import subprocess
from pathlib import Path

import pytest

from edge_runtime.errors import UsageError
from tools.delivery.deploy import SYSTEMD
from tools.delivery.settings import value_of, with_values

TEMPLATE = (SYSTEMD / "edge-runtime.conf").read_text()


@pytest.mark.parametrize(
    "value", ["watch:/srv/in", "replay:/srv/pictures?fps=5&loop=0", "watch:/srv/my in", 'a "b" \\ c', "", "$HOME", "ä"]
)
def test_what_is_written_is_read_again(value: str) -> None:
    assert value_of(with_values(TEMPLATE, {"SOURCE": value}), "SOURCE") == value


@pytest.mark.parametrize("value", ["replay:/srv/pictures?fps=5&loop=0", "watch:/srv/my in", 'a "b" \\ c', "ä"])
def test_a_shell_reads_it_as_systemd_does(value: str, tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text(with_values("", {"SOURCE": value}))
    answer = subprocess.run(["sh", "-c", f'. {file}; printf %s "$SOURCE"'], capture_output=True, text=True)
    assert answer.stdout == value


def test_comments_and_other_variables_stay_as_they_are() -> None:
    text = "# mine\nOMP_NUM_THREADS=1\nSOURCE=watch:/a\n# end\n"
    assert with_values(text, {"SOURCE": "watch:/b"}) == "# mine\nOMP_NUM_THREADS=1\nSOURCE=watch:/b\n# end\n"


def test_a_value_that_is_there_in_other_quotes_is_left_alone() -> None:
    text = "SOURCE='watch:/my pictures'\n"
    assert with_values(text, {"SOURCE": "watch:/my pictures"}) == text


def test_what_was_not_there_comes_at_the_end() -> None:
    assert with_values("A=1", {"B": "2"}) == "A=1\nB=2\n"


def test_an_unclosed_quote_is_no_value() -> None:
    assert value_of('SOURCE="watch:/a\n', "SOURCE") is None


def test_a_value_of_two_lines_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be written on one line"):
        with_values("", {"SOURCE": "watch:/a\nExecStart=/bin/evil"})
