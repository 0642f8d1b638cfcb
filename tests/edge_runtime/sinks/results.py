"""Results of all kinds, for tests of sinks."""

from edge_runtime.result import Event, Prediction, Rejection, SourceChange
from tests.edge_runtime.samples import IDENTITY

DOOR = "rtsp://***@192.168.1.20/stream1"
AT = 1795298580.125  # 2026-11-21T22:03:00.125Z


def prediction(number: int = 7, source: str = DOOR, score: float = 0.876543, at: float = AT) -> Prediction:
    return Prediction(
        source=source,
        path=None,
        frame=number,
        captured_at=at + number,
        best=(("bright", score), ("dark", 1 - score)),
        identity=IDENTITY,
        latency=0.00001234567,
        age=0.123456,
        threshold=0.5,
    )


def event(number: int = 7, source: str = DOOR, label: str = "bright", at: float = AT) -> Event:
    return Event(source, number, at + number, label, 0.93, "dark", 12.5, IDENTITY)


def change(source: str = DOOR, at: float = AT) -> SourceChange:
    return SourceChange(source, at, "lost", "no route to host")


def rejection(number: int = 7, source: str = DOOR) -> Rejection:
    return Rejection(source, "신발 1.png", number, AT, "신발 1.png: cannot be decoded: truncated")
