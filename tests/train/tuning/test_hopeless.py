from tests.train.tuning.conftest import MakeTrial
from train.config import TrainConfig
from train.tuning.hopeless import RIVALS, median_missed
from train.tuning.record import Trial

CONFIG = TrainConfig(model="cnn", width=16, epochs=4)


def rivals(finished: MakeTrial, **values: object) -> list[Trial]:
    found = {"model": "cnn", "width": 16, "epochs": 4} | values
    curves = [(0.5, 0.7, 0.8, 0.85), (0.5, 0.8, 0.85, 0.9), (0.5, 0.6, 0.8, 0.8)]
    return [finished(number, curve[-1], 0.02, curve, **found) for number, curve in enumerate(curves)]


def test_below_the_median_of_its_like_a_trial_is_hopeless(finished: MakeTrial) -> None:
    assert median_missed(CONFIG, (0.4, 0.65), rivals(finished)) == 0.7
    assert median_missed(CONFIG, (0.4, 0.75), rivals(finished)) is None
    assert median_missed(CONFIG, (0.4, 0.75, 0.76), rivals(finished)) == 0.8


def test_neither_the_first_nor_the_last_epoch_ends_a_trial(finished: MakeTrial) -> None:
    assert median_missed(CONFIG, (), rivals(finished)) is None
    assert median_missed(CONFIG, (0.1,), rivals(finished)) is None
    assert median_missed(CONFIG, (0.1, 0.1, 0.1, 0.1), rivals(finished)) is None


def test_a_faster_network_is_not_compared_with_slower_ones(finished: MakeTrial) -> None:
    for other in ({"width": 32}, {"model": "resnet8"}, {"epochs": 8}):
        assert median_missed(CONFIG, (0.1, 0.1), rivals(finished, **other)) is None
    assert median_missed(CONFIG, (0.1, 0.1), rivals(finished, width=8)) is not None


def test_few_rivals_say_nothing(finished: MakeTrial) -> None:
    assert median_missed(CONFIG, (0.1, 0.1), rivals(finished)[: RIVALS - 1]) is None
    ended = [Trial(number, "ended early", CONFIG, (0.9, 0.9)) for number in range(RIVALS)]
    assert median_missed(CONFIG, (0.1, 0.1), ended) is None
