"""OpenCV is imported when a camera is entered, and its absence concerns cameras alone."""

from pathlib import Path

import numpy as np
import pytest

from tests.edge_runtime.samples import in_a_process


def test_opening_a_source_imports_no_opencv_until_it_is_entered() -> None:
    code = """
import sys
from edge_runtime.sources.open import open_source
source = open_source("rtsp://camera/")
print("cv2" in sys.modules)
source.__enter__()
print("cv2" in sys.modules)
"""
    assert in_a_process(code).stdout.split() == ["False", "True"]


WITHOUT = """
import sys
sys.path = [path for path in sys.path if "site-packages" not in path] + sys.argv[1:]
from edge_runtime.commands.main import main
from edge_runtime.console import guard
from edge_runtime.sources.open import open_source
print(guard("here", lambda: open_source("rtsp://user:geheim@camera/").__enter__() and 0))
main(["doctor"])
"""


@pytest.fixture
def base_packages(tmp_path: Path) -> Path:
    """numpy and Pillow alone, as after `pip install edge-runtime` without an extra."""
    for module in ("numpy", "numpy.libs", "PIL", "pillow.libs"):
        there = Path(np.__file__).parents[1] / module
        if there.exists():
            (tmp_path / module).symlink_to(there)
    return tmp_path


def test_without_opencv_the_message_names_extra_and_command(base_packages: Path) -> None:
    done = in_a_process(WITHOUT, base_packages)
    assert done.stderr.splitlines()[0] == (
        "here: error: cameras need OpenCV, which is not installed; install the extra 'camera' of edge-runtime, "
        "or: pip install opencv-python-headless"
    )
    assert done.stdout.splitlines()[0] == "1"
    assert "--  opencv-python-headless is not installed: needed for cameras alone" in done.stdout


def test_an_opencv_that_does_not_import_is_told_as_such(base_packages: Path) -> None:
    (base_packages / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')\n")
    done = in_a_process(WITHOUT, base_packages)
    reason = "OpenCV is installed but does not import: libGL.so.1: cannot open shared object file; install the extra"
    assert done.stderr.startswith(f"here: error: {reason}")
    assert f"BAD {reason}" in done.stdout
