from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import UsageError
from train.backend import keras
from train.config import TrainConfig
from train.models.backbone import FINE_TUNING, Phase, check_warmup, enter, phases
from train.models.build import HEAD, build_model

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
CONFIG = TrainConfig(model="mobilenet_v3_small", weights="w.npz", epochs=6, dropout=0.0)
PIXELS = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype(np.float32)
LABELS = np.arange(8) % 2
EAGERLY = True  # one step each: tracing the network takes ten times as long as that


def untrained() -> Any:
    keras.utils.set_random_seed(0)
    return build_model(CONFIG, (32, 32), labels=2, grey=False, bare=True)


def test_a_third_of_the_epochs_is_the_last_layers_alone_and_the_rest_takes_small_steps() -> None:
    assert phases(CONFIG) == (Phase(0, 2, "head", 1.0), Phase(2, 6, "tuned", FINE_TUNING))
    assert phases(replace(CONFIG, epochs=40))[0].end == 14


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"freeze_epochs": 0}, [(0, 6, "tuned")]),
        ({"freeze_epochs": 5}, [(0, 5, "head"), (5, 6, "tuned")]),
        ({"freeze_epochs": 9}, [(0, 6, "head")]),
        ({"start": "runs/first"}, [(0, 6, "tuned")]),
        ({"start": "runs/first", "freeze_epochs": 2}, [(0, 2, "head"), (2, 6, "tuned")]),
        ({"weights": "none"}, [(0, 6, "all")]),
        ({"model": "cnn", "weights": ""}, [(0, 6, "all")]),
    ],
)
def test_phases_are_all_epochs_in_order(changed: dict[str, Any], found: list[tuple[int, int, str]]) -> None:
    assert [(phase.first, phase.end, phase.learning) for phase in phases(replace(CONFIG, **changed))] == found


def test_a_rate_that_rises_for_longer_than_the_last_layer_learns_alone_is_refused() -> None:
    check_warmup(replace(CONFIG, warmup=1.0))
    check_warmup(replace(CONFIG, warmup=2.0, freeze_epochs=3))
    with pytest.raises(UsageError, match="--warmup 2: the last layer alone learns in the first 2 of the epochs"):
        check_warmup(replace(CONFIG, warmup=2.0))


def test_only_the_last_layer_changes_at_first_and_statistics_stay_afterwards_too() -> None:
    model = untrained()
    head, tuned = phases(CONFIG)
    before = [layer.get_weights() for layer in model.layers]
    for phase in (head, tuned):
        enter(model, phase)
        model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=EAGERLY)
        model.fit(PIXELS, LABELS, verbose=0)
        after = [layer.get_weights() for layer in model.layers]
        changed = {
            layer
            for layer, old, new in zip(model.layers, before, after, strict=True)
            if not all(map(np.array_equal, old, new))
        }
        if phase is head:
            assert {layer.name for layer in changed} == {HEAD}
        else:
            assert len(changed) > 20
            assert not [layer for layer in changed if isinstance(layer, keras.layers.BatchNormalization)]
        before = after


def test_what_learned_a_part_can_learn_all_again() -> None:
    model = untrained()
    trainable = len(model.trainable_variables)
    for phase in phases(CONFIG):
        enter(model, phase)
        assert 0 < len(model.trainable_variables) < trainable
    enter(model, Phase(0, 1, "all", 1.0))
    assert len(model.trainable_variables) == trainable


def test_a_training_resumed_within_or_between_phases_ends_as_an_uninterrupted_one(tmp_path: Path) -> None:
    def trained(stops: tuple[int, ...]) -> list[Any]:
        """Trains an epoch, and two in the other phase; after each stop it is saved and loaded, as a checkpoint is."""
        model, done = untrained(), 0
        for phase in phases(replace(CONFIG, epochs=3, freeze_epochs=1)):
            for epoch in range(phase.first, phase.end):
                if epoch == phase.first:
                    enter(model, phase)
                    optimizer = keras.optimizers.Adam(0.01 * phase.rate)
                    model.compile(optimizer, "sparse_categorical_crossentropy", run_eagerly=EAGERLY)
                model.fit(PIXELS, LABELS, shuffle=False, verbose=0)
                done += 1
                if done in stops:
                    model.save(tmp_path / "last.keras")
                    model = keras.models.load_model(tmp_path / "last.keras")
        return [weight.copy() for weight in model.get_weights()]

    for one, other in zip(trained(()), trained((1, 2)), strict=True):
        assert one == pytest.approx(other, abs=1e-5)
