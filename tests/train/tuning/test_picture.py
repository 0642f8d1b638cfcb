import itertools

from matplotlib.figure import Figure
from matplotlib.text import Annotation

from tests.train.tuning.conftest import MakeTrial
from train.tuning.picture import drawn, pareto
from train.tuning.record import StudyRecord, Trial


def record(trials: list[Trial]) -> StudyRecord:
    return StudyRecord(1, "parts", "0" * 64, 500, 2, tuple(trials))


def names(figure: Figure) -> list[Annotation]:
    return [text for text in figure.findobj(Annotation) if text.get_visible()]


def test_names_of_close_trials_do_not_cover_each_other(finished: MakeTrial) -> None:
    near = [finished(number, 0.9 + 0.001 * (number % 4), 0.5 + 0.002 * (number % 5)) for number in range(12)]
    edge = [finished(12, 0.95, 3.0, model="resnet8"), finished(13, 0.951, 3.4, model="resnet8")]
    figure = drawn(record([*near, *edge]))
    found = names(figure)
    assert {"12 resnet8", "13 resnet8"} <= {name.get_text() for name in found}
    assert len(found) == 14
    boxes = [name.get_window_extent() for name in found]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    frame = figure.axes[0].bbox
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)


def test_one_trial_is_a_picture_too(finished: MakeTrial) -> None:
    one = record([finished(0, 0.9, 0.5)])
    assert pareto(one).startswith(b"\x89PNG")
    assert drawn(one).axes[0].get_title().startswith("parts: 1 trial, blue")
