import threading
from dataclasses import replace
from itertools import count
from pathlib import Path

from edge_runtime.benchmark.figures import Case, Taken
from edge_runtime.benchmark.samples import enlarged
from edge_runtime.benchmark.session import measure, sustain
from edge_runtime.benchmark.worker import Counter
from edge_runtime.bundle.store import Bundle
from edge_runtime.result import Prediction, Rejection
from tests.edge_runtime.samples import IDENTITY


def case(bundle: Bundle, variant: str = "full_int8.tflite") -> Case:
    package = "onnxruntime" if variant.endswith("onnx") else "ai-edge-litert"
    return Case(str(bundle.directory), bundle.title, variant, package, 1)


def test_every_case_gets_its_queries_its_throughput_and_its_memory(bundle: Bundle, tmp_path: Path) -> None:
    told: list[int] = []
    cases = [case(bundle), case(bundle, "int8.onnx")]
    pictures = enlarged(bundle, tmp_path)
    steps = list(measure(cases, pictures, 20, 0.0, 0.2, lambda taken: told.append(len(taken))))
    for one in steps[-1]:
        assert one.failure == ""
        assert one.queries >= 20
        assert one.throughput
        assert one.rss > 10_000_000
        assert one.start
        assert one.start.load > 0
        total, parts = one.spread("total"), [one.spread(step).p50 for step in ("decode", "resize", "interpreter")]
        assert 0 < max(parts) < total.p50 <= total.p90 <= total.p99
    assert len(told) >= 6  # two starts, two turns, two throughputs


def test_a_case_that_cannot_be_measured_says_why_and_the_others_go_on(bundle: Bundle, tmp_path: Path) -> None:
    cases = [replace(case(bundle), variant="int4.tflite"), case(bundle)]
    *_, last = measure(cases, enlarged(bundle, tmp_path), 1, 0.0, 0.0, lambda _: None)
    assert "no variant 'int4.tflite'" in last[0].failure
    assert last[1].queries


def test_whoever_stops_half_way_leaves_no_process_behind(bundle: Bundle, tmp_path: Path) -> None:
    steps = measure([case(bundle)], enlarged(bundle, tmp_path), 10**9, 10**9, 0.0, lambda _: None)
    next(steps)
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    assert children.read_text().split()
    steps.close()
    assert children.read_text().split() == []


def test_sustained_judging_tells_of_each_part_apart(bundle: Bundle, tmp_path: Path) -> None:
    parts: list[Taken] = list(sustain(case(bundle), enlarged(bundle, tmp_path), 1.0, 0.5))
    assert len(parts) >= 2
    assert all(part.queries for part in parts)


def test_a_counter_counts_predictions_after_the_first_and_says_stop() -> None:
    stop = threading.Event()
    ticks = count(100.0, 0.5)
    counter = Counter(stop, 2.0, clock=lambda: next(ticks))
    prediction = Prediction("s", None, 0, 0.0, (("a", 1.0),), IDENTITY, 0.0, 0.0)
    counter.take(Rejection("s", None, 0, 0.0, "broken"), None)
    for _ in range(4):
        counter.take(prediction, None)
    assert not stop.is_set()
    counter.take(prediction, None)
    assert stop.is_set()
    assert counter.rate == 2.0
