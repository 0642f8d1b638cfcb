import subprocess
import sys

from edge_runtime.addresses import SINKS, SOURCES
from tests.support import ROOT, python


def test_help_shows_every_kind_of_source_and_sink() -> None:
    shown = " ".join(python("-m", "edge_runtime", "run", "--help").stdout.split())
    for text in (*SOURCES, *SINKS):
        for scheme in text.split(":")[0].split()[-1:]:
            assert scheme in shown


def test_nothing_heavy_is_imported_before_the_child_judges() -> None:
    code = """
import sys
from edge_runtime.commands import run
print(sorted({"numpy", "PIL", "ctypes.util", "http.client"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
