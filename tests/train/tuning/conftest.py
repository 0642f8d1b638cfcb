"""Trials that were never trained, with figures made for what a test claims."""

from collections.abc import Callable
from typing import Any

import pytest

from train.config import TrainConfig
from train.tuning.record import Measured, Trial

MakeTrial = Callable[..., Trial]


@pytest.fixture
def finished() -> MakeTrial:
    """Makes a finished trial: `finished(3, 0.9, 0.02, model="cnn", width=16)`, latency in ms."""

    def make(number: int, accuracy: float, ms: float, accuracies: tuple[float, ...] = (), **values: Any) -> Trial:
        measured = Measured(accuracy, ms / 1e3, 1024, 1000, "ai-edge-litert 2.3.0", "some processor")
        return Trial(number, "finished", TrainConfig(**values), accuracies or (accuracy,), measured, 10.0)

    return make
