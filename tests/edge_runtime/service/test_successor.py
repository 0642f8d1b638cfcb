import dataclasses
import shutil
import threading
from pathlib import Path

import pytest

from edge_runtime.classifier import BundleClassifier, Classifier
from edge_runtime.errors import BundleError
from edge_runtime.service.successor import INTERVAL, Successor
from tests.edge_runtime.samples import DEADLINE, IDENTITY, SPEC, Brightness, eventually


def classifier(digest: str) -> BundleClassifier:
    return BundleClassifier(Brightness(), SPEC, dataclasses.replace(IDENTITY, digest=digest))


class Loading:
    """Loads what the manifest's text says, when it may; `bad` cannot be loaded."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.may.set()
        self.loaded: list[str] = []

    def __call__(self, directory: Path) -> Classifier:
        assert self.may.wait(DEADLINE)
        text = (directory / "manifest.json").read_text()
        self.loaded.append(text)
        if text.startswith("bad"):
            raise BundleError("it judges otherwise here")
        return classifier(text)


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write(tmp_path / "one", "one")
    (tmp_path / "bundle").symlink_to("one")
    return tmp_path


def write(directory: Path, text: str) -> None:
    directory.mkdir(exist_ok=True)
    (directory / "manifest.json").write_text(text)


def turn(place: Path, to: str) -> None:
    """Turns the link as a deploy does: in one step."""
    (place / "new").symlink_to(to)
    (place / "new").replace(place / "bundle")


def next_of(successor: Successor, clock: Clock) -> Classifier | None:
    """The next answer after a look, once what was found is loaded."""
    clock.at += INTERVAL
    assert successor() is None  # never at once: loading takes a while
    eventually(lambda: successor._loading is None or not successor._loading.is_alive(), "it is loaded")
    return successor()


def test_while_nothing_changes_nothing_is_loaded(place: Path) -> None:
    load, clock = Loading(), Clock()
    successor = Successor(place / "bundle", "one", load, clock)
    for _ in range(3):
        assert next_of(successor, clock) is None
    assert load.loaded == []


def test_a_link_that_was_turned_brings_its_bundle_once(place: Path) -> None:
    load, clock = Loading(), Clock()
    successor = Successor(place / "bundle", "one", load, clock)
    write(place / "two", "two")
    turn(place, "two")
    taken = next_of(successor, clock)
    assert taken is not None
    assert taken.identity.digest == "two"
    assert next_of(successor, clock) is None
    turn(place, "one")
    back = next_of(successor, clock)
    assert back is not None
    assert back.identity.digest == "one"


def test_while_it_loads_judging_goes_on(place: Path) -> None:
    load, clock = Loading(), Clock()
    load.may.clear()
    successor = Successor(place / "bundle", "one", load, clock)
    write(place / "two", "two")
    turn(place, "two")
    clock.at += INTERVAL
    assert [successor() for _ in range(5)] == [None] * 5
    load.may.set()
    assert next_of(successor, clock) is not None


def test_a_bad_bundle_never_takes_over_and_is_tried_again_only_when_asked(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load, clock = Loading(), Clock()
    successor = Successor(place / "bundle", "one", load, clock)
    write(place / "two", "bad")
    turn(place, "two")
    assert next_of(successor, clock) is None
    assert successor.problem == "the new bundle does not take over: it judges otherwise here"
    assert next_of(successor, clock) is None
    assert load.loaded == ["bad"]
    successor.look_again()
    assert next_of(successor, clock) is None
    assert load.loaded == ["bad", "bad"]
    assert capsys.readouterr().err.count("does not take over") == 1
    turn(place, "one")  # what judges anyway
    assert next_of(successor, clock) is None
    assert successor.problem == ""


def test_a_bundle_that_is_deleted_is_told_once_and_taken_again_when_it_is_back(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load, clock = Loading(), Clock()
    successor = Successor(place / "bundle", "one", load, clock)
    shutil.rmtree(place / "one")
    for _ in range(3):
        assert next_of(successor, clock) is None
    assert capsys.readouterr().err.count("the bundle is gone; judging goes on with what is loaded") == 1
    write(place / "one", "three")
    taken = next_of(successor, clock)
    assert taken is not None
    assert taken.identity.digest == "three"


def test_it_looks_only_now_and_then_unless_asked(place: Path) -> None:
    load, clock = Loading(), Clock()
    successor = Successor(place / "bundle", "one", load, clock)
    write(place / "two", "two")
    turn(place, "two")
    clock.at += INTERVAL / 2
    assert successor() is None
    assert successor._loading is None
    successor.look_again()
    assert successor() is None
    eventually(lambda: load.loaded == ["two"], "it was asked")
