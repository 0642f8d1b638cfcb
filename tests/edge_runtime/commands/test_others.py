"""`info`, `verify`, `doctor`, `health` and what all commands have in common."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime import __version__
from edge_runtime.bundle import golden
from edge_runtime.bundle.manifest import GateResult, Manifest
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.classifier import PREFERENCE
from edge_runtime.commands.info import demands
from edge_runtime.commands.main import COMMANDS
from tests.edge_runtime.samples import contents, in_a_process, manifest
from tests.support import ROOT, python

VARIANTS = set(PREFERENCE)  # the bundle of these tests holds every one


def edge_runtime(*arguments: object) -> subprocess.CompletedProcess[str]:
    return python("-m", "edge_runtime", *arguments)


def rewritten(bundle: Bundle, target: Path, changes: dict[str, bytes], changed: Manifest | None = None) -> Path:
    """A bundle whose digests are right, made of another one's content."""
    files = {path: bundle.file(path).read_bytes() for path in bundle.manifest.files}
    write_bundle(target, changed or bundle.manifest, files | changes)
    return target


@pytest.fixture(scope="session")
def tampered(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All digests are right, but of one variant the golden scores are another model's."""
    samples = golden.from_bytes(bundle.file(golden.FILE_NAME).read_bytes())
    changed = tuple(
        replace(one, scores=one.scores | {"float16.tflite": tuple(reversed(one.scores["float16.tflite"]))})
        for one in samples.samples
    )
    content = golden.GoldenSamples(changed).to_bytes()
    return rewritten(bundle, tmp_path_factory.mktemp("tampered") / "bundle", {golden.FILE_NAME: content})


# info


def test_info_tells_what_a_bundle_is(bundle: Bundle) -> None:
    done = edge_runtime("info", bundle.directory)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{bundle.title}\n  digest      {bundle.digest}\n")
    for word in (*VARIANTS, "Ankle boot", "uint8 RGB [28, 28, 3], stretch, bilinear", "fashion_mnist"):
        assert word in done.stdout


def test_info_tells_what_the_gate_demanded() -> None:
    assert demands(GateResult(1.0, 100, 0.9, ())) == ["at most 1 point of top-1 lost"]
    assert demands(GateResult(0.5, 100, 0.9, (), 3.0, 0.99, 300_000, 1.5)) == [
        "at most 0.5 points of top-1 lost",
        "at most 3 points of any label's accuracy",
        "agreement from 0.99",
        "at most 300 kB",
        "at most 1.5 times float32's latency where it was exported",
    ]


def test_info_as_json_is_the_manifest_to_the_byte(bundle: Bundle) -> None:
    done = edge_runtime("info", bundle.directory, "--format", "json")
    assert done.stdout.encode() == bundle.file("manifest.json").read_bytes()
    assert json.loads(done.stdout)["name"] == bundle.manifest.name


def test_info_of_what_is_no_bundle_is_one_sentence(tmp_path: Path) -> None:
    done = edge_runtime("info", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"edge-runtime: error: {tmp_path}: not a bundle, it has no manifest.json\n"


# verify


def test_verify_proves_every_variant_here(bundle: Bundle) -> None:
    done = edge_runtime("verify", bundle.directory)
    assert (done.returncode, done.stderr) == (0, "")
    count = len(bundle.manifest.files)
    first, second, _, *rows = done.stdout.splitlines()
    assert first == f"{bundle.title}: {count} files, every digest right"
    assert second == "signature: none"
    assert {row.split()[0] for row in rows} == VARIANTS
    assert all(row.endswith("golden samples as at export") for row in rows)


def test_verify_can_prove_one_variant(bundle: Bundle, tampered: Path) -> None:
    assert edge_runtime("verify", tampered, "--variant", "float32.onnx").returncode == 0
    done = edge_runtime("verify", bundle.directory, "--variant", "int8.onnx")
    assert [row.split()[0] for row in done.stdout.splitlines()[3:]] == ["int8.onnx"]


def test_verify_fails_by_name_where_a_variant_judges_differently_although_every_digest_is_right(tampered: Path) -> None:
    open_bundle(tampered)
    done = edge_runtime("verify", tampered)
    assert done.returncode == 1
    assert done.stderr == f"edge-runtime: error: {tampered}: float16.tflite does not judge here as at export\n"
    (failed,) = [line for line in done.stdout.splitlines() if "FAILED" in line]
    assert failed.startswith("float16.tflite ")


def test_verify_tells_of_a_variant_that_does_not_load_and_proves_the_others(bundle: Bundle, tmp_path: Path) -> None:
    broken = rewritten(bundle, tmp_path / "broken", {"variants/float32.onnx": b"no model"})
    done = edge_runtime("verify", broken)
    assert (done.returncode, done.stderr) == (0, "")  # every digest is right: this machine lacks something
    rows = {line.split()[0]: line for line in done.stdout.splitlines()[3:]}
    assert f"not run: {broken}/variants/float32.onnx: onnxruntime" in rows.pop("float32.onnx")
    assert all(row.endswith("as at export") for row in rows.values())


def test_verify_fails_where_the_variant_asked_for_does_not_load(bundle: Bundle, tmp_path: Path) -> None:
    broken = rewritten(bundle, tmp_path / "broken", {"variants/float32.onnx": b"no model"})
    done = edge_runtime("verify", broken, "--variant", "float32.onnx")
    assert done.returncode == 1
    assert f"{broken}/variants/float32.onnx: onnxruntime" in done.stderr
    assert "Traceback" not in done.stderr


def test_verify_fails_where_no_variant_loads(bundle: Bundle, tmp_path: Path) -> None:
    nothing = {variant.path: b"no model" for variant in bundle.manifest.variants}
    done = edge_runtime("verify", rewritten(bundle, tmp_path / "broken", nothing))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("no variant can run here; 'edge-runtime doctor' says why")


def test_verify_fails_by_name_on_an_altered_file(bundle: Bundle, tmp_path: Path) -> None:
    copy = shutil.copytree(bundle.directory, tmp_path / "copy")
    (copy / "labels.txt").write_text("something else\n")
    done = edge_runtime("verify", copy)
    assert (done.returncode, done.stdout) == (1, "")
    assert "labels.txt" in done.stderr


# doctor


def test_doctor_tells_what_this_machine_can_run(bundle: Bundle) -> None:
    done = edge_runtime("doctor", bundle.directory)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"edge-runtime {__version__} on ")
    assert "ai-edge-litert 2" in done.stdout
    assert "onnxruntime 1" in done.stdout
    for name in VARIANTS:
        assert f"ok  {name}: judges as at export" in done.stdout
    (auto,) = [line for line in done.stdout.splitlines() if line.endswith("<- --variant auto")]
    assert "full_int8.tflite" in auto


def test_doctor_proposes_no_interpreter_beside_one_that_reads_the_same_files() -> None:
    done = edge_runtime("doctor")
    assert done.returncode == 0
    assert "--  tflite-runtime (.tflite) is not installed: not needed, another one reads it" in done.stdout
    assert "pip install" not in done.stdout


def test_doctor_tells_whether_cameras_can_be_read_and_which_there_are() -> None:
    done = edge_runtime("doctor")
    about = done.stdout.partition("cameras\n")[2].splitlines()
    assert about[0].startswith("  ok  OpenCV ")
    assert len(about) >= 2
    assert all(line.startswith(("  ok  /dev/video", "  BAD /dev/video", "  --  no camera")) for line in about[1:])


def test_doctor_fails_where_a_bundle_cannot_run(bundle: Bundle, tmp_path: Path) -> None:
    hopeless = write_bundle(tmp_path / "hopeless", manifest(), contents())
    done = edge_runtime("doctor", bundle.directory, hopeless.directory, tmp_path / "none")
    assert done.returncode == 1
    assert done.stderr == "edge-runtime: error: 2 of 3 bundles cannot run here\n"
    assert "BAD float32.tflite: " in done.stdout
    assert "or newer" in done.stdout  # which interpreter the variant needs at least
    assert f"BAD {tmp_path / 'none'}: no such bundle" in done.stdout


def test_doctor_tells_of_the_one_variant_that_differs(tampered: Path) -> None:
    done = edge_runtime("doctor", tampered)
    assert done.returncode == 0  # the other five judge as at export
    assert "BAD float16.tflite: differs by " in done.stdout


# All


def test_help_explains_every_command_with_its_exit_codes() -> None:
    done = edge_runtime("--help")
    assert done.returncode == 0
    assert "exit codes: 0 done, 1 failed" in done.stdout
    for name, summary in COMMANDS.items():
        assert name in done.stdout
        assert summary.split(":")[0] in " ".join(done.stdout.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = edge_runtime(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: edge-runtime {name}")


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_the_help_fits_a_terminal_and_examples_stay_whole(name: str) -> None:
    done = python("-m", "edge_runtime", *name.split(), "--help", env={**os.environ, "COLUMNS": "80"})
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []
    if name:
        assert f"\n  edge-runtime {name} " in done.stdout or f"\n  edge-runtime {name}\n" in done.stdout
    else:
        assert re.search(r"^    benchmark +measure every variant", done.stdout, re.MULTILINE)


def test_the_help_of_run_says_what_zero_means_for_a_replay() -> None:
    told = " ".join(edge_runtime("run", "--help").stdout.split())
    assert "fps=0: as fast as they are judged" in told
    assert "loop=0: until stopped" in told


def test_the_version_is_told() -> None:
    assert edge_runtime("--version").stdout == f"edge-runtime {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [(), ("clasify",), ("info",), ("info", "x", "--nonsense"), ("health", "--max-age", "x")]
)
def test_what_is_typed_wrongly_is_exit_2(arguments: tuple[str, ...]) -> None:
    done = edge_runtime(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: edge-runtime")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("classify", "a.png", "--bundel", "b"), "no such option: --bundel; did you mean '--bundle'?"),
        (("run", "-bundle", "b"), "no such option: -bundle; did you mean '--bundle'?"),
        (("run", "--bundle", "b", "--sorce=0"), "no such option: --sorce; did you mean '--source'?"),
        (("captures", "list", "d", "--limt", "3"), "no such option: --limt; did you mean '--limit'?"),
        (("health", "--zzz"), "no such option: --zzz"),
    ],
)
def test_a_misspelt_option_is_told_with_the_one_that_may_be_meant(arguments: tuple[str, ...], sentence: str) -> None:
    done = edge_runtime(*arguments)
    assert done.returncode == 2
    assert done.stderr.endswith(f": error: {sentence}\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("clasify",), "no such command: clasify; did you mean 'classify'?"),
        (("bench", "x"), "no such command: bench; did you mean 'benchmark'?"),
        (("zzz",), f"no such command: zzz; known: {', '.join(COMMANDS)}"),
        (("captures", "lable", "x"), "no such command: lable; did you mean 'label'?"),
        (("rtsp://user:geheim@camera/1",), f"no such command: rtsp://***@camera/1; known: {', '.join(COMMANDS)}"),
    ],
)
def test_a_misspelt_command_is_told_with_the_one_that_may_be_meant(arguments: tuple[str, ...], sentence: str) -> None:
    done = edge_runtime(*arguments)
    assert done.returncode == 2
    assert done.stderr.endswith(f": error: {sentence}\n")


def test_what_begins_with_a_dash_and_is_no_option_comes_behind_two(tmp_path: Path) -> None:
    done = edge_runtime("classify", "--bund", tmp_path / "none", "--", "--bundel.png")
    assert (done.returncode, done.stderr) == (1, "edge-runtime: error: --bundel.png: no such file or directory\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "rtsp://user:geheim@camera/1"),
        ("classify", "rtsp://user:geheim@camera/1", "--bundle", "none"),
        ("run", "--bundle", "none", "--source", "rstp://user:geheim@camera/1"),
        ("run", "--bundle", "none", *["--source", "rtsp://user:geheim@camera/1?token=geheim"] * 2),
        ("rtsp://user:geheim@camera/1",),
    ],
)
def test_a_password_in_the_wrong_place_is_not_repeated(arguments: tuple[str, ...]) -> None:
    done = edge_runtime(*arguments)
    assert done.returncode in (1, 2)
    assert "geheim" not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["health", "--heartbeat", "/none"], ["--help"], ["health", "--help"]])
def test_a_health_check_and_help_load_neither_numpy_nor_pillow(arguments: list[str]) -> None:
    code = """
import contextlib, io, sys
from edge_runtime.commands.main import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main(sys.argv[1:])
print([name for name in ("numpy", "PIL", "ai_edge_litert", "onnxruntime") if name in sys.modules])
"""
    assert in_a_process(code, *arguments).stdout == "[]\n"


def test_a_reader_that_left_is_no_error_of_info(bundle: Bundle) -> None:
    command = f"set -o pipefail; {sys.executable} -m edge_runtime info {bundle.directory} | true"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
