from pathlib import Path

import pytest

from tools.asked import CHECKS, NAMED, main
from tools.choices import Failure
from train.datasets import DATASETS


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where make works: two bundles, a finished run, one that was begun, pictures."""
    for path in ("bundles/a/manifest.json", "bundles/b/manifest.json", "runs/a/run.json", "runs/a/started.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    for path in ("runs/begun/started.json", "shoes/boot/1.png", "a.tar", "data/a/dataset.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


GOOD = {
    "DATASET": "folder:shoes",
    "DATA": "data/a",
    "RUN": "runs/a",
    "BUNDLE": "bundles/a",
    "SOURCE": "shoes/boot/1.png",
}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("change", [{}, {"DATASET": "fashion_mnist", "RUN": "runs/new", "DATA": "empty"}])
def test_what_is_there_is_taken(change: dict[str, str]) -> None:
    CHECKS["dataset"](GOOD | change)
    for name in ("run", "bundle", "source"):
        CHECKS[name](GOOD)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("check", "variable", "value", "sentence"),
    [
        ("bundle", "BUNDLE", "bundles/c", "BUNDLE=bundles/c is not there; there are bundles/a, bundles/b"),
        ("bundle", "BUNDLE", "a.tar", "BUNDLE=a.tar is not a bundle's directory; make bundle makes one"),
        ("run", "RUN", "runs/c", "RUN=runs/c is not there; there is runs/a"),
        ("run", "RUN", "runs/begun", "RUN=runs/begun is not a finished training; there is runs/a"),
        ("run", "RUN", "new", "RUN=new is not there; make train makes one"),
        ("run", "BUNDLE", "shoes", "BUNDLE=shoes: something else than a bundle is there; name another place"),
        ("dataset", "DATASET", "folder:boots", "DATASET=folder:boots: boots is not there"),
        ("dataset", "DATASET", "folder:a.tar", "DATASET=folder:a.tar: a.tar is not a folder"),
        ("dataset", "DATASET", "folder:", "DATASET=folder: which one? folder:PATH"),
        ("dataset", "DATASET", "minst", "DATASET=minst: fashion_mnist, mnist, cifar10, folder:PATH or csv:FILE is"),
        ("dataset", "DATASET", "csv:", "DATASET=csv: which one? csv:FILE"),
        ("dataset", "DATASET", "csv:b.csv", "DATASET=csv:b.csv: b.csv is not there"),
        ("dataset", "DATASET", "csv:shoes", "DATASET=csv:shoes: shoes is not a file"),
        ("dataset", "DATASET", "a.tar", "for a table of path and label say DATASET=csv:a.tar"),
        ("dataset", "DATASET", "shoes", "for the pictures in that folder say DATASET=folder:shoes"),
        ("dataset", "RUN", "shoes", "RUN=shoes: something else than a run directory is there"),
        ("dataset", "DATA", "a.tar", "DATA=a.tar: something else than a prepared dataset is there"),
        ("source", "SOURCE", "boots", "SOURCE=boots: there is no boots; "),
        ("source", "SOURCE", "boots/*.png", "SOURCE=boots/*.png: there is no boots/*.png; "),
        ("source", "SOURCE", "replay:boots?fps=2", "there is no boots; "),
        ("source", "SOURCE", "77", "SOURCE=77: /dev/video77: there is no such camera here; there are: "),
    ],
)
def test_what_is_not_there_is_refused_with_what_there_is(check: str, variable: str, value: str, sentence: str) -> None:
    with pytest.raises(Failure) as caught:
        CHECKS[check](GOOD | {variable: value})
    assert sentence in str(caught.value)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "source",
    [
        *("shoes", "shoes/**/*.png", "replay:shoes?fps=2", "watch:not/yet", "-"),
        *("/dev/null", "csi://0", "rtsp://user:word@camera/1", "http://camera/a?b=c"),
    ],
)
def test_a_source_that_may_be_good_is_left_to_who_opens_it(source: str) -> None:
    CHECKS["source"](GOOD | {"SOURCE": source})


def test_the_datasets_are_those_that_can_be_prepared() -> None:
    assert {*NAMED, "folder", "csv"} == set(DATASETS)


@pytest.mark.usefixtures("place")
def test_it_is_said_in_one_line_and_makes_own_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUN", "runs/a")
    monkeypatch.setenv("BUNDLE", "bundles/c")
    assert main(["run"]) == 0
    assert main(["run", "bundle"]) == 2
    assert capsys.readouterr().err == "make: BUNDLE=bundles/c is not there; there are bundles/a, bundles/b\n"
