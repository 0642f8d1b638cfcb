"""The report's files, in the bundle and beside it."""

import base64
import html
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from export.conversion.recipes import select
from export.proof.gate import Gate
from export.proof.parity import compare
from export.proof.study import Study, StudyPoint
from export.reporting.measured import Measured
from export.reporting.report import Report
from tests.export.reporting.trials import report

NAMES = ("NG", "OK", "über", "<b>bold</b>", "五", "six")
MEASURED = Measured("a Raspberry Pi 5", "2026-11-22")
STUDY = Study("full_int8.tflite", 500, "validation", 0.8, 300, (StudyPoint(10, 0.7, 0.9), StudyPoint(300, 0.79, 0.99)))


@pytest.fixture(scope="module")
def small() -> Report:
    return report(
        NAMES, 600, Gate(2.0, max_latency=2.0), STUDY, True, select("float32.tflite,full_int8,float32.onnx,int8.onnx")
    )


@pytest.fixture(scope="module")
def files(small: Report) -> dict[str, bytes]:
    return small.files()


def page(files: dict[str, bytes]) -> str:
    return files["reports/parity.html"].decode()


def test_the_same_figures_give_the_same_bytes_whatever_the_time_taken(small: Report, files: dict[str, bytes]) -> None:
    slower = [
        replace(trial, parity=replace(trial.parity, latency=trial.parity.latency * 3)) if trial.parity else trial
        for trial in small.trials
    ]
    other = replace(small, trials=slower)
    assert other.files() == files
    assert other.card() == small.card()
    assert other.beside(MEASURED) != small.beside(MEASURED)


def test_times_are_beside_the_bundle_alone(small: Report, files: dict[str, bytes]) -> None:
    beside = small.beside(MEASURED).decode()
    assert "a Raspberry Pi 5, 2026-11-22" in beside
    assert "<th>µs</th>" in beside
    assert "top-1 against latency" in beside
    assert "µs" not in page(files)
    assert "latency" not in files["reports/parity.json"].decode().replace("max_latency", "").replace("max-latency", "")
    assert re.search(r"is \d\.\d\d times float32's", html.unescape(beside))  # why the collapsed one was left out


def test_a_page_is_one_file(small: Report, files: dict[str, bytes]) -> None:
    for text in (page(files), small.beside(MEASURED).decode()):
        sources = re.findall(r'(?:src|href)="([^"#][^"]*)"', text)
        assert sources
        assert all(source.startswith("data:image/png;base64,") for source in sources)
        assert "url(" not in text


def test_every_picture_in_a_page_can_be_opened(files: dict[str, bytes]) -> None:
    for found in re.findall(r"data:image/png;base64,([^\"]+)", page(files)):
        with Image.open(io.BytesIO(base64.b64decode(found))) as image:
            image.load()


def test_labels_are_text_and_never_markup(files: dict[str, bytes]) -> None:
    assert "<b>bold</b>" not in page(files)
    assert "&lt;b&gt;bold&lt;/b&gt;" in page(files)


def test_the_pictures_on_which_they_disagree_are_in_the_page_once(small: Report, files: dict[str, bytes]) -> None:
    shown = {one.index for trial in small.trials if trial.parity for one in trial.parity.disagreements}
    assert shown
    assert {int(found) for found in re.findall(r'<symbol id="p(\d+)"', page(files))} == shown
    index = min(shown)
    uri = re.search(rf'<symbol id="p{index}".*?base64,([^"]+)', page(files))
    assert uri is not None
    with Image.open(io.BytesIO(base64.b64decode(uri[1]))) as image:
        assert np.array_equal(np.asarray(image), small.pixels[index])


def test_figures_for_programs_are_all_there(small: Report, files: dict[str, bytes]) -> None:
    found = json.loads(files["reports/parity.json"])
    assert found["gate"]["max_degradation"] == 2.0
    assert found["calibration_study"]["points"][1] == {"pictures": 300, "top1": 0.79, "agreement": 0.99}
    assert found["reference"]["k"] == 5
    assert {"top1", "top_k", "calibration_error", "per_label", "reliability"} <= set(found["reference"])
    for trial in small.trials:
        own = found["variants"][trial.recipe.name]
        assert trial.parity is not None
        assert own["top1"] == trial.parity.top1
        assert own["mcnemar_p"] == trial.parity.p
        assert own["reason"] == trial.refusal
        assert len(own["per_label_change"]) == len(NAMES)
        assert sum(pictures for _, _, pictures in own["confusion"]) == 600
    assert set(found["variants"]) == {trial.recipe.name for trial in small.trials}


def test_a_variant_without_numbers_or_without_a_file_has_its_line(small: Report) -> None:
    trials = list(small.trials)
    scores = small.reference.scores.copy()
    scores[:] = np.nan
    trials[1] = replace(
        trials[1], parity=compare(scores, small.reference, 1e-4), refusal="gives scores that are not numbers"
    )
    trials[2] = replace(trials[2], parity=None, content=b"", refusal="conversion failed: no")
    other = replace(small, trials=trials)
    found = json.loads(other.files()["reports/parity.json"])["variants"]
    assert found[trials[1].recipe.name]["largest_difference"] is None
    assert found[trials[1].recipe.name]["calibration_error"] is None
    assert found[trials[2].recipe.name]["reason"] == "conversion failed: no"
    assert "not a number" in other.beside(MEASURED).decode()


def test_a_variant_alone_is_drawn() -> None:
    alone = report(NAMES, 300, recipes=select("float32.onnx"))
    assert "reliability diagram of float32.onnx" in page(alone.files())
    assert "top-1 against latency" in alone.beside(MEASURED).decode()


def test_a_study_is_shown_where_there_is_one(small: Report, files: dict[str, bytes]) -> None:
    assert "How many representative pictures are enough?" in page(files)
    assert "How many representative" not in replace(small, study=None).beside(MEASURED).decode()


def test_the_card_says_what_the_figures_are(small: Report) -> None:
    card = small.card().decode()
    assert card.startswith("---\n")
    assert "at most 2 points of top-1 lost" in card
    assert "top-5" in card
    assert "*ECE*, the expected calibration error" in card
    columns = {line.count("|") for line in card.splitlines() if line.startswith("|")}
    assert len(columns) == 1  # or it is no table


def test_the_card_names_the_formats_that_are_there(small: Report) -> None:
    both = small.card().decode()
    assert "library_name: tflite\n" in both
    assert "tags: [image-classification, tflite, onnx, edge]" in both
    onnx = report(NAMES, 300, Gate(100.0), recipes=select("float32.onnx")).card().decode()
    assert "library_name: onnx\n" in onnx
    assert "tags: [image-classification, onnx, edge]" in onnx


def test_the_page_of_a_try_in_which_nothing_passed_says_so(small: Report) -> None:
    failed = report(NAMES, 300, Gate(100.0, max_size=1), recipes=select("float32.onnx"))
    said = "the report of a try of which no bundle came"
    assert said in failed.beside(MEASURED).decode()
    assert said not in small.beside(MEASURED).decode()


def test_with_few_labels_top_k_is_not_shown() -> None:
    two = report(("NG", "OK"), 100)
    assert "top-2" not in page(two.files())
    assert "top-2" not in two.card().decode()


def test_a_thousand_labels_break_neither_page_nor_plots() -> None:
    many = report(tuple(f"label {number}" for number in range(1000)), 3000)
    files = many.files()
    assert len(files["reports/parity.html"]) < 2e6
    assert "Of the 1000 labels the 24 that change most" in page(files)
    assert "confusion matrix" not in page(files)
    assert "that the Keras model confuses most" in page(files)
    for found in re.findall(r"data:image/png;base64,([^\"]+)", page(files)):
        with Image.open(io.BytesIO(base64.b64decode(found))) as image:
            assert max(image.size) < 2000
    assert len(json.loads(files["reports/parity.json"])["variants"]["float32.tflite"]["per_label"]) == 1000
    assert "and more, as `labels.txt` lists them" in many.card().decode()
