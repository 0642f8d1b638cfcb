"""Where the page is, who may change something, and what is bounded."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from edge_runtime.errors import UsageError

LOOPBACK = "127.0.0.1"
PORT = 8080
SHORTEST_TOKEN = 16  # characters; of hexadecimal digits that is 64 bits, out of reach at ten guesses a minute


@dataclass(frozen=True)
class Limits:
    """What one request, one client and all of them together may take.

    Attributes:
        body: Bytes of a request.
        pixels: Of a picture, read from its header before it is decoded. 50 million are 150 MB decoded.
        rate: Requests a second and client, in the long run: a page that shows 16 sources asks for 20.
        burst: Requests that a client may ask for at once.
        at_once: Requests that are answered at the same time.
        connections: Open ones, idle ones included.
        header_seconds: From the first byte of a request, or from connecting, to the end of its headers.
        request_seconds: From there to the end of the answer.
        pictures: Pictures to be judged that are held at the same time, from the first byte to the answer: 4 of 16 MB,
            with what reading them takes, are some 150 MB.
    """

    body: int = 16 * 1024 * 1024
    pixels: int = 50_000_000
    rate: float = 100.0
    burst: int = 200
    at_once: int = 16
    connections: int = 64
    header_seconds: float = 10.0
    request_seconds: float = 30.0
    pictures: int = 4


@dataclass(frozen=True)
class Settings:
    """How the page is served.

    Without a token, only somebody on this very machine may change anything; see `door`.

    Attributes:
        host: Address to listen on; loopback unless another one is asked for.
        port: 0 takes any that is free.
        token: What a person must know to change something; None if nobody has to.
        private: Whether looking needs the token too: pictures of a home are nobody's business.
        names: Host names under which browsers reach this machine, beside its own name and addresses.
        limits: What is bounded.

    Raises:
        UsageError: The token can be guessed or cannot be sent, or `private` stands without one.
    """

    host: str = LOOPBACK
    port: int = PORT
    token: str | None = field(default=None, repr=False)
    private: bool = False
    names: tuple[str, ...] = ()
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if self.token is not None and (
            len(self.token) < SHORTEST_TOKEN or not self.token.isascii() or not self.token.isprintable()
        ):
            raise UsageError(
                f"http token: at least {SHORTEST_TOKEN} printable ASCII characters are wanted, {len(self.token)} were "
                "given; `openssl rand -hex 16` makes one"
            )
        if self.private and self.token is None:
            raise UsageError("http: private needs a token; `openssl rand -hex 16` makes one")

    @property
    def address(self) -> str:
        """As a person types it into a browser."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


def place(address: str) -> tuple[str, int]:
    """Returns host and port of ``http://HOST:PORT``; either may be left out, and a path or password may not be there.

    Raises:
        UsageError: It is no such address.
    """
    wrong = UsageError(f"{address.rpartition('@')[2]}: http://HOST:PORT is wanted, as in http://{LOOPBACK}:{PORT}")
    try:
        parts: SplitResult = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise wrong from error
    if parts.scheme != "http" or "@" in parts.netloc or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise wrong
    return parts.hostname or LOOPBACK, PORT if port is None else port


def is_loopback(host: str) -> bool:
    """Whether an address, or the name ``localhost``, means this very machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)  # ::ffff:127.0.0.1, as a socket for both families tells it
    return bool((mapped or address).is_loopback)
