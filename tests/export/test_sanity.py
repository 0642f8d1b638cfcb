"""A real network on real pictures, imported as it must be and as it must not: the sentences name what was wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.stages.prepared import Prepared
from export.conversion.backend import keras
from export.sanity import Finding, assignment
from tests.export.test_importing import imported

Import = Callable[..., str]


@pytest.fixture(scope="module")
def theirs(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of somebody else, trained on pixels from -1 to 1 until it is right four times in five."""
    keras.utils.set_random_seed(1)
    layers = [keras.Input((28, 28, 1)), keras.layers.Conv2D(16, 3, strides=2, activation="relu")]
    layers += [keras.layers.Flatten(), keras.layers.Dense(10, name="logits"), keras.layers.Softmax()]
    model = keras.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy")
    split = prepared.split("train")
    model.fit(split.pixels[..., :1] / np.float32(127.5) - 1, np.array(split.labels), epochs=3, verbose=0)
    path = tmp_path_factory.mktemp("theirs") / "scores.keras"
    model.save(path)
    keras.Model(model.inputs, model.get_layer("logits").output).save(path.with_name("logits.keras"))
    return path


@pytest.fixture
def said(theirs: Path, prepared: Prepared, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Import:
    def run(*words: str, model: str = "scores") -> str:
        imported(theirs.with_stem(model), prepared, tmp_path / "run", *words)
        return capsys.readouterr().err

    return run


def labels_file(to: Path, labels: Any) -> str:
    to.write_text("\n".join(labels))
    return str(to)


@pytest.mark.parametrize(("model", "words"), [("scores", ()), ("logits", ("--softmax",))])
def test_a_model_imported_rightly_is_told_with_its_top_1_and_no_warning(
    model: str, words: tuple[str, ...], said: Import
) -> None:
    text = said("--input-range", "-1", "1", *words, model=model)
    assert "top-1 on 400 validation pictures: 8" in text
    assert "warning" not in text


@pytest.mark.parametrize("words", [(), ("--input-range", "0", "1")])
def test_a_wrong_range_is_told_with_the_right_one(words: tuple[str, ...], said: Import) -> None:
    text = said(*words)
    assert "export: warning: clearly better, 8" in text
    assert "with --input-range -1 1; import it again" in text


def test_labels_in_a_wrong_order_are_told_with_the_right_one(said: Import, prepared: Prepared, tmp_path: Path) -> None:
    labels = prepared.record.spec.labels
    text = said("--input-range", "-1", "1", "--labels", labels_file(tmp_path / "labels.txt", sorted(labels)))
    assert f"with --labels FILE with the labels in another order, probably {', '.join(labels)}; " in text
    assert "--input-range -1 1 and" not in text


def test_labels_and_range_that_are_both_wrong_are_told_together(
    said: Import, prepared: Prepared, tmp_path: Path
) -> None:
    labels = prepared.record.spec.labels
    turned = (*labels[3:], *labels[:3])
    text = said("--input-range", "0", "1", "--labels", labels_file(tmp_path / "labels.txt", turned))
    assert "is near chance, 10.0% with 10 labels" in text
    assert "with --input-range -1 1 and --labels FILE" in text
    assert f"probably {', '.join(labels)}; " in text


def test_a_model_that_knows_nothing_is_near_chance_and_no_range_or_order_is_blamed(
    prepared: Prepared, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        blank = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])
        blank.layers[-1].set_weights([np.zeros((784, 10)), np.random.default_rng(seed).normal(size=10)])
        blank.save(tmp_path / "blank.keras")
        imported(tmp_path / "blank.keras", prepared, tmp_path / "run")
        text = capsys.readouterr().err
        assert "is near chance" in text
        assert "clearly better" not in text


@pytest.mark.parametrize(
    ("labels", "top1", "near"),
    [(2, 0.6, True), (2, 0.7, False), (10, 0.19, True), (10, 0.21, False), (1000, 0.0015, True), (1000, 0.4, False)],
)
def test_chance_is_what_guessing_gives(labels: int, top1: float, near: bool) -> None:
    assert Finding(top1, 400, labels).near_chance == near


def test_a_label_without_evidence_keeps_its_own_score() -> None:
    truth, predicted = np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0])
    assert assignment(truth, predicted, 4) == (1, 0, 2, 3)


def test_labels_that_a_model_confuses_keep_their_order() -> None:
    truth, predicted = np.array([0, 0, 1, 1, 2]), np.array([0, 0, 0, 0, 2])
    assert assignment(truth, predicted, 3) == (0, 1, 2)
