"""The loop of `edge-runtime capture`, with keys that come when a test says."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_runtime.collecting.folder import LabelFolders
from edge_runtime.collecting.keyboard import Keyboard
from edge_runtime.collecting.look import Look
from edge_runtime.collecting.rhythm import Rhythm
from edge_runtime.collecting.session import Session
from edge_runtime.commands.capturing import GLANCE, collect
from edge_runtime.commands.telling import Teller
from edge_runtime.pipeline.sensing import Sensing
from edge_runtime.sources.open import open_source
from tests.edge_runtime.samples import save

FILES = 10


class Typed(Keyboard):
    """Keys that are pressed at one look after the other; nothing more comes after them."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(-1)
        self.left = list(keys)

    def pressed(self) -> str:
        return self.left.pop(0) if self.left else ""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for number in range(FILES):
        save(tmp_path / "files" / f"{number}.png", 100 + number)
    return tmp_path / "files"


def collected(files: Path, keys: Sequence[str]) -> Session:
    folders = LabelFolders(files.parent / "parts", {"bolt": "bolt"})
    folders.prepare()
    source = open_source(str(files))
    session = Session(folders, ["bolt"], Look(source.live), Rhythm())
    with Sensing(source) as sensing:
        collect(sensing, session, Typed(keys), threading.Event(), Teller(False))
    return session


def test_files_wait_while_it_is_paused(files: Path) -> None:
    begun = time.monotonic()
    session = collected(files, ["", "", " ", "", "", "", " "])
    assert session.kept == {"bolt": FILES}
    assert time.monotonic() - begun >= 4 * GLANCE * 0.9  # it looks for keys now and then, not without a rest


def test_a_key_ends_it_while_it_is_paused(files: Path) -> None:
    session = collected(files, ["", " ", "", "q"])
    assert session.ended
    assert session.kept.total() <= 1
