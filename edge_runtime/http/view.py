"""What the page is told, as JSON knows it. Functions of values: no server, clock or thread."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from edge_runtime.http.asked import Capture, Facts, Model
from edge_runtime.http.memory import SLOT, SLOTS, Memory
from edge_runtime.preprocess import WHOLE
from edge_runtime.result import Event, SourceChange, timestamp
from edge_runtime.sources import Frame
from edge_runtime.status import SinkStatus, SourceStatus, Spread, Status

EVENTS_SHOWN = 40


def overview(status: Status, model: Model, facts: Facts, memory: Memory, now: float) -> dict[str, Any]:
    """Returns all that changes from second to second. Times are seconds, stamps RFC 3339 in UTC."""
    identity = status.identity
    return {
        "now": timestamp(now),
        "started_at": timestamp(status.started_at),
        "model": {
            "name": identity.bundle,
            "version": identity.version,
            "digest": identity.digest,
            "variant": identity.variant,
            "runtime": identity.runtime,
            "labels": list(model.labels),
            "size": list(model.size),
        },
        "sources": [_source(source, memory.frame(source.address)) for source in status.sources],
        "latency": _spread(status.latency),
        "history": {
            "slot": SLOT,
            "slots": SLOTS,
            "points": [[ago, count, _short(mean), _short(age)] for ago, count, mean, age in memory.history()],
        },
        "sinks": [_sink(sink) for sink in status.sinks],
        "device": _device(facts),
        "events": [_event(event) for event in memory.events()[:EVENTS_SHOWN]],
    }


def captured(captures: Sequence[Capture], labels: Sequence[str]) -> dict[str, Any]:
    """Returns what the page is told of kept pictures, and the labels that may be given."""
    return {
        "labels": list(labels),
        "captures": [
            {
                "id": capture.id,
                "source": capture.source,
                "captured_at": timestamp(capture.captured_at),
                "label": capture.label,
                "score": _short(capture.score),
                "reason": capture.reason,
                "given": capture.given,
            }
            for capture in captures
        ],
    }


def tag(frame: Frame) -> str:
    """Returns what names a frame's picture, so that the same one is not sent twice."""
    return f"{frame.number}-{int(frame.captured_at * 1000)}"


def _source(source: SourceStatus, frame: Frame | None) -> dict[str, Any]:
    last = source.last
    return {
        "address": source.address,
        "state": source.state,
        "reason": source.reason,
        "since": timestamp(source.since) if source.since else None,
        "predictions": source.predictions,
        "still": source.still,
        "rejections": source.rejections,
        "dropped": source.dropped,
        "age": _spread(source.age),
        "last": None
        if last is None
        else {
            "label": last.label,
            "score": _short(last.score),
            "best": [[label, _short(score)] for label, score in last.best],
            "captured_at": timestamp(last.captured_at),
            "frame": last.frame,
            "path": last.path,
        },
        "event": None if source.event is None else {"label": source.event.label, "score": _short(source.event.score)},
        "region": None if source.region == WHOLE else [_short(share) for share in astuple(source.region)],
        "picture": None if frame is None else tag(frame),
    }


def _sink(sink: SinkStatus) -> dict[str, Any]:
    return {
        "address": sink.address,
        "delivered": sink.delivered,
        "dropped": sink.dropped,
        "failed": sink.failed,
        "waiting": sink.waiting,
        "error": sink.error,
    }


def _device(facts: Facts) -> dict[str, Any]:
    return {
        "machine": facts.machine,
        "cpus": facts.cpus,
        "memory": facts.memory,
        "resident": facts.resident,
        "uptime": facts.uptime,
        "temperature": facts.temperature,
        "throttled": facts.throttled,
    }


def _event(event: Event | SourceChange) -> dict[str, Any]:
    if isinstance(event, SourceChange):
        return {
            "type": "state",
            "source": event.source,
            "at": timestamp(event.at),
            "state": event.state,
            "reason": event.reason,
        }
    return {
        "type": "label",
        "source": event.source,
        "at": timestamp(event.captured_at),
        "label": event.label,
        "score": _short(event.score),
        "previous": event.previous,
    }


def _spread(spread: Spread) -> dict[str, float]:
    return {"p50": _short(spread.p50), "p90": _short(spread.p90), "p99": _short(spread.p99)}


def _short(value: float) -> float:
    return float(f"{value:.4g}")  # finer than any bar or table shows, and half the bytes
