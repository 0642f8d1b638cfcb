import pytest

from train.fitting.phase import tell_what_is_left


@pytest.mark.parametrize(
    ("seconds", "epochs", "said"),
    [
        (2.9, 20, ""),
        (17.2, 5, "5 more epochs take about 1 min 30 s, if they do not end early\n"),
        (66.4, 19, "19 more epochs take about 21 min, if they do not end early\n"),
        (400.0, 39, "39 more epochs take about 4 h 20 min, if they do not end early\n"),
    ],
)
def test_after_an_epoch_it_is_said_how_long_the_others_take(
    seconds: float, epochs: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_what_is_left(seconds, epochs)
    assert capsys.readouterr().err == said
