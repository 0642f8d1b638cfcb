"""In processes of their own: the standard error of this one is pytest's."""

import re
import subprocess
import sys

import pytest

from edge_runtime.device.native import stderr_without
from tests.edge_runtime.samples import in_a_process

WRITE = """
import contextlib, os, re, sys
from edge_runtime.device.native import stderr_without
before = len(os.listdir("/proc/self/fd"))
sys.stderr.write("first\\n")
with contextlib.suppress(ZeroDivisionError), stderr_without(re.compile(rb"INFO: ")):
    os.write(2, b"INFO: noise\\nWARNING: heard\\nINFO: more noise\\n")
    print("python's own", file=sys.stderr)
    if sys.argv[1:]:
        1 // 0
os.write(2, b"INFO: afterwards\\n")
print(len(os.listdir("/proc/self/fd")) - before)
"""


def test_noise_is_dropped_and_all_else_is_shown_in_order() -> None:
    done = in_a_process(WRITE)
    assert done.stderr.splitlines() == ["first", "WARNING: heard", "python's own", "INFO: afterwards"]
    assert done.stdout == "0\n", "file descriptors were left open"


def test_after_an_exception_the_noise_is_shown_too() -> None:
    done = in_a_process(WRITE, "fail")
    shown = ["first", "INFO: noise", "WARNING: heard", "INFO: more noise", "python's own", "INFO: afterwards"]
    assert done.stderr.splitlines() == shown
    assert done.stdout == "0\n"


def test_a_service_without_standard_error_works_all_the_same() -> None:
    code = """
import re
from edge_runtime.device.native import stderr_without
with stderr_without(re.compile(rb"x")):
    print("inside")
"""
    done = subprocess.run(["sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, code], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"inside\n")


def test_an_exception_goes_through() -> None:
    with pytest.raises(ZeroDivisionError), stderr_without(re.compile(rb"x")):
        raise ZeroDivisionError
