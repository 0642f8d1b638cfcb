"""A page that is really served on loopback, over a board that tests write to, and a client that asks it."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import PictureError
from edge_runtime.http.asked import Captures, Facts, Judge, Model
from edge_runtime.http.settings import Limits, Settings
from edge_runtime.http.sink import HttpSink
from edge_runtime.judge import judge, see
from edge_runtime.preprocess import Region
from edge_runtime.result import Prediction, Rejection, Result
from edge_runtime.sources import Frame
from edge_runtime.status import Board
from tests.edge_runtime.samples import DEADLINE, IDENTITY, SPEC, brightness, flat

DOOR = "rtsp://door.local/stream"
YARD = "/dev/video0"
TOKEN = "0123456789abcdef0123"
PLENTY = Limits(rate=1e6, burst=1_000_000)
MODEL = Model(IDENTITY, SPEC.labels, (2, 2))
FACTS = Facts("Debian Linux aarch64", 4, 4_000_000_000, 60_000_000, 3700.0, 61.5, "too hot")


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """Attributes: `sink` is entered; `board` is what it tells of; `trouble` is what health says."""

    sink: HttpSink
    board: Board
    trouble: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.sink.address.rpartition(":")[2])

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            given = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, given, response.read())
        finally:
            connection.close()

    def raw(self, sent: bytes) -> bytes:
        """Sends bytes as they are; returns all that comes until the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while part := connection.recv(65536):
                received += part
            return received

    def tell(self, result: Result, frame: Frame | None = None) -> None:
        self.board.note(result)
        self.sink.take(result, frame)


def judged(picture: bytes | NDArray[np.uint8]) -> Prediction:
    """Judges as the pipeline does, by brightness."""
    return prediction(Frame("request", 0, 0.0, picture))


def prediction(frame: Frame) -> Prediction:
    classifier = brightness()
    pixels = see(frame, classifier.preprocessing)
    if isinstance(pixels, Rejection):
        raise PictureError(pixels.reason)
    return judge(frame, pixels, classifier, len(classifier.labels))


def frame(source: str = DOOR, number: int = 0, value: int = 200, size: tuple[int, int] = (48, 64)) -> Frame:
    return Frame(source, number, 1_790_000_000.0 + number, flat(value, size))


@contextmanager
def serving(
    settings: Settings | None = None,
    captures: Captures | None = None,
    judge: Judge = judged,
    sources: Sequence[str] = (DOOR, YARD),
    regions: Mapping[str, Region] | None = None,
    **limits: Any,
) -> Iterator[Served]:
    settings = settings or Settings(port=0, limits=replace(PLENTY, **limits))
    board = Board(IDENTITY, sources, regions=regions or {})
    trouble: list[str] = []
    sink = HttpSink(
        settings,
        status=board.snapshot,
        model=lambda: MODEL,
        judge=judge,
        captures=captures,
        facts=lambda: FACTS,
        trouble=lambda: "; ".join(trouble),
    )
    with sink:
        yield Served(sink, board, trouble)
