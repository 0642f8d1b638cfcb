import gc
from pathlib import Path

import pytest

from edge_runtime.bundle.store import Bundle
from edge_runtime.commands.options import Opening, without_collecting
from edge_runtime.errors import BundleError
from tests.edge_runtime.samples import in_a_process


def test_a_bundle_is_opened_while_other_things_are_done(bundle: Bundle) -> None:
    assert Opening(bundle.directory).bundle() == bundle


def test_what_is_no_bundle_is_told_to_whoever_waits_for_it(tmp_path: Path) -> None:
    opening = Opening(tmp_path / "none")
    with pytest.raises(BundleError, match="none: no such bundle"):
        opening.bundle()


def test_garbage_is_collected_again_afterwards() -> None:
    with without_collecting():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_command_line_is_understood_before_anything_heavy_is_imported() -> None:
    code = """
import sys
from edge_runtime.commands.main import build_parser
build_parser(["classify"]).parse_args(["a.png", "--bundle", "none"])
print([name for name in ("numpy", "PIL") if name in sys.modules])
"""
    assert in_a_process(code).stdout == "[]\n"


def test_numpy_starts_no_threads_of_its_own() -> None:
    """OpenBLAS would start one for each CPU, which nothing here uses."""
    code = """
import os
import edge_runtime.commands.main
import numpy
print(len(os.listdir("/proc/self/task")))
"""
    assert in_a_process(code).stdout == "1\n"
