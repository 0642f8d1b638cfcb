"""Whether a bundle is what an export would make again."""

import os
import shutil
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.bundle.manifest import LeftOut, check_word
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.errors import DatasetError
from edge_runtime.sinks.slug import digest
from edge_runtime.stages.run import open_run, write_record
from export.conversion.recipes import select
from export.conversion.representative import COUNT
from export.proof.gate import Gate
from export.request import Options, default_name, existing, open_request
from tests.support import ROOT, python


def test_a_bundle_that_left_something_out_is_not_up_to_date_for_those_that_passed(
    bundle: Bundle, run_directory: Path, tmp_path: Path
) -> None:
    manifest = bundle.manifest
    gate = replace(manifest.gate, left_out=(LeftOut("mixed_int8.tflite", "too large"),))
    contents = {path: bundle.file(path).read_bytes() for path in manifest.files}
    other = write_bundle(tmp_path / "other", replace(manifest, gate=gate), contents)
    names = ",".join(variant.name for variant in manifest.variants)
    options = Options(manifest.name, manifest.version, select(names), Gate(), COUNT, 0)
    assert existing(other.directory, open_request(run_directory, None, options)) is None


@pytest.mark.parametrize(
    ("gate", "same"),
    [(Gate(), True), (Gate(0.9), False), (Gate(max_size=10**9), False), (Gate(min_agreement=0.0), False)],
)
def test_a_bundle_that_passed_another_gate_is_not_up_to_date(
    bundle: Bundle, run_directory: Path, gate: Gate, same: bool
) -> None:
    manifest = bundle.manifest
    names = ",".join(variant.name for variant in manifest.variants)
    options = Options(manifest.name, manifest.version, select(names), gate, COUNT, 0)
    assert (existing(bundle.directory, open_request(run_directory, None, options)) is not None) == same


def test_a_dataset_that_moved_is_asked_for(run_directory: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(run_directory, tmp_path / "run"))
    record = open_run(moved).record
    write_record(moved, replace(record, data=str(tmp_path / "gone")))
    options = Options("name", "1", select("float32.onnx"), Gate(), COUNT, 0)
    said = rf"its dataset fashion_mnist is not at {tmp_path}/gone \(any more\); say where it is with --data DIR"
    with pytest.raises(DatasetError, match=said):
        open_request(moved, None, options)
    assert open_request(moved, Path(record.data), options).prepared.digest == record.dataset_digest
    with pytest.raises(DatasetError, match="no prepared dataset there"):
        open_request(moved, tmp_path / "nowhere", options)


@pytest.mark.parametrize(
    ("directory", "name"),
    [
        ("fashion_mnist", "fashion-mnist"),
        ("my parts 2.1", "my-parts-2.1"),
        ("부품", f"classifier-{digest('부품')}"),
        ("부품 v2", f"v2-{digest('부품 v2')}"),
        ("___", f"classifier-{digest('___')}"),
    ],
)
def test_a_bundle_is_called_after_its_run_and_two_runs_are_never_called_the_same(
    directory: str, name: str, run_directory: Path, tmp_path: Path
) -> None:
    run = open_run(Path(shutil.copytree(run_directory, tmp_path / directory)))
    assert default_name(run) == name
    check_word("name", name)
    decomposed = unicodedata.normalize("NFD", directory)  # as a Mac's disk may keep it
    assert default_name(replace(run, directory=tmp_path / decomposed)) == name


def test_a_name_that_is_not_the_runs_own_is_told(run_directory: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(run_directory, tmp_path / "부품"))
    words = ("-m", "export", run, "--out", tmp_path / "bundle", "--recipes", "nothing")  # ends before converting
    assert f"부품: the bundle is called classifier-{digest('부품')}: " in python(*words).stderr
    assert "bundle is called" not in python(*words, "--name", "parts").stderr


WHOLE = """
import sys
from export.__main__ import main

if __name__ == "__main__":  # the processes that it starts import this file
    code = main(sys.argv[1:])
    print(sorted({name.partition(".")[0] for name in sys.modules} & {"tensorflow", "keras", "onnx", "tf2onnx"}))
    sys.exit(code)
"""


def test_who_leads_an_export_has_imported_no_tensorflow_at_its_end(run_directory: Path, tmp_path: Path) -> None:
    """What crashes TensorFlow, or takes its memory, must not take the leader with it."""
    (tmp_path / "whole.py").write_text(WHOLE)
    out = tmp_path / "bundle"
    words = ("--jobs", 1, "--recipes", "full_int8.tflite,float32.onnx", "--max-degradation", 100, "--calibration", 50)
    done = python(
        tmp_path / "whole.py", run_directory, "--out", out, *words, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert {variant.name for variant in open_bundle(out).manifest.variants} == {"full_int8.tflite", "float32.onnx"}
