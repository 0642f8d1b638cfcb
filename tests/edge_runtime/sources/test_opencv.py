"""OpenCV is imported when a camera is entered, and its absence concerns cameras alone."""

from pathlib import Path

import numpy as np
import pytest

from tests.edge_runtime.samples import in_a_process


def test_a_camera_brings_no_opencv_into_this_process_and_neither_does_a_video() -> None:
    code = """
import sys, threading
from edge_runtime.sources.open import open_source
from edge_runtime.sources.backoff import Backoff
stop = threading.Event()
with open_source("rtsp://127.0.0.1:1/", Backoff()) as source:
    print(next(iter(source.frames(stop))).state)
print([name for name in ("cv2", "PIL.ImageFile") if name in sys.modules])
"""
    assert in_a_process(code).stdout.splitlines() == ["lost", "[]"]


def test_the_capture_process_is_light() -> None:
    code = """
import sys
import edge_runtime.sources.capture
heavy = ("cv2", "PIL", "ai_edge_litert", "onnxruntime", "tflite_runtime", "ssl", "http.client")
print([name for name in heavy if name in sys.modules])
"""
    assert in_a_process(code).stdout == "[]\n"


WITHOUT = """
import os, sys, threading
sys.path = [path for path in sys.path if "site-packages" not in path] + sys.argv[1:]
os.environ["PYTHONPATH"] = sys.argv[1]
from edge_runtime.commands.main import main
from edge_runtime.console import guard
from edge_runtime.sources.open import open_source

def look():
    with open_source("rtsp://user:geheim@camera/") as source:
        list(source.frames(threading.Event()))
print(guard("here", look))
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
    assert "--  opencv-python-headless is not installed: needed for cameras and videos alone" in done.stdout


def test_an_opencv_that_does_not_import_is_told_as_such(base_packages: Path) -> None:
    (base_packages / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')\n")
    done = in_a_process(WITHOUT, base_packages)
    reason = "OpenCV is installed but does not import: libGL.so.1: cannot open shared object file; install the extra"
    assert done.stderr.startswith(f"here: error: rtsp://***@camera/: {reason}")
    assert f"BAD {reason}" in done.stdout
