"""Prometheus: what `Status` counts, and two histograms of what the sink was told.

Names follow https://prometheus.io/docs/practices/naming/: base units, ``_total`` for counters, ``_info`` for facts. The
histograms count the results that reached this sink; ``edge_sink_dropped_total`` says how many did not.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import get_args

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from edge_runtime.http.asked import Facts
from edge_runtime.result import Prediction, Result
from edge_runtime.sources import State
from edge_runtime.status import Status

# From 20 µs (a small network on a PC) to a large one on a small board.
LATENCIES = (2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)
AGES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5)


class Metrics:
    """A registry of its own, so that a program that embeds this keeps its own numbers apart.

    Args:
        status: Tells what was counted.
        facts: Tells how the device is.
        answered: Requests by HTTP status.
    """

    def __init__(
        self, status: Callable[[], Status], facts: Callable[[], Facts], answered: Callable[[], Mapping[int, int]]
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Counted(status, facts, answered))
        self._latency = Histogram(
            "edge_latency_seconds", "Inside the interpreter, for one frame.", buckets=LATENCIES, registry=self._registry
        )
        self._age = Histogram(
            "edge_age_seconds",
            "From capture to prediction, for one frame.",
            ["source"],
            buckets=AGES,
            registry=self._registry,
        )

    def note(self, result: Result) -> None:
        if isinstance(result, Prediction):
            self._latency.observe(result.latency)
            self._age.labels(result.source).observe(result.age)

    def text(self, accept: str) -> tuple[bytes, str]:
        """Returns the metrics and their media type, in the newest form that the client accepts."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


class _Counted(Collector):
    """Reads the counters at every scrape: they are counted once, by the pipeline."""

    def __init__(
        self, status: Callable[[], Status], facts: Callable[[], Facts], answered: Callable[[], Mapping[int, int]]
    ) -> None:
        self._status = status
        self._facts = facts
        self._answered = answered

    def describe(self) -> Iterable[Metric]:
        return []  # registering must not ask for a status: the pipeline may not be there yet

    def collect(self) -> Iterable[Metric]:
        status = self._status()
        yield _model(status)
        yield _gauge("edge_start_time_seconds", "When judging began, since 1970.", status.started_at)
        yield from _sources(status)
        yield from _sinks(status)
        yield from _device(self._facts())
        requests = CounterMetricFamily("edge_http_requests", "Requests answered.", labels=["code"])
        for code, count in sorted(self._answered().items()):
            requests.add_metric([str(code)], count)
        yield requests


def _model(status: Status) -> Metric:
    identity = status.identity
    info = InfoMetricFamily("edge_model", "The model that judges.")
    info.add_metric(
        [],
        {
            "name": identity.bundle,
            "version": identity.version,
            "digest": identity.digest,
            "variant": identity.variant,
            "runtime": identity.runtime,
        },
    )
    return info


def _sources(status: Status) -> Iterable[Metric]:
    one = ["source"]
    predictions = CounterMetricFamily("edge_predictions", "Frames judged.", labels=one)
    rejections = CounterMetricFamily("edge_rejections", "Frames not judged, by reason.", labels=["source", "kind"])
    dropped = CounterMetricFamily("edge_dropped_frames", "Live frames that newer ones replaced.", labels=one)
    still = CounterMetricFamily("edge_still_frames", "Frames not judged because nothing moved.", labels=one)
    state = GaugeMetricFamily("edge_source_state", "1 for the state that a source is in.", labels=["source", "state"])
    for source in status.sources:
        address = source.address
        predictions.add_metric([address], source.predictions)
        for kind, count in source.rejections.items():
            rejections.add_metric([address, kind], count)
        dropped.add_metric([address], source.dropped)
        still.add_metric([address], source.still)
        for name in get_args(State):
            state.add_metric([address, name], float(name == source.state))
    return [predictions, rejections, dropped, still, state]


def _sinks(status: Status) -> Iterable[Metric]:
    counters: Sequence[tuple[str, str, Callable[..., int]]] = (
        ("edge_sink_delivered", "Results told.", lambda sink: sink.delivered),
        (
            "edge_sink_dropped",
            "Results that a sink was too slow for, or had no room left for.",
            lambda sink: sink.dropped,
        ),
        ("edge_sink_failed", "Results that could not be told.", lambda sink: sink.failed),
    )
    for name, text, value in counters:
        counter = CounterMetricFamily(name, text, labels=["sink"])
        for sink in status.sinks:
            counter.add_metric([sink.address], value(sink))
        yield counter
    waiting = GaugeMetricFamily("edge_sink_waiting", "Results that wait to be told.", labels=["sink"])
    for sink in status.sinks:
        waiting.add_metric([sink.address], sink.waiting)
    yield waiting


def _device(facts: Facts) -> Iterable[Metric]:
    known: Sequence[tuple[str, str, float | None]] = (
        ("edge_device_temperature_celsius", "Of the processor.", facts.temperature),
        (
            "edge_device_throttled",
            "1 while something holds the processor back.",
            None if facts.throttled is None else float(bool(facts.throttled)),
        ),
        ("edge_device_cpus", "That this process may use.", facts.cpus),
        ("edge_device_memory_bytes", "That this process may use.", facts.memory),
        ("edge_resident_memory_bytes", "That this process holds.", facts.resident),
        ("edge_uptime_seconds", "Since this process was started.", facts.uptime),
    )
    for name, text, value in known:
        if value is not None:
            yield _gauge(name, text, value)


def _gauge(name: str, text: str, value: float) -> Metric:
    gauge = GaugeMetricFamily(name, text)
    gauge.add_metric([], value)
    return gauge
