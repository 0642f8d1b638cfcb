from functools import partial
from pathlib import Path

import pytest

from edge_runtime.errors import DatasetError
from train.datasets.mnist_family import lacking
from train.datasets.places import PLACES, Directory, Place, kit_cache, search


class Fails:
    title = "a download"

    def directory(self, missing: object) -> Path | str:
        return "no route to host"


def test_when_nothing_works_every_place_is_listed_with_its_reason_and_the_ways_out(tmp_path: Path) -> None:
    places: list[Place] = [
        Directory("the cache", lambda: tmp_path / "cache"),
        Directory("a folder", lambda: tmp_path),
        Fails(),
    ]
    with pytest.raises(DatasetError) as caught:
        search(places, lacking)
    message = str(caught.value)
    assert f"- the cache: {tmp_path / 'cache'} is not there" in message
    assert f"- a folder: {tmp_path} lacks train-images-idx3-ubyte, train-labels" in message
    assert "- a download: no route to host" in message
    assert "apt install dataset-fashion-mnist" in message
    assert "--data DIR" in message


def test_the_first_place_that_has_the_files_wins(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    places = [Directory(name, partial(Path, tmp_path / name)) for name in ("one", "two", "three")]
    assert search(places, lambda path: ["x"] if path.name == "one" else []) == tmp_path / "two"


def test_the_network_is_the_last_resort() -> None:
    assert [place.title for place in PLACES] == [
        "the kit's cache",
        "the installed Debian package",
        "Keras' download",
        "Debian package dataset-fashion-mnist",
    ]


def test_the_cache_follows_xdg_and_ignores_a_relative_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert kit_cache() == Path("/somewhere/edge-runtime/fashion-mnist")
    monkeypatch.setenv("HOME", "/home/me")
    for other in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", other)
        assert kit_cache() == Path("/home/me/.cache/edge-runtime/fashion-mnist")
