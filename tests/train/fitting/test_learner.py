import numpy as np
import pytest
from numpy.typing import NDArray

from train.backend import keras
from train.config import PrecisionName, TrainConfig
from train.fitting.compiling import compiled
from train.fitting.learner import TEMPERATURE, Learner, balanced
from train.fitting.precision import computing_in

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
LABELS = np.arange(12) % 3


def plain(seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Dropout(0.5)(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs)))
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))


def learner(config: TrainConfig, **more: object) -> Learner:
    model = Learner(plain(), config, **more)  # type: ignore[arg-type]
    compiled(model, config, steps=10)
    return model


def loss_of(model: Learner, scores: NDArray[np.float32], **given: NDArray[np.float32]) -> float:
    return float(model.compute_loss(None, LABELS, {"scores": scores, **given}))


SCORES = np.random.default_rng(1).dirichlet(np.ones(3), 12).astype(np.float32)


def test_it_judges_as_the_plain_model_does() -> None:
    model = learner(TrainConfig(rotation=90, mixup=0.5, label_smoothing=0.5), weights=[1.0, 2.0, 3.0])
    assert np.array_equal(model.predict(PIXELS, verbose=0), model.plain.predict(PIXELS, verbose=0))
    loss, accuracy = model.evaluate(PIXELS, LABELS, verbose=0)
    scores = model.plain.predict(PIXELS, verbose=0)
    assert loss == pytest.approx(-np.log(scores[np.arange(12), LABELS]).mean(), rel=1e-5)
    assert accuracy == pytest.approx((scores.argmax(axis=1) == LABELS).mean())


def test_without_options_the_loss_is_the_cross_entropy() -> None:
    expected = -np.log(SCORES[np.arange(12), LABELS]).mean()
    assert loss_of(learner(TrainConfig()), SCORES) == pytest.approx(expected, rel=1e-5)


def test_smoothing_spreads_a_share_of_the_target_over_all_labels() -> None:
    target = 0.7 * np.eye(3)[LABELS] + 0.1
    expected = -(target * np.log(SCORES)).sum(axis=1).mean()
    assert loss_of(learner(TrainConfig(label_smoothing=0.3)), SCORES) == pytest.approx(expected, rel=1e-5)


def test_weights_count_each_picture_by_its_label() -> None:
    weights = [1.0, 0.0, 4.0]
    each = -np.log(SCORES[np.arange(12), LABELS]) * np.array(weights)[LABELS]
    assert loss_of(learner(TrainConfig(), weights=weights), SCORES) == pytest.approx(each.mean(), rel=1e-5)


def test_a_teacher_is_followed_by_the_divergence_at_a_higher_temperature() -> None:
    taught = np.random.default_rng(2).dirichlet(np.ones(3), 12).astype(np.float32)

    def soft(scores: NDArray[np.float32]) -> NDArray[np.float32]:
        powers = scores ** (1 / TEMPERATURE)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    hard = -np.log(SCORES[np.arange(12), LABELS]).mean()
    divergence = (soft(taught) * np.log(soft(taught) / soft(SCORES))).sum(axis=1).mean() * TEMPERATURE**2
    model = learner(TrainConfig(distillation=0.6, teacher="runs/a"), teacher=plain(seed=5))
    assert loss_of(model, SCORES, taught=taught) == pytest.approx(0.4 * hard + 0.6 * divergence, rel=1e-4)
    assert loss_of(model, taught, taught=taught) < loss_of(model, SCORES, taught=taught)


def test_a_teacher_does_not_learn() -> None:
    teacher = plain(seed=5)
    before = teacher.get_weights()
    model = learner(TrainConfig(), teacher=teacher)
    own = model.plain.get_weights()
    model.fit(PIXELS, LABELS, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(teacher.get_weights(), before, strict=True))
    assert not np.array_equal(model.plain.get_weights()[0], own[0])


def test_a_mixed_picture_is_right_with_the_label_that_it_has_most_of() -> None:
    model = learner(TrainConfig(mixup=0.5))
    most = np.roll(LABELS, 1)
    targets = (0.3 * np.eye(3)[LABELS] + 0.7 * np.eye(3)[most]).astype(np.float32)
    found = model.compute_metrics(None, LABELS, {"scores": np.eye(3, dtype=np.float32)[most], "targets": targets})
    assert float(found["accuracy"]) == 1
    model.reset_metrics()
    plain_ones = model.compute_metrics(None, LABELS, {"scores": np.eye(3, dtype=np.float32)[most]})
    assert float(plain_ones["accuracy"]) == 0


@pytest.mark.parametrize("config", [TrainConfig(mixup=0.5), TrainConfig(cutmix=1.0)])
def test_mixed_pictures_are_compared_with_mixed_labels(config: TrainConfig) -> None:
    model = learner(config)
    assert model.mixes
    model.start(0, seed=1)
    given = model({"pixels": PIXELS, "labels": LABELS}, training=True)
    targets = np.asarray(given["targets"])
    assert np.allclose(targets.sum(axis=1), 1)
    assert (targets.max(axis=1) < 1).any()
    scores = np.asarray(given["scores"])
    expected = -(targets * np.log(scores)).sum(axis=1).mean()
    assert float(model.compute_loss(None, LABELS, given)) == pytest.approx(expected, rel=1e-4)
    assert np.isfinite(model.fit({"pixels": PIXELS, "labels": LABELS}, LABELS, verbose=0).history["loss"][0])


def test_what_is_drawn_follows_from_seed_and_epoch() -> None:
    config = TrainConfig(rotation=90, channel_shift=0.5, mixup=0.5)
    one, other = learner(config), learner(config)
    one({"pixels": PIXELS, "labels": LABELS}, training=True)  # draws, and the other does not

    def shown(model: Learner, epoch: int) -> NDArray[np.float32]:
        model.start(epoch, seed=3)
        return np.asarray(model({"pixels": PIXELS, "labels": LABELS}, training=True)["scores"])

    assert np.array_equal(shown(one, 4), shown(other, 4))
    assert not np.array_equal(shown(one, 4), shown(one, 5))


def test_balanced_weights_make_labels_equal_and_a_mean_picture_one() -> None:
    counts = np.array([90, 10, 0])
    assert balanced(counts)[2] == 0
    weights = balanced(counts[:2])
    assert weights[0] * 90 == pytest.approx(weights[1] * 10)
    assert (weights[0] * 90 + weights[1] * 10) / 100 == pytest.approx(1)


def test_what_regularizers_add_counts_in_training_alone() -> None:
    penalty = keras.regularizers.L2(0.5)
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax", kernel_regularizer=penalty)(x))
    strict = Learner(model, TrainConfig())
    expected = -np.log(SCORES[np.arange(12), LABELS]).mean()
    added = 0.5 * (model.layers[-1].get_weights()[0] ** 2).sum()
    assert added > 0.1
    assert loss_of(strict, SCORES) == pytest.approx(expected + added, rel=1e-5)
    assert float(strict.compute_loss(None, LABELS, SCORES)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize(
    "changes",
    [
        {"mixup": 0.2},
        {"cutmix": 1.0},
        {"rotation": 9.0, "translation": 0.1, "zoom": 0.1, "shear": 0.1, "erasing": 0.5},
        {"brightness": 0.2, "contrast": 0.2, "channel_shift": 0.1, "randaugment": 2},
    ],
)
def test_pictures_are_changed_in_32_bits_whatever_the_network_computes_in(
    precision: PrecisionName, changes: dict[str, float]
) -> None:
    config = TrainConfig(precision=precision, **changes)  # type: ignore[arg-type]
    with computing_in(precision):
        model = learner(config)
    assert model.plain.layers[-1].compute_dtype == precision.removeprefix("mixed_")
    assert model.augmented(PIXELS).dtype == "float32"
    given = {"pixels": PIXELS, "labels": LABELS} if model.mixes else PIXELS
    assert np.isfinite(model.fit(given, LABELS, batch_size=6, epochs=2, verbose=0).history["loss"]).all()
