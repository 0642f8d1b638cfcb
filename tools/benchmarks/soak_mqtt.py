"""Does the MQTT sink's memory stay flat? Tells a real broker many events, with two outages, and watches the memory.

    python -m tools.benchmarks.soak_mqtt [--events 200000] [--outage 5000] [--no-outbox]

Needs Debian's package mosquitto and the extra `mqtt`. The sink works in its own thread, as in a run; somebody who
listens counts what arrives, in this same process, so what is weighed is both of them.

Exit code 1 when 4 MB more are held at the end than after the first ten thousand events, or when the events that were
never heard are not those that the sink counts as lost.
"""

from __future__ import annotations

import argparse
import getpass
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from edge_runtime.classifier import Identity
from edge_runtime.commands.numbers import positive
from edge_runtime.console import guard, say
from edge_runtime.errors import EdgeError
from edge_runtime.result import Event
from edge_runtime.sinks.open import open_sink
from edge_runtime.sinks.worker import Worker
from tools.benchmarks.soak import WARM, resident

IDENTITY = Identity("lamp", "1.0.0", "0123456789ab", "full_int8.tflite", "litert 2")
ALLOWED = 4e6  # bytes: an outage opens SQLite, which takes 2.3 MB once; 190,000 events that leak 28 bytes each take 5.3
LABELS = ("bright", "dark", "flickering")
PATIENCE = 150.0  # seconds: paho tries again after up to 120
LOOK = 0.05  # seconds between two looks at how it stands


class Broker:
    """mosquitto on a port of its own. It keeps its listener's session while it is away, so that nothing is missed."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if not program:
            raise EdgeError("mosquitto is not here; apt-get install mosquitto")
        self._configuration = directory / "mosquitto.conf"
        self._configuration.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
            f"persistence true\npersistence_location {directory}/\n"
            # As root it would become a user of its own, which may not write into this directory.
            f"max_queued_messages 0\nuser {getpass.getuser()}\n"
        )
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [self._program, "-c", str(self._configuration)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._process = None


class Listener:
    """Counts what it hears; remembers no more than the last number.

    Attributes:
        heard: Events.
        again: Of those, how many had been heard before: at least once is what is promised.
        missing: Numbers that were passed over.
    """

    def __init__(self, port: int) -> None:
        self.heard = self.again = self.missing = 0
        self.last = -1
        self.listens = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="listener", clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("soak/+/event", qos=1)
        self._client.on_subscribe = lambda *_: self.listens.set()
        self._client.on_message = self._hear
        self._client.connect_async("127.0.0.1", port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        number = int(message.payload.partition(b'"frame": ')[2].partition(b",")[0])
        self.heard += 1
        if number <= self.last:
            self.again += 1
        else:
            self.missing += number - self.last - 1
            self.last = number


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("soak_mqtt", description="Watch the memory of the MQTT sink over many events.")
    parser.add_argument("--events", type=positive, default=200_000, metavar="N", help="(default: %(default)s)")
    parser.add_argument(
        "--outage", type=positive, default=5_000, metavar="N", help="events in each outage (default: %(default)s)"
    )
    parser.add_argument("--no-outbox", action="store_true", help="what waits in an outage waits in memory")
    arguments = parser.parse_args(argv)
    return guard("soak_mqtt", lambda: soak(arguments.events, arguments.outage, not arguments.no_outbox))


def soak(events: int, outage: int, outbox: bool) -> int:
    """Returns the exit code."""
    outages = [events // 3, events * 2 // 3]
    if outages[0] <= WARM or outages[0] < outage:
        raise EdgeError(f"--events: more than {3 * max(WARM, outage):,} expected, {events:,} found")
    weights: dict[int, int] = {}
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        broker = Broker(Path(scratch))
        with Listener(broker.port) as listener:
            address = f"mqtt://127.0.0.1:{broker.port}/soak" + (f"?outbox={scratch}/outbox.db" if outbox else "")
            worker = Worker(open_sink(address), _failed)
            with broker:
                _until(listener.listens.is_set, "somebody listens")
                worker.start()
                _tell(worker, 0, WARM)
                _until(lambda: not worker.status().waiting, "they are told")
                _weigh(weights, WARM)
                _tell(worker, WARM, outages[0])
            for begin, end in zip(outages, [outages[1], events], strict=True):
                # The broker is away.
                _weigh(weights, begin)
                _until(lambda: bool(worker.status().error), "the outage is noticed")
                _tell(worker, begin, begin + outage)
                _until(lambda: worker.status().waiting >= 1, "they wait")
                _weigh(weights, begin + outage)
                with broker:
                    _until(lambda: not worker.status().waiting, "what waited is told")
                    _tell(worker, begin + outage, end)
                    _until(lambda: not worker.status().waiting, "they are told")
                    _weigh(weights, end)
                    last = end - 1
                    _until(lambda last=last: listener.last == last, "they are heard")  # type: ignore[misc]
            status = worker.status()
            worker.finish(1.0)
    say(f"{events:,} events in {time.monotonic() - started:.0f} s, {2 * outage:,} of them in two outages")
    unknown = events - status.dropped - (listener.heard - listener.again)
    print(f"delivered {status.delivered:,}, lost and counted {status.dropped:,}, failed {status.failed:,}")
    print(
        f"heard {listener.heard:,} in order, of them {listener.again:,} once more; never heard {listener.missing:,}, "
        f"of them {unknown:,} not counted as lost"
    )
    more = weights[events] - weights[WARM]
    print(
        f"memory after {WARM:,} events {weights[WARM] / 1e6:.2f} MB, at the end {more / 1e6:+.2f} MB "
        f"(at most {ALLOWED / 1e6:+.2f} allowed)"
    )
    return 0 if more <= ALLOWED and not unknown and listener.missing == status.dropped else 1


def _tell(worker: Worker, begin: int, end: int) -> None:
    for number in range(begin, end):
        before, label = LABELS[(number - 1) % len(LABELS)], LABELS[number % len(LABELS)]
        worker.offer(Event("gate", number, 1.8e9 + number, label, 0.93, before, 12.5, IDENTITY), None, True)


def _weigh(weights: dict[int, int], count: int) -> None:
    weights[count] = resident()
    say(f"{count:>9,} events  {weights[count] / 1e6:7.2f} MB")


def _until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    never = threading.Event()
    while not holds():
        if time.monotonic() > end:
            raise EdgeError(f"not within {PATIENCE:g} s: {what}")
        never.wait(LOOK)


def _failed(error: BaseException) -> None:
    say(f"soak_mqtt: the sink has died: {error}")


if __name__ == "__main__":
    sys.exit(main())
