from pathlib import Path

import numpy as np
import pytest

from edge_runtime.bundle.manifest import digest
from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.errors import RunError
from edge_runtime.stages import run as stage
from train.backend import keras
from train.config import TrainConfig
from train.fitting.earlier import load_teacher, take_over
from train.models.build import build_model

SIZE = (12, 12)


def model_of(labels: int, seed: int, name: str = "cnn") -> keras.Model:
    keras.utils.set_random_seed(seed)
    return build_model(TrainConfig(model=name), SIZE, labels=labels, grey=False)


def finished(directory: Path, labels: tuple[str, ...], model: keras.Model) -> Path:
    """A run directory as far as others read it."""
    directory.mkdir()
    model.save(directory / stage.MODEL)
    stage.write_spec(directory, ModelSpec(labels, PreprocessingSpec(SIZE)))
    content = (directory / stage.MODEL).read_bytes()
    record = stage.RunRecord(
        stage.SCHEMA_VERSION, "2026-01-01T00:00:00Z", "data", "few", "0" * 64, digest(content), {}, "cpu"
    )
    stage.write_record(directory, record)
    return directory


@pytest.fixture(scope="module")
def source() -> keras.Model:
    return model_of(3, seed=1)


def test_the_same_labels_take_over_everything(tmp_path: Path, source: keras.Model) -> None:
    run, model = finished(tmp_path / "a", ("cat", "dog", "owl"), source), model_of(3, seed=2)
    assert take_over(model, ("cat", "dog", "owl"), run) == ((), ())
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), source.get_weights(), strict=True))


def test_labels_keep_their_own_weights_wherever_they_stand(tmp_path: Path, source: keras.Model) -> None:
    run, model = finished(tmp_path / "a", ("cat", "dog", "owl"), source), model_of(4, seed=2)
    fresh = model.get_layer("logits").get_weights()
    assert take_over(model, ("ant", "owl", "bee", "cat"), run) == (("ant", "bee"), ("dog",))
    for mine, theirs, own in zip(
        model.get_layer("logits").get_weights(), source.get_layer("logits").get_weights(), fresh, strict=True
    ):
        assert np.array_equal(mine[..., 1], theirs[..., 2]), "owl"
        assert np.array_equal(mine[..., 3], theirs[..., 0]), "cat"
        assert np.array_equal(mine[..., [0, 2]], own[..., [0, 2]]), "new ones as they were"
    assert np.array_equal(model.get_weights()[0], source.get_weights()[0])


def own(labels: int, seed: int, *, nested: bool = False) -> keras.Model:
    """A network as a user writes it, whose layers have names of their own."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    classifier = [layers.Dense(8, activation="relu"), layers.Dense(labels), layers.Softmax()]
    head = [keras.Sequential(classifier)] if nested else classifier
    return keras.Sequential([keras.Input((*SIZE, 3)), layers.Rescaling(1 / 255), layers.Flatten(), *head])


@pytest.mark.parametrize("nested", [False, True])
def test_labels_of_a_network_of_ones_own_are_matched_by_name_too(tmp_path: Path, nested: bool) -> None:
    before = own(2, seed=1, nested=nested)
    run = finished(tmp_path / "a", ("apple", "banana"), before)
    old = before.get_weights()[-1], before.get_weights()[-2]
    for labels in (("banana", "cherry"), ("banana", "cherry", "date")):
        model = own(len(labels), seed=2, nested=nested)
        fresh = model.get_weights()[-1], model.get_weights()[-2]
        assert take_over(model, labels, run) == (labels[1:], ("apple",))
        for mine, theirs, untouched in zip((model.get_weights()[-1], model.get_weights()[-2]), old, fresh, strict=True):
            assert np.array_equal(mine[..., 0], theirs[..., 1]), "banana"
            assert np.array_equal(mine[..., 1:], untouched[..., 1:]), "new ones as they were"
        assert np.array_equal(model.get_weights()[0], before.get_weights()[0])


def test_a_network_whose_end_knows_no_labels_is_taken_over_with_the_same_labels_alone(tmp_path: Path) -> None:
    def scaled(seed: int) -> keras.Model:
        inputs = own(2, seed).inputs[0]
        x = keras.layers.LayerNormalization(axis=(1, 2))(inputs)
        return keras.Model(inputs, keras.layers.Softmax()(keras.layers.GlobalAveragePooling2D()(x)[:, :2]))

    run = finished(tmp_path / "a", ("apple", "banana"), scaled(1))
    assert take_over(scaled(2), ("apple", "banana"), run) == ((), ())
    with pytest.raises(RunError, match="has no weights for each label"):
        take_over(scaled(2), ("banana", "cherry"), run)


def test_another_network_is_refused(tmp_path: Path, source: keras.Model) -> None:
    run = finished(tmp_path / "a", ("cat", "dog", "owl"), source)
    with pytest.raises(RunError, match=r"expected of a resnet8 for 12 × 12 pixels, .* cnn for 12 × 12 .*same --model"):
        take_over(model_of(3, seed=2, name="resnet8"), ("cat", "dog", "owl"), run)


def test_a_run_that_is_not_there_is_refused_by_name(tmp_path: Path, source: keras.Model) -> None:
    with pytest.raises(RunError, match="nowhere: no such run"):
        take_over(source, ("cat", "dog", "owl"), tmp_path / "nowhere")


def test_a_teacher_of_other_labels_is_refused(tmp_path: Path, source: keras.Model) -> None:
    run = finished(tmp_path / "a", ("cat", "dog", "owl"), source)
    spec = ModelSpec(("cat", "dog", "owl"), PreprocessingSpec(SIZE))
    assert load_teacher(run, spec).output_shape == (None, 3)
    with pytest.raises(RunError, match=r"same labels and preprocessing expected; their labels are in another order"):
        load_teacher(run, ModelSpec(("dog", "cat", "owl"), PreprocessingSpec(SIZE)))
    with pytest.raises(RunError, match="; it has the label 'owl', the dataset has not"):
        load_teacher(run, ModelSpec(("cat", "dog", "uhu"), PreprocessingSpec(SIZE)))


def test_a_teacher_of_another_size_is_refused_with_both_sizes_in_words(tmp_path: Path, source: keras.Model) -> None:
    run = finished(tmp_path / "a", ("cat", "dog", "owl"), source)
    wanted = r"takes pictures of 12 × 12 pixels \(stretch, bilinear\), those of the dataset are 24 × 24 pixels"
    with pytest.raises(RunError, match=wanted):
        load_teacher(run, ModelSpec(("cat", "dog", "owl"), PreprocessingSpec((24, 24))))
