"""Where results go, as values: what each kind of sink needs to know. Made of addresses by `address.py`."""

from dataclasses import dataclass
from pathlib import Path

from edge_runtime.sinks.choice import CHANGES, EVERYTHING, PREDICTIONS, Choice


@dataclass(frozen=True)
class StdoutAddress:
    """``jsonl:-``"""

    shown: str
    what: Choice = EVERYTHING


@dataclass(frozen=True)
class JsonLinesAddress:
    """``jsonl:FILE``

    Attributes:
        shown: Without credentials, as for all others.
        path: The file.
        size: Bytes after which another file is begun.
        keep: How many of the earlier ones stay.
        what: Which results are told, as for all others.
    """

    shown: str
    path: Path
    size: int = 10 * 2**20
    keep: int = 3
    what: Choice = EVERYTHING


@dataclass(frozen=True)
class SqliteAddress:
    """``sqlite:FILE``

    Attributes:
        path: The database.
        keep: Rows of each table.
    """

    shown: str
    path: Path
    keep: int = 100_000
    what: Choice = EVERYTHING


@dataclass(frozen=True)
class MqttAddress:
    """``mqtt://[USER[:PASSWORD]@]HOST[:PORT][/PREFIX]``, or mqtts for TLS.

    Attributes:
        prefix: What all topics begin with; empty takes one with the host's name.
        user: Empty where the broker wants none.
        secret: The password in the address.
        password: A file that holds it instead.
        tls: Whether the connection is encrypted.
        ca: A file with the authorities to trust; None trusts the system's.
        cert: A file with this client's certificate.
        key: A file with its key.
        client: What this client is called; empty takes a name that stays the same on this machine.
        discovery: Whether Home Assistant is told of the sources.
        outbox: A file for what could not be told; None keeps it in memory.
        keep: How many results wait there.
    """

    shown: str
    host: str
    port: int
    prefix: str = ""
    user: str = ""
    secret: str = ""
    password: Path | None = None
    tls: bool = False
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    client: str = ""
    discovery: bool = True
    outbox: Path | None = None
    keep: int = 10_000
    what: Choice = CHANGES

    def __repr__(self) -> str:  # the default one would print the password
        return f"MqttAddress({self.shown})"


@dataclass(frozen=True)
class WebhookAddress:
    """``webhook+https://HOST[:PORT]/PATH[?QUERY][#OPTIONS]``, or webhook+http.

    Attributes:
        target: Path and query as the receiver gets them.
        tls: Whether the connection is encrypted.
        token: A file with what is sent as ``Authorization: Bearer``.
        ca: A file with the authorities to trust; None trusts the system's.
        timeout: Seconds without an answer.
        outbox: A file for what could not be told; None keeps it in memory.
        keep: How many results wait there.
    """

    shown: str
    host: str
    port: int
    target: str
    tls: bool
    token: Path | None = None
    ca: Path | None = None
    timeout: float = 10.0
    outbox: Path | None = None
    keep: int = 10_000
    what: Choice = CHANGES

    def __repr__(self) -> str:  # the default one would print the path, which is often the secret
        return f"WebhookAddress({self.shown})"


@dataclass(frozen=True)
class PicturesAddress:
    """``pictures:DIR``

    Attributes:
        directory: Where they go.
        keep: How many stay.
        labels: Which labels are drawn; empty draws all.
        width: Pixels of the longer side at most.
        font: A font's file; None takes Pillow's own, which knows Latin letters.
    """

    shown: str
    directory: Path
    keep: int = 1000
    labels: frozenset[str] = frozenset()
    width: int = 1280
    font: Path | None = None
    what: Choice = PREDICTIONS


@dataclass(frozen=True)
class VideoAddress:
    """``video:FILE.mp4`` or ``.avi``

    Attributes:
        path: The file.
        fps: Frames a second that it is played with.
        size: Bytes after which another file is begun.
        keep: How many of the earlier ones stay.
        width: Pixels of the longer side at most.
        font: A font's file; None takes Pillow's own, which knows Latin letters.
    """

    shown: str
    path: Path
    fps: float = 10.0
    size: int = 2**30
    keep: int = 3
    width: int = 1280
    font: Path | None = None
    what: Choice = PREDICTIONS


Address = (
    StdoutAddress | JsonLinesAddress | SqliteAddress | MqttAddress | WebhookAddress | PicturesAddress | VideoAddress
)
