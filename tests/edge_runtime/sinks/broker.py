"""A real MQTT broker, Debian's mosquitto, on a port of its own; and somebody who listens to it."""

import getpass
import json
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.edge_runtime.samples import DEADLINE, eventually

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/opt/homebrew/sbin") or "mosquitto"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Broker:
    """Entered, it runs; `stop` and `start` are an outage. Nothing outlives it: it holds no state on disk."""

    def __init__(self, directory: Path, *settings: str, anonymous: bool = True) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._configuration = directory / f"mosquitto-{self.port}.conf"
        lines = [f"listener {self.port} 127.0.0.1", f"allow_anonymous {str(anonymous).lower()}", *settings]
        # As root it would become a user of its own, which may not read this directory.
        lines += ["persistence false", "max_queued_messages 0", f"user {getpass.getuser()}", ""]
        self._configuration.write_text("\n".join(lines))

    def start(self) -> None:
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", self._configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        eventually(self._answers, "mosquitto listens")

    def stop(self) -> None:
        """Kills it, as a power cut would."""
        if self._process:
            self._process.kill()
            self._process.wait(DEADLINE)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answers(self) -> bool:
        assert self._process
        assert self._process.poll() is None, "mosquitto has ended"
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


class Listener:
    """Hears everything that is published from now on, and what is retained. Comes back after an outage."""

    def __init__(self, broker: Broker, user: str = "", password: str = "") -> None:
        self.heard: list[tuple[str, str, bool]] = []  # topic, text, retained
        self._listens = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="listener", clean_session=True)
        if user:
            self._client.username_pw_set(user, password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self._listens.set()
        self._client.on_message = self._hear
        self._client.connect_async("127.0.0.1", broker.port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def wait(self) -> None:
        """Waits until it listens, once more after `deaf`."""
        assert self._listens.wait(DEADLINE)

    def deaf(self) -> None:
        self._listens.clear()

    def _subscribe(self, client: Client, *_: object) -> None:
        client.subscribe("#", qos=1)

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, message.payload.decode(), message.retain))

    def texts(self, topic: str) -> list[str]:
        return [text for heard, text, _ in self.heard if heard == topic]

    def plain(self, topic: str) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.texts(topic)]
