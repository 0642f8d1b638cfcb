"""MQTT: a broker is told events and changes of sources, and hands them to whoever listens. See `topics.py` for where.

Each result is kept until the broker has confirmed it (QoS 1) and is sent again after an outage: in order, with the
times when it happened, at least once. The last state of each source is retained by the broker, and renewed after every
connection, since a broker may have forgotten it.
"""

import hashlib
import json
import platform
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_runtime.classifier import Identity
from edge_runtime.console import say
from edge_runtime.result import Event, Prediction, Result
from edge_runtime.sinks.abilities import Kept
from edge_runtime.sinks.choice import CHANGES, kind_of
from edge_runtime.sinks.connection import Connection
from edge_runtime.sinks.outbox import Outbox
from edge_runtime.sinks.places import MqttAddress
from edge_runtime.sinks.shelf import Letter
from edge_runtime.sinks.slug import slug
from edge_runtime.sinks.topics import Topics
from edge_runtime.sources import Frame

BATCH = 16  # letters that may be unconfirmed; paho sends up to 20 before it queues, which would change their order
ANSWER = 0.5  # seconds to wait for confirmations in one go, so that a stop is heard
TURN = 0.5  # seconds until the connection is looked at again
MACHINE = Path("/etc/machine-id")


class MqttSink:
    """Tells a broker. It need not be there at the start.

    Args:
        place: Which broker, and how it is spoken to.
        clock: Seconds of the clock that is never set.
    """

    vital = False
    sees_frames = False

    def __init__(self, place: MqttAddress, clock: Callable[[], float] = time.monotonic) -> None:
        self.address = place.shown
        self._place = place
        self._clock = clock
        self._topics = Topics(place.prefix or f"edge-runtime/{slug(platform.node()) or 'device'}")
        self._outbox = Outbox(place.outbox, place.keep, clock=clock)
        self._connection: Connection | None = None
        self._left = False
        self._lock = threading.Lock()  # a stop leaves it from another thread
        self._sent: dict[int, Letter] = {}  # not confirmed yet
        self._retained: dict[str, str] = {}  # by topic; what a broker must hold
        self._model: Identity | None = None
        self._delivered = 0
        self._greeted = 0  # the connection that has been told what must be retained

    def check(self) -> None:
        """Raises SinkError if what must wait could not be written now. The receiver is not asked: it may come later."""
        self._outbox.check(self.address)

    def __enter__(self) -> Self:
        self.check()
        self._outbox.open()
        try:
            self._connection = Connection(self._place, _name(self._topics.available), self._topics.available)
        except BaseException:
            self._outbox.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left = True
        if self._connection:
            self._connection.give_up()
        with self._lock:
            if self._connection:
                self._connection.close()
            waiting = len(self._outbox)
            self._outbox.close()
        if waiting and not self._place.outbox:
            say(f"edge-runtime: {self.address}: {waiting} results were not told and are lost; outbox=FILE keeps them")

    def wants(self, result: Result) -> bool:
        return kind_of(result) in self._place.what

    def take(self, result: Result, frame: Frame | None = None) -> None:
        body, kind = json.dumps(result.to_plain(), ensure_ascii=False), kind_of(result)
        with self._lock:
            if self._connection and not self._left:
                self._describe(self._connection, result, body)
                self._outbox.add(body, self._topics.each(kind, result.source), lasting=kind in CHANGES)
                self._send(self._connection)

    def again(self) -> float:
        with self._lock:
            if not self._connection or self._left:
                return TURN
            self._send(self._connection)
            return 0.0 if self._connection.number and len(self._outbox) else TURN

    def flush(self, seconds: float) -> None:
        end = self._clock() + seconds
        with self._lock:
            connection = self._connection
            if not connection or not len(self._outbox):
                return
            connection.wait_for_outcome(seconds)
            while connection.number and len(self._outbox) and self._clock() < end:
                self._send(connection, end - self._clock())

    def kept(self) -> Kept:
        return Kept(
            delivered=self._delivered,
            waiting=len(self._outbox),
            lost=self._outbox.lost,
            error=(self._connection.error if self._connection else "") or self._outbox.trouble,
        )

    def _describe(self, connection: Connection, result: Result, body: str) -> None:
        """Notes what the broker is to hold, and tells it."""
        fresh: dict[str, str] = {}
        if isinstance(result, (Event, Prediction)):
            self._model = result.identity
        if topic := self._topics.last(result):
            fresh[topic] = body
        if self._place.discovery:
            fresh |= self._topics.discovery(result.source, self._model)
        fresh = {topic: text for topic, text in fresh.items() if self._retained.get(topic) != text}
        self._retained |= fresh
        if self._greeted and self._greeted == connection.number:
            for topic, text in fresh.items():
                connection.retain(topic, text)

    def _send(self, connection: Connection, seconds: float = ANSWER) -> None:
        """Tells what waits, as far as the broker confirms it in time."""
        end = self._clock() + seconds
        self._collect(connection)
        while number := connection.number:
            if self._greeted != number:
                self._greet(connection, number)
            if not self._sent and not len(self._outbox):
                break
            # paho sends again by itself what a connection has left unconfirmed; nothing may overtake that.
            if not self._sent:
                letters = self._outbox.first(BATCH)
                self._outbox.in_hand = letters[-1].number if letters else 0
                self._sent = {connection.send(letter.topic, letter.body): letter for letter in letters}
            connection.wait(end - self._clock())
            self._collect(connection)
            if self._clock() >= end or self._left:
                break
        if connection.number:
            self._outbox.look()
        else:
            self._outbox.save()

    def _collect(self, connection: Connection) -> None:
        """Forgets what was confirmed."""
        letters = [self._sent.pop(number) for number in connection.confirmed() if number in self._sent]
        if letters:
            self._delivered += len(letters)
            self._outbox.remove(letters)

    def _greet(self, connection: Connection, number: int) -> None:
        """Tells a new connection what its broker is to hold."""
        self._greeted = number
        for topic, text in {self._topics.available: "online", **self._retained}.items():
            connection.retain(topic, text)


def _name(topic: str) -> str:
    """Returns a name that this machine keeps: a broker then ends its former connection, and that one's last will."""
    try:
        machine = MACHINE.read_text()
    except OSError:
        machine = ""
    return "edge-runtime-" + hashlib.sha256(f"{machine}{platform.node()}{topic}".encode()).hexdigest()[:10]
