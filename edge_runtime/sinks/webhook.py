"""Webhooks: each result is posted to an HTTP receiver as a JSON object, with the standard library.

A receiver that is away, overloaded (429) or broken (5xx) is tried again, after a delay that doubles up to a minute or
that it asked for; until then results are kept, and told in order with the times when they happened, at least once. What
it refuses (4xx) is told once, counted and not tried again. Redirects are not followed: a token would go with them.
"""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from edge_runtime import __version__
from edge_runtime.console import say
from edge_runtime.errors import SinkError
from edge_runtime.result import Result
from edge_runtime.sinks.abilities import Kept
from edge_runtime.sinks.choice import CHANGES, kind_of
from edge_runtime.sinks.encryption import context, secret_of, why
from edge_runtime.sinks.outbox import Outbox
from edge_runtime.sinks.places import WebhookAddress
from edge_runtime.sinks.posting import named, post, seconds_of
from edge_runtime.sources import Frame

FIRST_DELAY = 1.0  # seconds after the first failure in a row
LONGEST_DELAY = 60.0  # seconds after many
LONGEST_ASKED = 3600.0  # seconds that a receiver may ask for
BURST = 32  # results in one go, so that a stop is heard
TURN = 1.0  # seconds until the outbox is looked at again
AGAIN = (408, 425, 429)  # the refusals of RFC 9110, 8470 and 6585 that pass


class WebhookSink:
    """Posts to a receiver. It need not be there at the start.

    Args:
        place: Which receiver, and how it is spoken to.
        clock: Seconds of the clock that is never set.
        first_delay: Seconds after the first failure in a row.
    """

    vital = False
    sees_frames = False

    def __init__(
        self, place: WebhookAddress, clock: Callable[[], float] = time.monotonic, first_delay: float = FIRST_DELAY
    ) -> None:
        self.address = place.shown
        self._place = place
        self._clock = clock
        self._first_delay = self._delay = first_delay
        self._outbox = Outbox(place.outbox, place.keep, clock=clock)
        self._headers: dict[str, str] = {}
        self._connect: Callable[[float], http.client.HTTPConnection] = self._plain
        self._left = False
        self._lock = threading.Lock()  # a stop leaves it from another thread, perhaps while an answer is awaited
        self._not_before = 0.0  # when the next attempt is made, by the clock
        self._delivered = self._refused = 0
        self._error = self._refusal = ""

    def check(self) -> None:
        """Raises SinkError if what must wait could not be written now. The receiver is not asked: it may come later."""
        self._outbox.check(self.address)

    def __enter__(self) -> Self:
        self.check()
        place = self._place
        self._headers = {"Content-Type": "application/json", "User-Agent": f"edge-runtime/{__version__}"}
        if place.token:
            token = secret_of(self.address, "token", place.token)
            if not token.isascii():
                raise SinkError(f"{self.address}: token names a file with letters that no header can carry")
            self._headers["Authorization"] = f"Bearer {token}"
        if place.tls:
            trusted = context(self.address, place.ca)
            self._connect = lambda timeout: http.client.HTTPSConnection(
                place.host, place.port, timeout=timeout, context=trusted
            )
        self._outbox.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._left = True
            waiting = len(self._outbox)
            self._outbox.close()
        if waiting and not self._place.outbox:
            say(f"edge-runtime: {self.address}: {waiting} results were not told and are lost; outbox=FILE keeps them")

    def wants(self, result: Result) -> bool:
        return kind_of(result) in self._place.what

    def take(self, result: Result, frame: Frame | None = None) -> None:
        with self._lock:
            if not self._left:
                self._outbox.add(json.dumps(result.to_plain(), ensure_ascii=False), lasting=kind_of(result) in CHANGES)
        self._send(self._place.timeout)

    def again(self) -> float:
        self._send(self._place.timeout)
        with self._lock:
            if not self._left:
                self._outbox.look()
        if not len(self._outbox):
            return TURN
        return min(TURN, max(0.0, self._not_before - self._clock()))

    def flush(self, seconds: float) -> None:
        end = self._clock() + seconds
        while len(self._outbox) and self._clock() < min(end, self._not_before or end):
            self._send(min(self._place.timeout, end - self._clock()))

    def kept(self) -> Kept:
        return Kept(
            delivered=self._delivered,
            waiting=len(self._outbox),
            lost=self._outbox.lost,
            refused=self._refused,
            error=self._error or self._refusal or self._outbox.trouble,
        )

    def _plain(self, timeout: float) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._place.host, self._place.port, timeout=timeout)

    def _send(self, timeout: float) -> None:
        """Posts what waits, up to a burst, until the receiver fails."""
        with self._lock:
            letters = self._outbox.first(BURST) if self._clock() >= self._not_before else []
        if not letters or timeout <= 0:
            return
        connection = self._connect(timeout)
        try:
            for letter in letters:
                answer = post(connection, self._place.target, letter.body.encode(), self._headers)
                if 200 <= answer.status < 300:
                    self._delivered += 1
                    self._refusal = ""
                elif 400 <= answer.status < 500 and answer.status not in AGAIN:
                    self._refused += 1
                    self._refusal = f"{self.address}: answers {named(answer.status)}; what it refuses is lost"
                else:
                    self._wait(f"answers {named(answer.status)}", answer.retry_after)
                    return
                with self._lock:
                    if self._left:
                        return
                    self._outbox.remove([letter])
                self._not_before, self._delay, self._error = 0.0, self._first_delay, ""
        except (OSError, http.client.HTTPException) as error:
            self._wait(f"cannot be reached: {why(error)}", None)
        finally:
            connection.close()

    def _wait(self, reason: str, retry_after: str | None) -> None:
        """Puts the next attempt off."""
        asked = seconds_of(retry_after, time.time()) if retry_after else None
        # A little chance, so that a fleet does not come back in one moment.
        delay = self._delay * random.uniform(0.75, 1.25) if asked is None else min(asked, LONGEST_ASKED)
        self._delay = min(2 * self._delay, LONGEST_DELAY)
        self._not_before = self._clock() + delay
        self._error = f"{self.address}: {reason}; it is tried again"
        with self._lock:
            if not self._left:
                self._outbox.save()
