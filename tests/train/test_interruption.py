import contextlib
import signal
from collections.abc import Iterator

import pytest

from train.interruption import Interruption


@pytest.fixture
def as_the_command_does() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


def swallowing(number: int) -> None:
    """Gets a signal where everything is caught, as in Keras' `pythonify_logs`."""
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(number)


@pytest.mark.usefixtures("as_the_command_does")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_swallowed_signal_ends_training_after_the_step(number: int) -> None:
    with Interruption() as interruption:
        interruption.on_train_batch_end(0)
        swallowing(number)
        for end in (interruption.on_train_batch_end, interruption.on_test_batch_end):
            with pytest.raises(KeyboardInterrupt):
                end(1)
    assert signal.getsignal(number) is signal.default_int_handler


def test_a_handler_of_somebody_else_stays() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            signal.raise_signal(signal.SIGTERM)
            interruption.on_train_batch_end(0)
    finally:
        signal.signal(signal.SIGTERM, before)
