import threading
import time
from itertools import islice

from edge_runtime.sources.replay import ReplaySource
from tests.edge_runtime.samples import flat

PICTURES = [flat(1), flat(2), flat(3)]


def test_pictures_come_in_order_round_after_round() -> None:
    frames = list(ReplaySource(PICTURES, address="replay:x", rounds=2).frames(threading.Event()))
    assert [frame.number for frame in frames] == list(range(6))
    assert [frame.picture is PICTURES[n % 3] for n, frame in enumerate(frames)] == [True] * 6
    assert {frame.source for frame in frames} == {"replay:x"}


def test_no_rounds_means_until_stopped() -> None:
    stop = threading.Event()
    frames = ReplaySource(PICTURES, rounds=0).frames(stop)
    assert len(list(islice(frames, 1000))) == 1000
    stop.set()
    assert list(frames) == []


def test_with_a_pace_it_is_live_and_takes_its_time() -> None:
    source = ReplaySource(PICTURES, fps=50)
    start = time.monotonic()
    assert len(list(source.frames(threading.Event()))) == 3
    assert time.monotonic() - start >= 3 / 50 - 0.001  # never faster; how much slower is the machine's affair
    assert source.live
    assert not ReplaySource(PICTURES).live


def test_a_slow_pace_does_not_delay_the_stop() -> None:
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    start = time.monotonic()
    assert list(ReplaySource(PICTURES, fps=0.001).frames(stop)) == []
    assert time.monotonic() - start < 10
