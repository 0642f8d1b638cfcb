import tomllib

from train.config import sized_for
from train.tuning.declared import DEFAULT, parse_space
from train.tuning.space import Choice, Span, configured, usual


def test_a_search_begins_with_what_fit_does_unasked() -> None:
    space = parse_space(tomllib.loads(DEFAULT), "space", {})
    config = configured(space, 54_000, usual(space, 54_000), {})
    wanted = sized_for(54_000)
    assert (config.model, config.width) == ("cnn", 32)
    assert (config.learning_rate, config.dropout, config.epochs) == (wanted.learning_rate, 0.2, wanted.epochs)
    assert not config.flip


def test_what_the_space_does_not_name_follows_from_network_and_pictures() -> None:
    space = parse_space(tomllib.loads('model = ["mlp", "cnn"]\nflip = [true, false]'), "space", {})
    config = configured(space, 300, {"model": "mlp", "flip": True}, {"device": "cpu", "epochs": 5})
    wanted = sized_for(300, "mlp")
    assert (config.batch_size, config.learning_rate) == (wanted.batch_size, wanted.learning_rate)
    assert (config.epochs, config.device, config.flip) == (5, "cpu", True)


def test_the_nearest_value_is_inside() -> None:
    assert Span(0.1, 0.5, False, False).near(0.9) == 0.5
    assert Span(8, 16, False, True).near(4) == 8
    assert Choice((8, 16)).near(16) == 16
    assert Choice((8, 16)).near(3) == 8
