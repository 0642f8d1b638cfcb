import contextlib
import signal
from collections.abc import Iterator

import pytest

from train.fitting.interruption import Interruption


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


@pytest.mark.usefixtures("as_the_command_does")
def test_what_a_library_makes_of_a_signal_is_still_an_interruption() -> None:
    def misunderstanding() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt as error:
            raise RuntimeError("a callback failed") from error

    with pytest.raises(KeyboardInterrupt), Interruption():
        misunderstanding()


@pytest.mark.usefixtures("as_the_command_does")
def test_an_error_without_a_signal_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="of its own"), Interruption():
        raise RuntimeError("of its own")


def test_a_handler_of_somebody_else_stays() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            signal.raise_signal(signal.SIGTERM)
            interruption.on_train_batch_end(0)
    finally:
        signal.signal(signal.SIGTERM, before)
