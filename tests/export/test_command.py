"""``python -m export`` as a user types it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.bundle.manifest import SIGNATURE, digest
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.stages.prepared import Prepared
from edge_runtime.stages.run import open_run, write_record
from export.conversion.backend import keras
from export.conversion.recipes import MIXED, RECIPES
from export.signing.sign import sign
from tests.signing import pair
from tests.support import python

# One process: with so little to convert another one would only import TensorFlow once more.
QUICK = ("--jobs", "1", "--recipes")
ONE = (*QUICK, "float32.tflite")


@pytest.fixture(scope="module")
def collapsing(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose model gives the same scores in float, but collapses in int8.

    One channel of the last convolution is made 100,000 times larger and its weight in the last layer as much smaller.
    ReLU and averaging pass a factor through, so float arithmetic cancels it; the 256 steps of int8 are all spent on it.
    """
    directory = tmp_path_factory.mktemp("runs") / "collapsing"
    shutil.copytree(run_directory, directory)
    model = keras.models.load_model(directory / "model.keras", compile=False)
    norm = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)][-1]
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)][-1]
    gamma, beta, mean, variance = norm.get_weights()
    kernel, bias = dense.get_weights()
    channel, factor = int(np.argmax(beta)), np.float32(1e5)
    gamma[channel] *= factor
    beta[channel] *= factor
    kernel[channel] /= factor
    norm.set_weights([gamma, beta, mean, variance])
    dense.set_weights([kernel, bias])
    model.save(directory / "model.keras")
    record = open_run(run_directory).record
    write_record(
        directory, type(record)(**{**record.__dict__, "model": digest((directory / "model.keras").read_bytes())})
    )
    return directory


@pytest.fixture(scope="module")
def collapsed(
    collapsing: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, "subprocess.CompletedProcess[str]"]:
    """The bundle of it with float32 and int8 in both formats, and what the command said. Tests leave it as it is."""
    out = tmp_path_factory.mktemp("bundles") / "collapsed"
    both = ("--recipes", "float32.tflite,full_int8.tflite,float32.onnx,int8.onnx")
    return out, python("-m", "export", collapsing, "--out", out, *both)


def test_the_bundle_holds_what_the_contract_names(bundle: Bundle) -> None:
    assert {variant.name for variant in bundle.manifest.variants} == {recipe.name for recipe in RECIPES}
    files = set(bundle.manifest.files)
    assert {"labels.txt", "README.md", "golden/scores.json", "reports/parity.json", "reports/parity.html"} <= files
    assert bundle.file("labels.txt").read_text().splitlines() == list(bundle.manifest.spec.labels)


def test_the_calibration_is_recorded_in_the_manifest(bundle: Bundle, prepared: Prepared) -> None:
    calibration = bundle.manifest.provenance.calibration
    assert calibration is not None
    assert calibration.split == "train"
    labels = prepared.split("train").labels[list(calibration.indices)]
    assert np.bincount(labels).tolist() == [30] * 10


def test_the_report_says_what_the_manifest_says(bundle: Bundle) -> None:
    report = json.loads(bundle.file("reports/parity.json").read_text())
    for variant in bundle.manifest.variants:
        assert report["variants"][variant.name]["top1"] == variant.top1
        assert report["variants"][variant.name]["shipped"] is True
    page = bundle.file("reports/parity.html").read_text()
    assert all(variant.name in page for variant in bundle.manifest.variants)


def test_the_report_with_times_is_beside_the_bundle(bundle: Bundle) -> None:
    beside = bundle.directory.with_name(f"{bundle.directory.name}.report.html").read_text()
    assert "top-1 against latency" in beside
    assert "<th>µs</th>" in beside
    assert "µs" not in bundle.file("reports/parity.html").read_text()


def test_the_same_run_gives_the_same_bytes_whatever_the_hash_seed(
    bundle: Bundle, run_directory: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    done = python(
        "-m", "export", run_directory, "--out", again, "--recipes", "all", env={**os.environ, "PYTHONHASHSEED": "7"}
    )
    assert done.returncode == 0, done.stderr
    assert open_bundle(again).digest == bundle.digest


def test_a_second_export_finds_the_bundle_up_to_date_without_tensorflow(
    bundle: Bundle, run_directory: Path, tmp_path: Path
) -> None:
    command = ("-X", "importtime", "-m", "export", run_directory, "--out", bundle.directory, "--recipes", "all")
    done = python(*command, "--tar", tmp_path / "b.tar")
    assert done.returncode == 0, done.stderr
    assert "is up to date" in done.stderr
    assert "| tensorflow\n" not in done.stderr
    subprocess.run(["tar", "-xf", "b.tar"], cwd=tmp_path, check=True)  # as the README says
    assert open_bundle(tmp_path / bundle.manifest.name).digest == bundle.digest


def test_an_export_that_replaces_a_signed_bundle_says_that_the_new_one_is_not_signed(
    run_directory: Path, tmp_path: Path
) -> None:
    out, tar = tmp_path / "my bundle", tmp_path / "my.tar"
    once = ("-m", "export", run_directory, "--out", out, *ONE)
    first = python(*once)
    assert first.returncode == 0, first.stderr
    assert "sign" not in first.stderr
    key = pair(tmp_path)
    sign(out, key)
    assert "signed" not in python(*once).stderr  # up to date: the signature stays
    again = python(*once, "--force", "--tar", tar)
    assert again.returncode == 0, again.stderr
    command = f"python -m export sign '{out}' --key PRIVATE --tar {tar}"
    wanted = f"the bundle before was signed with the key {key.public.hint[:12]}; this one is not, sign it: {command}\n"
    assert again.stderr.endswith(f"export: {wanted}")
    assert not (out / SIGNATURE).exists()
    assert "signed" not in python(*once, "--force").stderr


def test_a_collapsed_int8_variant_is_left_out_named_and_told_by_the_exit_code(
    collapsed: tuple[Path, "subprocess.CompletedProcess[str]"],
) -> None:
    out, done = collapsed
    assert done.returncode == 3, done.stderr
    lines = done.stderr.splitlines()
    assert sum("full_int8.tflite: LEFT OUT: top-1 " in line for line in lines) == 1
    left = ["full_int8.tflite", "int8.onnx"]
    assert lines[-1] == f"export: error: left out: {', '.join(left)}; see above"
    assert "max-degradation is 1" in done.stderr
    manifest = open_bundle(out).manifest
    assert [one.name for one in manifest.gate.left_out] == left
    assert not (out / "variants" / "full_int8.tflite").exists()


def test_where_int8_collapses_the_layers_that_hurt_stay_in_float(
    collapsing: Path, collapsed: tuple[Path, "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    (out, done), again = collapsed, tmp_path / "again"
    # What carries the large channel, from the convolution that makes it to the layer that cancels it.
    assert _told_in_float(done.stderr) == {
        "mixed_int8.tflite": ["conv2d_3", "global_average_pooling2d", "logits"],
        "mixed_int8.onnx": ["conv2d_3", "logits"],  # pooling has no weights: it belongs to what is before
    }
    bundle = open_bundle(out)
    manifest = bundle.manifest
    names = [variant.name for variant in manifest.variants]
    assert names == ["float32.tflite", "float32.onnx", "mixed_int8.tflite", "mixed_int8.onnx"]
    for mixed in manifest.variants[2:]:
        assert mixed.top1 >= manifest.gate.reference_top1 - 0.01
        assert manifest.files[mixed.path].size < 0.9 * manifest.files[f"variants/float32.{mixed.format}"].size
    assert python("-m", "edge_runtime", "verify", out).returncode == 0

    figures = json.loads(bundle.file("reports/parity.json").read_text())["variants"]
    told = {name: [layer for one in figures[name]["sensitivity"] for layer in one["layers"]] for name in names[2:]}
    assert told["mixed_int8.tflite"][-2:] == ["logits", "scores"]
    assert told["mixed_int8.onnx"] == ["rescaling", "conv2d", "conv2d_1", "conv2d_2", "conv2d_3", "logits"]
    page = bundle.file("reports/parity.html").read_text()
    assert all(f"what each layer of {name} costs in int8" in page for name in told)

    onnx = (*QUICK, "float32.onnx,int8.onnx")
    python("-m", "export", collapsing, "--out", again, *onnx, env={**os.environ, "PYTHONHASHSEED": "7"})
    path = "variants/mixed_int8.onnx"
    assert open_bundle(again).manifest.files[path] == manifest.files[path]


def _told_in_float(said: str) -> dict[str, list[str]]:
    return {name: layers.split(", ") for name, layers in re.findall(r"(\S+): in float32: (.*)", said)}


def test_when_nothing_passes_no_bundle_is_written_and_the_old_one_stays(collapsing: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    assert python("-m", "export", collapsing, "--out", out, *ONE).returncode == 0
    before = open_bundle(out).digest
    done = python("-m", "export", collapsing, "--out", out, *QUICK, "full_int8.tflite", "--max-size", "1k")
    assert done.returncode == 1
    page = tmp_path / "bundle.report.html"
    said = "no variant passed the gate (full_int8.tflite; see above), no bundle was written; the bundle from before"
    assert done.stderr.endswith(f"export: error: {out}: {said} is as it was; look at {page}\n")
    assert "looking for the layers" not in done.stderr  # with some of them in float32 it would be larger still
    assert open_bundle(out).digest == before
    assert done.stdout.splitlines()[2].startswith("full_int8.tflite")  # the table
    assert "the report of a try of which no bundle came" in page.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "bundle.report.html"]


def test_up_to_date_is_told_with_the_report_that_is_missing(run_directory: Path, tmp_path: Path) -> None:
    out, page = tmp_path / "bundle", tmp_path / "bundle.report.html"
    once = ("-m", "export", run_directory, "--out", out, *ONE)
    assert python(*once).returncode == 0
    assert python(*once).stderr == f"{out} is up to date\n"
    page.unlink()
    assert python(*once).stderr == f"{out} is up to date; {page} is missing, --force exports again and writes it\n"
    assert python(*once, "--force").returncode == 0
    assert page.is_file()


def test_other_data_than_the_run_was_trained_on_is_refused(
    run_directory: Path, prepared: Prepared, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(prepared.directory, other)
    text = (other / "dataset.json").read_text()
    (other / "dataset.json").write_text(text.replace('"fashion_mnist"', '"fashion_mnist_2"'))
    done = python("-m", "export", run_directory, "--out", tmp_path / "b", "--data", other)
    assert done.returncode == 1
    assert "trained on fashion_mnist" in done.stderr
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nowhere", "--out", "x"), 1, "nowhere: no such run"),
        ((".", "--out", "x"), 1, "not a finished run"),
        (("RUN", "--out", "x", "--recipes", "int9.onnx"), 2, "did you mean 'int8.onnx'"),
        (("RUN", "--outt", "x"), 2, "python -m export: error: no such option: --outt; did you mean '--out'?"),
        (("import", "x", "--dta", "x"), 2, "export import: error: no such option: --dta; did you mean '--data'?"),
        (("RUN", "--out", "x", "--recipes", "mixed_int8.onnx"), 2, "makes itself where int8.onnx loses too much"),
        (("RUN", "--out", "/proc/x"), 1, "/proc/x: cannot be written: "),
        (("RUN", "--out", "x", "--name", "a b"), 1, "name: letters, digits"),
        (("--out", "x"), 2, "RUN and --out are required"),
        (("RUN", "--out", "x", "--max-degradation", "-1"), 2, "a number of at least 0 expected, -1 found"),
        (("RUN", "--out", "x", "--max-label-degradation", "inf"), 2, "a number of at least 0 expected, inf found"),
        (("RUN", "--out", "x", "--min-agreement", "99"), 2, "a fraction from 0 to 1 expected, 99 found"),
        (("RUN", "--out", "x", "--max-size", "small"), 2, "a size such as 300k or 1.5M expected, 'small' found"),
        (("RUN", "--out", "x", "--max-latency", "0"), 2, "a number above 0 expected, 0 found"),
        (
            ("RUN", "--out", "x", "--max-latency", "1.5", "--recipes", "float32.tflite,full_int8,int8.onnx"),
            2,
            "max-latency 1.5 compares int8.onnx with float32.onnx, which --recipes leaves out; add float32.onnx to",
        ),
        (("RUN", "--out", "x", "--gate", "/nowhere.toml"), 1, "/nowhere.toml: No such file"),
        (("RUN", "--out", "RUN"), 1, "exists and is not a bundle"),
        (("RUN", "--out", "x", "--tar", "/nowhere/x.tar"), 2, "there is no directory /nowhere"),
    ],
)
def test_what_makes_no_sense_is_told_at_once(
    arguments: tuple[str, ...], code: int, said: str, run_directory: Path, tmp_path: Path
) -> None:
    words = [
        str(run_directory) if word == "RUN" else str(tmp_path / "x") if word == "x" else word for word in arguments
    ]
    done = python("-m", "export", *words)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert not (tmp_path / "x").exists()


def test_an_altered_model_is_refused_before_anything_is_converted(run_directory: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run_directory, copy)
    with (copy / "model.keras").open("ab") as file:
        file.write(b"x")
    done = python("-m", "export", copy, "--out", tmp_path / "b")
    assert done.returncode == 1
    assert "model.keras: sha256" in done.stderr


def test_recipes_are_explained_without_a_run() -> None:
    done = python("-m", "export", "--list-recipes")
    assert done.returncode == 0
    assert all(recipe.name in done.stdout for recipe in (*RECIPES, *MIXED.values()))
