import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime.closing import NothingToClose
from edge_runtime.errors import SinkError
from edge_runtime.result import Prediction, Result
from edge_runtime.sinks.abilities import Kept
from edge_runtime.sinks.memory import MemorySink
from edge_runtime.sinks.worker import FRAMES, Worker
from edge_runtime.sources import Frame
from tests.edge_runtime.samples import DEADLINE, eventually, flat
from tests.edge_runtime.sinks.results import change, event, prediction


class Slow(NothingToClose):
    """A sink that takes a result when it is allowed to."""

    address, vital = "slow:", False

    def __init__(self) -> None:
        self.busy, self.go_on = threading.Event(), threading.Event()
        self.told: list[tuple[Result, Frame | None]] = []
        self.left = False

    def __exit__(self, *_: object) -> None:
        self.left = True

    def take(self, result: Result, frame: Frame | None) -> None:
        self.busy.set()
        assert self.go_on.wait(DEADLINE)
        self.told.append((result, frame))


class Failing(MemorySink):
    """Fails while it is told to."""

    address = "failing:"

    def __init__(self, vital: bool = False, error: Exception | None = None) -> None:
        super().__init__()
        self.vital = vital
        self.error = error

    def take(self, result: Result, frame: Frame | None = None) -> None:
        if self.error:
            raise self.error
        super().take(result, frame)


def worker_of(sink: Slow | MemorySink, failures: list[BaseException] | None = None, size: int = 64) -> Worker:
    worker = Worker(sink, (failures if failures is not None else []).append, size)
    worker.start()
    return worker


def offer(worker: Worker, *results: Result, patient: bool = False) -> None:
    for result in results:
        worker.offer(result, frame_of(result), patient)


def frame_of(result: Result) -> Frame | None:
    return Frame(result.source, result.frame, 0.0, flat(1)) if isinstance(result, Prediction) else None


def held(size: int = 64) -> tuple[Slow, Worker]:
    """A worker whose sink has the first prediction, number 0, in hand and does not go on."""
    sink = Slow()
    worker = worker_of(sink, size=size)
    offer(worker, prediction(0))
    assert sink.busy.wait(DEADLINE)
    return sink, worker


def numbers(sink: Slow) -> list[int]:
    return [result.frame for result, _ in sink.told if isinstance(result, Prediction)]


def in_a_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_results_are_told_in_order_and_counted() -> None:
    memory = MemorySink()
    worker = worker_of(memory)
    results = [prediction(number) for number in range(20)]
    offer(worker, *results)
    worker.finish(None)
    assert memory.results == results
    assert memory.closed
    status = worker.status()
    assert (status.address, status.delivered, status.dropped, status.failed, status.waiting) == ("memory:", 20, 0, 0, 0)


def test_a_slow_sink_keeps_nobody_waiting_and_loses_its_oldest_predictions() -> None:
    sink, worker = held(size=3)
    offer(worker, *[prediction(number) for number in range(1, 11)])
    assert worker.status().dropped == 7
    sink.go_on.set()
    worker.finish(None)
    assert numbers(sink) == [0, 8, 9, 10]
    assert sink.left


def test_events_and_changes_of_sources_go_last() -> None:
    sink, worker = held(size=3)
    offer(worker, event(1), prediction(2), change(), prediction(3), prediction(4), event(5))
    sink.go_on.set()
    worker.finish(None)
    assert [result for result, _ in sink.told[1:]] == [event(1), change(), event(5)]


def test_files_wait_for_room_and_lose_nothing() -> None:
    sink, worker = held(size=3)
    results = [prediction(number) for number in range(1, 11)]
    offering = in_a_thread(lambda: offer(worker, *results, patient=True))
    eventually(lambda: worker.status().waiting == FRAMES, "the queue is full")
    assert offering.is_alive()
    sink.go_on.set()
    offering.join(DEADLINE)
    worker.finish(None)
    assert numbers(sink) == list(range(11))
    assert worker.status().dropped == 0


def test_a_video_that_waits_for_room_loses_no_frame() -> None:
    sink, worker = held()
    offering = in_a_thread(lambda: offer(worker, *[prediction(number) for number in range(1, 11)], patient=True))
    sink.go_on.set()
    offering.join(DEADLINE)
    worker.finish(None)
    assert [frame.number for _, frame in sink.told if frame] == list(range(11))


def test_few_live_frames_wait_in_memory_the_newest() -> None:
    sink, worker = held()
    offer(worker, *[prediction(number) for number in range(1, 11)])
    sink.go_on.set()
    worker.finish(None)
    assert numbers(sink) == list(range(11))
    assert [frame.number for _, frame in sink.told[1:] if frame] == [9, 10]


def test_a_path_takes_no_memory_and_may_wait(tmp_path: Path) -> None:
    sink, worker = held()
    for number in range(1, 11):
        worker.offer(prediction(number), Frame("door", number, 0.0, tmp_path), False)
    sink.go_on.set()
    worker.finish(None)
    assert [frame.number for _, frame in sink.told if frame] == list(range(11))


def test_frames_wait_only_for_a_sink_that_makes_something_of_them() -> None:
    class Blind(Slow):
        sees_frames = False

    sink = Blind()
    worker = worker_of(sink)
    sink.go_on.set()
    offer(worker, prediction(1))
    worker.finish(None)
    assert sink.told == [(prediction(1), None)]


def test_a_failure_is_counted_and_told_once_until_it_works_again(capsys: pytest.CaptureFixture[str]) -> None:
    sink = Failing(error=SinkError("the printer is out of paper"))
    worker = worker_of(sink)
    offer(worker, event(1), event(2))
    eventually(lambda: worker.status().failed == 2, "two failures")
    assert worker.status().error == "the printer is out of paper"
    sink.error = None
    offer(worker, event(3))
    worker.finish(None)
    status = worker.status()
    assert (status.delivered, status.failed, status.error) == (1, 2, "")
    assert capsys.readouterr().err.splitlines() == [
        "edge-runtime: failing:: the printer is out of paper",
        "edge-runtime: failing:: works again",
    ]


def test_a_vital_sink_that_fails_ends_the_program() -> None:
    failures: list[BaseException] = []
    error = SinkError("nobody reads")
    worker = worker_of(Failing(vital=True, error=error), failures)
    offer(worker, event(1))
    eventually(lambda: failures, "the failure is passed on")
    offer(worker, event(2), patient=True)  # does not wait for ever
    worker.finish(None)
    assert failures == [error]


def test_a_defect_in_any_sink_ends_the_program() -> None:
    failures: list[BaseException] = []
    error = ZeroDivisionError("a defect")
    worker = worker_of(Failing(error=error), failures)
    offer(worker, event(1))
    worker.finish(None)
    assert failures == [error]
    assert worker.status().error == "a defect"


def test_a_sink_that_hangs_is_left_when_its_time_is_up_and_the_rest_counts_as_dropped() -> None:
    sink, worker = held()
    offer(worker, prediction(1), prediction(2))
    worker.finish(0.0)
    assert sink.left
    assert worker.status().dropped == 2
    offer(worker, prediction(3), patient=True)  # nobody is told any more, and nobody waits
    assert worker.status().dropped == 3
    sink.go_on.set()


def test_a_sink_that_cannot_be_entered_says_so_to_the_caller() -> None:
    class Shut(MemorySink):
        def __enter__(self) -> "Shut":
            raise SinkError("shut: no such file")

    with pytest.raises(SinkError, match="no such file"):
        Worker(Shut(), lambda error: None).start()


def test_what_a_sink_does_not_want_neither_waits_nor_counts() -> None:
    class Picky(Slow):
        def wants(self, result: Result) -> bool:
            return not isinstance(result, Prediction)

    sink = Picky()
    sink.go_on.set()
    worker = worker_of(sink, size=1)
    offer(worker, *[prediction(number) for number in range(100)], event(1))
    worker.finish(None)
    assert sink.told == [(event(1), None)]
    assert (worker.status().delivered, worker.status().dropped) == (1, 0)


class Mailbox(NothingToClose):
    """A sink that keeps results until somebody comes for them."""

    address, vital = "mailbox:", False

    def __init__(self, waiting: int = 0) -> None:
        self.waiting, self.delivered = waiting, 0
        self.open = threading.Event()
        self.tried = threading.Event()
        self.flushed: list[float] = []

    def take(self, result: Result, frame: Frame | None) -> None:
        self.waiting += 1

    def again(self) -> float:
        if self.open.is_set():
            self.delivered, self.waiting = self.delivered + self.waiting, 0
        self.tried.set()
        return 0.01

    def flush(self, seconds: float) -> None:
        self.flushed.append(seconds)

    def kept(self) -> Kept:
        return Kept(self.delivered, self.waiting, 3, 4, "" if self.open.is_set() else "mailbox: nobody comes")


def test_a_sink_that_keeps_results_tries_again_when_nothing_new_comes(capsys: pytest.CaptureFixture[str]) -> None:
    sink = Mailbox(waiting=2)
    worker = Worker(sink, lambda error: None)
    worker.start()
    assert sink.tried.wait(DEADLINE)
    offer(worker, event(1))
    eventually(lambda: worker.status().waiting == 3, "it is kept")
    status = worker.status()
    assert (status.delivered, status.dropped, status.failed, status.error) == (0, 3, 4, "mailbox: nobody comes")
    sink.open.set()
    eventually(lambda: worker.status().delivered == 3, "what was kept is delivered without anything new")
    eventually(lambda: not worker.status().error, "it works again")
    worker.finish(1.0)
    assert capsys.readouterr().err.splitlines() == [
        "edge-runtime: mailbox: nobody comes",
        "edge-runtime: mailbox:: works again",
    ]
    assert len(sink.flushed) == 1
    assert 0 <= sink.flushed[0] <= 1.0
