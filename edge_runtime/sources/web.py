"""Cameras that speak HTTP: MJPEG, one picture after the other in an endless answer, and snapshots, asked for anew.

Which of the two an address gives is told by its answer: ``image/…`` is a snapshot. In the fragment, which no server
gets to see, stand options: ``http://camera/snapshot.jpg#every=5`` asks every 5 seconds instead of every second, and
``#verify=no`` takes a certificate that nobody vouches for. Frames are the encoded pictures as they came; they are
decoded where it is known how large they need to be. A frame's time is that of its last byte.
"""

import threading
import time
from collections.abc import Callable, Generator
from urllib.parse import parse_qsl

from edge_runtime.console import did_you_mean, say
from edge_runtime.errors import UsageError
from edge_runtime.sources import Frame, Notice
from edge_runtime.sources.address import OPTIONS, parse
from edge_runtime.sources.fetch import Answer, Fetcher
from edge_runtime.sources.jpegs import LIMIT, JpegSplitter
from edge_runtime.sources.reconnect import SILENCE, LostError, Quiet
from edge_runtime.sources.wire import Stopped, Wait

EVERY = 1.0  # seconds between two snapshots: cameras serve a page that shows them as often
BEGINNING = 10.0  # seconds from the answer's head to the first picture


class WebCamera:
    """A `Connection` to a camera that speaks HTTP.

    Args:
        address: As typed, with user, password and options.
        silence: Seconds without a frame after which a stream counts as lost, and within which a snapshot must come.
        now: Seconds since 1970.
        clock: Seconds of the clock that is never set.

    Raises:
        UsageError: It is no address, or an option makes no sense.
    """

    def __init__(
        self,
        address: str,
        silence: float = SILENCE,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parsed = parse(address)
        self.address = parsed.shown
        self._silence = silence
        self._now = now
        self._clock = clock
        typed, _, fragment = address.partition("#")
        options = dict(parse_qsl(fragment, keep_blank_values=True))
        for name in options:
            if name not in OPTIONS:
                raise UsageError(f"{self.address}: unknown option '{name}'{did_you_mean(name, OPTIONS)}")
        for name, _ in parse_qsl(typed.partition("?")[2], keep_blank_values=True):
            if name in OPTIONS and name not in options:  # a camera may know the word, too: no error
                say(f"edge-runtime: {self.address}: what follows ? is the camera's; ours is #{name}=…")
        self._every = _seconds(self.address, options.get("every", f"{EVERY}"))
        verify = options.get("verify", "yes")
        if verify not in ("yes", "no"):
            raise UsageError(f"{self.address}: verify takes yes or no, '{verify}' found")
        self._fetcher = Fetcher(parsed, verify == "yes")

    def check(self) -> None:
        """Nothing is needed that Python does not bring."""

    def frames(self, stop: threading.Event) -> Generator[Frame | Notice, None, None]:
        try:
            with self._fetcher.get(stop) as answer:
                if not answer.kind.startswith("image/"):
                    yield from self._stream(answer, stop)
                    return
                picture = answer.body(LIMIT, Wait.of(stop, self._silence))
            yield from self._snapshots(picture, stop)
        except Stopped:
            return

    def _frame(self, number: int, picture: bytes) -> Frame:
        return Frame(self.address, number, self._now(), picture, self._clock())

    def _snapshots(self, picture: bytes, stop: threading.Event) -> Generator[Frame | Notice, None, None]:
        number = 0
        while True:
            begun = self._clock()
            yield self._frame(number, picture)
            if stop.wait(max(0.0, begun + self._every - self._clock())):
                return
            with self._fetcher.get(stop) as answer:
                if not answer.kind.startswith("image/"):
                    raise LostError(f"gives no pictures any more, but {answer.kind}")
                picture = answer.body(LIMIT, Wait.of(stop, self._silence))
            number += 1

    def _stream(self, answer: Answer, stop: threading.Event) -> Generator[Frame | Notice, None, None]:
        if answer.kind == "text/html":
            raise LostError("cannot be opened: it answers with a web page (text/html); its pictures have another path")
        splitter = JpegSplitter()
        quiet = Quiet(self._clock(), BEGINNING, lost=self._silence)
        number = 0
        while not stop.is_set():
            try:
                notice = quiet.look(self._clock())
            except LostError as error:
                if number or not splitter.skipped:
                    raise
                raise LostError(f"{error}; what it sends, {answer.kind}, has no JPEG in it") from error
            if notice:
                yield notice
            data = answer.read(Wait.of(stop, self._silence))
            if data is None:
                raise LostError(_ended(answer, splitter, number))
            for picture in splitter.feed(data):
                quiet.heard(self._clock())
                yield self._frame(number, picture)
                number += 1


def _ended(answer: Answer, splitter: JpegSplitter, number: int) -> str:
    if number or splitter.rest():
        return "the stream ended"
    return f"cannot be opened: what it sends, {answer.kind}, has no JPEG in it; MJPEG and single pictures are read"


def _seconds(shown: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0.01 <= seconds <= 86400:
        raise UsageError(f"{shown}: every takes seconds from 0.01 to 86400, '{text}' found")
    return seconds
