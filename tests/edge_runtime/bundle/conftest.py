from pathlib import Path

import pytest

from edge_runtime.bundle.store import Bundle
from edge_runtime.bundle.writer import write_bundle
from tests.edge_runtime.samples import contents, manifest


@pytest.fixture
def lamp(tmp_path: Path) -> Bundle:
    """A small bundle on disk, to be changed."""
    return write_bundle(tmp_path / "lamp", manifest(), contents())
