import tomllib

from tests.train.tuning.conftest import MakeTrial
from train.config import TrainConfig
from train.tuning.declared import DEFAULT, parse_space
from train.tuning.record import Trial
from train.tuning.space import Choice, Value, configured
from train.tuning.suggest import RANDOM_TRIALS, suggest

SPACE = parse_space(tomllib.loads(DEFAULT), "space", {})


def test_every_suggestion_is_of_the_space() -> None:
    seen = set()
    for seed in range(20):
        chosen = suggest(SPACE, (), seed)
        model = str(chosen["model"])
        seen.add(model)
        free = SPACE.of(model)[1]
        assert set(chosen) == {"model", *free}
        for name, one in free.items():
            inside = chosen[name] in one.values if isinstance(one, Choice) else one.near(chosen[name]) == chosen[name]
            assert inside, (name, chosen[name])
        configured(SPACE, 54_000, chosen, {})
    assert seen == set(SPACE.models)


def test_the_same_trials_and_seed_give_the_same(finished: MakeTrial) -> None:
    trials = [finished(number, 0.8, 0.02, model="cnn", width=16, dropout=0.1) for number in range(3)]
    assert suggest(SPACE, trials, 7) == suggest(SPACE, trials, 7)
    assert suggest(SPACE, trials, 7) != suggest(SPACE, trials, 8)


def test_it_learns_from_the_trials(finished: MakeTrial) -> None:
    space = parse_space({"dropout": {"low": 0.0, "high": 0.5}}, "space", {})
    trials = [finished(number, 0.9 - number / 40, 0.02, dropout=number / 40) for number in range(20)]
    assert len(trials) > RANDOM_TRIALS

    def mean(known: list[Trial]) -> float:
        drawn: list[Value] = [suggest(space, known, seed)["dropout"] for seed in range(20)]
        return sum(map(float, drawn)) / 20

    assert mean(trials) < mean([]) / 4, "small ones were the more accurate; 0.012 against 0.24"


def test_failed_trials_and_the_networks_own_width_do_no_harm(finished: MakeTrial) -> None:
    failed = Trial(1, "failed", TrainConfig(), reason="no memory")
    own = finished(0, 0.9, 0.02, model="cnn", width=0, dropout=0.1, learning_rate=0.001)
    assert suggest(SPACE, [own, failed], 0)["model"] in SPACE.models


def test_a_width_of_zero_among_the_choices_is_one_of_them(finished: MakeTrial) -> None:
    space = parse_space({"width": [0, 16, 64]}, "space", {})
    assert suggest(space, [finished(0, 0.9, 0.02, width=0)], 0)["width"] in (0, 16, 64)
