from train.config import TrainConfig
from train.fitting.history import Epoch
from train.fitting.plateau import rate_after

CONFIG = TrainConfig(schedule="plateau", learning_rate=0.9)


def history(*losses: float) -> list[Epoch]:
    return [Epoch(number + 1, 1.0, 0.5, loss, 0.5, 0.9, 1.0) for number, loss in enumerate(losses)]


def test_the_rate_stays_while_the_validation_loss_falls() -> None:
    assert rate_after([], CONFIG) == 0.9
    assert rate_after(history(3, 2, 2.5, 1), CONFIG) == 0.9


def test_two_epochs_without_a_lower_loss_cost_two_thirds_of_the_rate() -> None:
    assert round(rate_after(history(2, 2, 3), CONFIG), 6) == 0.3
    assert round(rate_after(history(2, 2, 3, 2.5), CONFIG), 6) == 0.3
    assert round(rate_after(history(2, 2, 3, 2.5, 2.5), CONFIG), 6) == 0.1
