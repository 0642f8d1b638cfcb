from tests.train.tuning.conftest import MakeTrial
from train.tuning.declared import parse_space
from train.tuning.record import Trial
from train.tuning.space import Value
from train.tuning.untried import untried


def test_a_space_of_lists_is_tried_to_its_end_and_nothing_twice(finished: MakeTrial) -> None:
    lists = {"model": ["mlp", "cnn"], "flip": [False, True], "dropout": [0.0, 0.2], "epochs": [3, 4]}
    space = parse_space(lists | {"label_smoothing": [0.0, 0.05]}, "space", {})
    trials: list[Trial] = []
    while (config := untried(space, 54_000, trials, {"device": "cpu"}, 0)) is not None:
        trials.append(finished(len(trials), 0.8 + config.dropout / 10, 0.02 + config.flip, **vars(config)))
    assert len(trials) == len({trial.config for trial in trials}) == 2**5


def test_what_goes_over_all_leaves_fewer_to_try(finished: MakeTrial) -> None:
    over: dict[str, Value] = {"device": "cpu", "epochs": 3}
    space = parse_space({"epochs": [8, 16], "when": {}, "flip": [False, True]}, "space", over)
    trials: list[Trial] = []
    while (config := untried(space, 54_000, trials, over, 0)) is not None:
        assert config.epochs == 3
        trials.append(finished(len(trials), 0.8, 0.02, **vars(config)))
    assert [trial.config.flip for trial in trials] == [False, True]


def test_numbers_without_end_have_always_another(finished: MakeTrial) -> None:
    space = parse_space({"dropout": {"low": 0.0, "high": 0.5}}, "space", {})
    trials: list[Trial] = []
    for number in range(12):
        config = untried(space, 54_000, trials, {}, 0)
        assert config is not None
        trials.append(finished(number, 0.8, 0.02, **vars(config)))
    assert len({trial.config for trial in trials}) == 12
