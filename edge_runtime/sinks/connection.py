"""A connection to an MQTT broker that comes back by itself.

paho-mqtt's own thread connects, again and again, with a delay that doubles up to a minute. It only notes here what
happened; everything else is done by the threads that call these methods.
"""

import random
import socket
import ssl
import sys
import threading
from typing import TYPE_CHECKING, Any

from edge_runtime.errors import SinkError
from edge_runtime.sinks.encryption import context, secret_of, why
from edge_runtime.sinks.places import MqttAddress

if TYPE_CHECKING:
    from paho.mqtt.client import Client

KEEPALIVE = 30  # seconds; a dead connection is noticed after one and a half of it
LONGEST_DELAY = 60  # seconds between two attempts to connect, and up to as many more
GOODBYE = 0.3  # seconds for the broker to confirm that this client has gone: a stop takes 2 in all
REFUSALS = {
    "Bad user name or password": "the broker refuses user and password",
    "Not authorized": "the broker refuses user and password, or asks for some",
    "Client identifier not valid": "the broker refuses this client's name; client=NAME gives it another",
}


class Connection:
    """Begins to connect when it is made.

    Args:
        place: Which broker, and how it is spoken to.
        name: What this client is called where the address does not say.
        will: A topic that says ``offline``, retained, once this client has gone in any way.

    Attributes:
        number: Counts connections; 0 while there is none.
        error: Why there is none, or none yet.

    Raises:
        SinkError: paho-mqtt is missing, or a file that the address names cannot be used.
    """

    def __init__(self, place: MqttAddress, name: str, will: str) -> None:
        self._where = place.shown
        self._will = will
        self._noted = threading.Condition()  # nothing of paho is ever called while it is held
        self._confirmed: list[int] = []
        self._made = 0
        self._closed = False
        self.number = 0
        self.error = ""
        self._client = self._client_for(place, name)
        self._client.connect_async(place.host, place.port, KEEPALIVE)
        self._client.loop_start()

    def send(self, topic: str, text: str) -> int:
        """Sends something to be confirmed, also by a later connection; returns the number that stands for it."""
        return self._client.publish(topic, text, qos=1).mid

    def retain(self, topic: str, text: str) -> None:
        """Has the broker remember something. Not again by a later connection, when it may no longer be so."""
        self._client.publish(topic, text, qos=0, retain=True)

    def confirmed(self) -> list[int]:
        """Returns what was confirmed since the last call."""
        with self._noted:
            confirmed, self._confirmed = self._confirmed, []
        return confirmed

    def wait(self, seconds: float) -> None:
        """Waits until something is confirmed, the connection is lost, or `close` is called."""
        with self._noted:
            self._noted.wait_for(lambda: self._confirmed or not self.number or self._closed, seconds)

    def wait_for_outcome(self, seconds: float) -> None:
        """Waits until there is a connection, or a reason why not."""
        with self._noted:
            self._noted.wait_for(lambda: self.number or self.error or self._closed, seconds)

    def give_up(self) -> None:
        """Ends all waiting; `close` is next."""
        with self._noted:
            self._closed = True
            self._noted.notify_all()

    def close(self) -> None:
        """Says goodbye where there is somebody, and leaves paho's thread."""
        self._closed = True
        connected = bool(self.number)
        if connected:
            farewell = self._client.publish(self._will, "offline", qos=1, retain=True)
            with self._noted:
                self._noted.wait_for(lambda: farewell.mid in self._confirmed or not self.number, GOODBYE)
        self._client.disconnect()
        if connected:  # else its thread may wait for a connection for 5 s: it ends by itself
            self._client.loop_stop()

    def _client_for(self, place: MqttAddress, name: str) -> "Client":
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            raise SinkError(
                f"{self._where}: needs paho-mqtt 2, which is not installed; pip install 'edge-runtime[mqtt]'"
            ) from error
        client = Client(CallbackAPIVersion.VERSION2, client_id=place.client or name)
        if place.user:
            password = secret_of(self._where, "password", place.password) if place.password else place.secret
            client.username_pw_set(place.user, password or None)
        if place.tls:
            encryption = context(self._where, place.ca, place.cert, place.key)
            encryption.sslsocket_class = _Encrypted
            client.tls_set_context(encryption)
        client.will_set(self._will, "offline", qos=1, retain=True)
        # A little chance, so that a fleet does not come back in one moment.
        client.reconnect_delay_set(min_delay=1, max_delay=LONGEST_DELAY + random.randrange(LONGEST_DELAY))
        client.on_socket_open = _without_delay
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        return client

    def _note(self, number: int, error: str) -> None:
        with self._noted:
            self.number, self.error = number, error
            self._noted.notify_all()

    # These run in paho's thread.

    def _on_connect(self, client: "Client", _data: object, _flags: object, reason: Any, _properties: object) -> None:
        if self._closed:  # while it connected
            client.disconnect()
        elif reason.is_failure:
            self._note(0, f"{self._where}: {REFUSALS.get(str(reason), f'the broker refuses: {reason}')}")
        else:
            self._made += 1
            self._note(self._made, "")

    def _on_connect_fail(self, _client: "Client", _data: object) -> None:
        self._note(0, f"{self._where}: cannot be reached: {why(sys.exc_info()[1])}")

    def _on_disconnect(self, _client: "Client", _data: object, _flags: object, reason: Any, _more: object) -> None:
        if not self.error:  # a refusal says more
            self._note(0, f"{self._where}: the connection broke off" if reason.is_failure else "")

    def _on_publish(self, _client: "Client", _data: object, number: int, _reason: object, _properties: object) -> None:
        with self._noted:
            self._confirmed.append(number)
            self._noted.notify_all()


class _Encrypted(ssl.SSLSocket):
    """Closes when a handshake fails, which paho leaves to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _without_delay(_client: "Client", _data: object, connection: Any) -> None:
    """Has small packets sent at once: else the second of two waits 40 ms for the first to be acknowledged."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
