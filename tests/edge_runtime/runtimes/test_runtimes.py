import os
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import PREFERENCE, load_classifier
from edge_runtime.errors import InterpreterMissing, VariantError
from edge_runtime.runtimes import INTERPRETERS, Interpreter, find, readable
from edge_runtime.scores import top_k
from edge_runtime.stages.prepared import Prepared
from tests.edge_runtime.samples import in_a_process
from tests.support import python

VARIANTS = PREFERENCE  # the bundle of these tests holds every one
# Largest difference of a score from float32's, over the pictures below: float32 in another interpreter adds in another
# order; half precision has 11 bits; int8 was measured at up to 0.14, int4 at up to 0.55 on a better trained model.
CLOSE = {"float32": 1e-4, "float16": 0.02, "weight_int4": 0.6}
CLOSE_INT8 = 0.25
AGREED = {"weight_int4.tflite": 85}  # of 100 pictures


def test_the_bundle_holds_every_variant(bundle: Bundle) -> None:
    assert sorted(variant.name for variant in bundle.manifest.variants) == sorted(VARIANTS)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_judges_real_pictures_nearly_alike(name: str, bundle: Bundle, prepared: Prepared) -> None:
    pictures = prepared.split("test").pixels[:100]
    reference, classifier = load_classifier(bundle, "float32.tflite"), load_classifier(bundle, name, threads=1)
    agreed, largest = 0, 0.0
    for pixels in pictures:
        wanted, found = reference.classify(np.asarray(pixels)), classifier.classify(np.asarray(pixels))
        assert found.scores.shape == (10,)
        assert found.scores.sum() == pytest.approx(1, abs=1e-5)
        assert found.latency > 0
        largest = max(largest, float(np.abs(found.scores - wanted.scores).max()))
        agreed += top_k(found.scores, 1) == top_k(wanted.scores, 1)
    assert largest <= CLOSE.get(name.rpartition(".")[0], CLOSE_INT8)
    assert agreed >= AGREED.get(name, 95)


@pytest.mark.parametrize("name", VARIANTS)
def test_what_the_interpreter_says_of_a_variant_is_what_the_contract_says(name: str, bundle: Bundle) -> None:
    runtime = find("onnx" if name.endswith("onnx") else "tflite").load(bundle.file(f"variants/{name}"), 1)
    assert runtime.input_shape == (1, 28, 28, 3)
    assert runtime.input_dtype == np.uint8
    assert runtime.output_shape == (1, 10)
    assert runtime.name.startswith("onnxruntime " if name.endswith("onnx") else "ai-edge-litert ")


@pytest.mark.parametrize("format", ["tflite", "onnx"])
@pytest.mark.parametrize("damage", ["empty", "text", "zeros", "missing", "beginning"])
def test_a_file_that_no_interpreter_takes_is_refused_by_name(
    format: str, damage: str, bundle: Bundle, tmp_path: Path
) -> None:
    path = tmp_path / f"broken.{format}"
    good = bundle.file(f"variants/float32.{format}").read_bytes()
    damaged = {"empty": b"", "text": b"no model\n" * 50, "zeros": bytes(5000), "beginning": good[:64]}
    if damage != "missing":
        path.write_bytes(damaged[damage])
    # In a process of its own: an interpreter that crashes on a broken file must fail this test, not end all tests.
    code = """
import sys
from pathlib import Path
from edge_runtime.console import guard
from edge_runtime.runtimes import find
path = Path(sys.argv[1])
sys.exit(guard("loader", lambda: find(path.suffix[1:]).load(path, 1) and 0))
"""
    done = in_a_process(code, path)
    assert done.returncode == 1, done.stderr
    package = "onnxruntime" if format == "onnx" else "ai-edge-litert"
    complaint = next(line for line in done.stderr.splitlines() if line.startswith("loader: error: "))
    assert complaint.startswith(f"loader: error: {path}: {package} ")
    assert " cannot run it: " in complaint
    assert "Traceback" not in done.stderr


def interpreter(module: str, adapter: str) -> Interpreter:
    return Interpreter(
        "imaginary", module, "extra", "tflite", f"edge_runtime.runtimes.{adapter}", "pip install imaginary"
    )


def test_an_interpreter_whose_module_is_nowhere_is_not_installed() -> None:
    assert not interpreter("no_such_module_anywhere", "litert").installed
    assert interpreter("numpy", "litert").installed


@pytest.mark.parametrize("adapter", ["litert", "onnx"])
@pytest.mark.parametrize("module", ["no_such_module_anywhere", "this"])
def test_an_interpreter_that_does_not_import_says_what_to_install(adapter: str, module: str, bundle: Bundle) -> None:
    with pytest.raises(VariantError, match=r"^imaginary is installed but does not import: .*; pip install imaginary$"):
        interpreter(module, adapter).load(bundle.file("variants/float32.tflite"), 1)


def test_here_both_formats_are_readable_and_the_newer_interpreter_is_preferred() -> None:
    assert readable("tflite")
    assert readable("onnx")
    assert find("tflite").package == "ai-edge-litert"
    assert find("onnx").package == "onnxruntime"


def test_asking_what_is_installed_imports_no_interpreter() -> None:
    code = """
import sys
from edge_runtime.runtimes import INTERPRETERS, readable
readable("tflite"), readable("onnx")
print([interpreter.module for interpreter in INTERPRETERS if interpreter.module in sys.modules])
"""
    assert in_a_process(code).stdout == "[]\n"


NOTHING_INSTALLED = """
import sys
from pathlib import Path
sys.path = [path for path in sys.path if "site-packages" not in path] + sys.argv[2:]
from edge_runtime.console import guard
from edge_runtime.bundle.store import open_bundle
from edge_runtime.classifier import load_classifier
for variant in ("auto", "int8.onnx"):
    print(guard("here", lambda: load_classifier(open_bundle(Path(sys.argv[1])), variant) and 0))
"""


def test_without_an_interpreter_the_message_names_extra_and_command(bundle: Bundle, tmp_path: Path) -> None:
    # numpy and Pillow alone, as after `pip install edge-runtime` without an extra.
    for module in ("numpy", "numpy.libs", "PIL", "pillow.libs"):
        import_from = Path(np.__file__).parents[1] / module
        if import_from.exists():
            (tmp_path / module).symlink_to(import_from)
    done = in_a_process(NOTHING_INSTALLED, bundle.directory, tmp_path)
    assert done.stdout.split() == ["1", "1"], done.stderr
    tflite, onnx = done.stderr.splitlines()
    assert tflite == (
        f"here: error: {bundle.directory}: variant full_int8.tflite: no interpreter for .tflite files is installed; "
        "install the extra 'litert' of edge-runtime, or: pip install ai-edge-litert (64-bit systems)"
    )
    assert onnx == (
        f"here: error: {bundle.directory}: variant int8.onnx: no interpreter for .onnx files is installed; "
        "install the extra 'onnx' of edge-runtime, or: pip install onnxruntime"
    )


def test_an_interpreter_that_is_missing_is_one_kind_of_variant_error() -> None:
    assert issubclass(InterpreterMissing, VariantError)
    assert {known.format for known in INTERPRETERS} == {"tflite", "onnx"}


@pytest.mark.parametrize("first", ["edge_runtime.runtimes.onnx", "export.conversion.to_onnx"])
def test_onnx_runtime_reports_to_nobody(first: str, bundle: Bundle, tmp_path: Path) -> None:
    """Where it reports, ONNX Runtime 1.31 first leaves an identifier of the machine in the user's cache."""
    code = f"import {first}, onnxruntime, sys; onnxruntime.InferenceSession(sys.argv[1])"
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = python("-c", code, bundle.file("variants/float32.onnx"), env={**environment, **home})
    assert done.returncode == 0, done.stderr
    assert [path for path in tmp_path.rglob("*") if "icrosoft" in str(path) or "onnxruntime" in str(path)] == []


def test_an_interpreters_fingerprint_names_its_version_without_importing_it() -> None:
    found = {one.package: one.fingerprint for one in INTERPRETERS}
    assert found["ai-edge-litert"].startswith("ai_edge_litert-")
    assert found["onnxruntime"].startswith("onnxruntime-")
    assert found["tflite-runtime"] == ""
