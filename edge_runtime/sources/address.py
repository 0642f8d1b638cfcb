"""Addresses of streams: what is in them, and how they are shown without what must stay secret."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from edge_runtime.errors import UsageError

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}  # also the schemes of streams
SECURE = ("rtsps", "https")
HIDDEN = "***"
# Of a query only these are shown: they tell the cameras of one recorder apart. Tokens and passwords have any name (pwd,
# loginpas, p, sid), so that a list of those would never be whole.
HARMLESS = (
    *("camera", "channel", "fps", "height", "profile", "proto", "resolution", "stream", "subtype", "transport"),
    *("unicast", "width"),
)
# Recorders of one maker have it in the path: /user=admin_password=WORD_channel=1_stream=0.sdp
LOGIN = re.compile(
    rf"(user|username|usr|login|password|passwd|pass|pwd)=.*?(?=[&_;](?:{'|'.join(HARMLESS)})=|$)", re.IGNORECASE
)
OPTIONS = ("every", "verify")  # ours, in the fragment: what no server gets to see
OWN = ("watch", "replay")  # their rest is a path, in which an @ is a letter


@dataclass(frozen=True)
class StreamAddress:
    """A stream's address.

    Attributes:
        url: As it was typed, with user and password: for the library that connects, and for nobody else.
        scheme: One of `PORTS`.
        host: A name or an IP address, without brackets.
        port: As given, or the scheme's own.
        path: With its query.
        user: Without escapes; None where neither user nor password is in it.
        password: Likewise; empty where there is only a user.
    """

    url: str
    scheme: str
    host: str
    port: int
    path: str
    user: str | None = None
    password: str = ""

    @property
    def has_user(self) -> bool:
        return self.user is not None

    @property
    def shown(self) -> str:
        return shown(self.url)

    def __repr__(self) -> str:  # the default one would print the password
        return f"StreamAddress({self.shown})"


def parse(address: str) -> StreamAddress:
    """Returns the parts of a stream's address.

    Raises:
        UsageError: It names no host, or user and password cannot be told from the rest.
    """
    scheme, _, rest = address.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in rest[len(authority) :]:
        # FFmpeg, too, ends user and password at the first / ? or #: what follows would be taken for a path.
        raise UsageError(
            f"{shown(address)}: in user, password, path and query write %40 for @, %2F for /, %3F for ? and %23 for #"
        )
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{shown(address)}: not an address; {scheme}://HOST:PORT/PATH expected") from error
    if not host:
        raise UsageError(f"{shown(address)}: names no host; {scheme}://HOST/PATH expected")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    scheme = scheme.lower()  # as FFmpeg wants it
    user, password = (unquote(part or "") for part in (parts.username, parts.password))
    return StreamAddress(
        f"{scheme}://{rest}", scheme, host, port or PORTS[scheme], path, user if "@" in authority else None, password
    )


def shown(address: str) -> str:
    """Returns an address without user and password and the values of its query and fragment."""
    scheme, colon, rest = address.partition(":")
    if not colon or scheme in OWN:
        return address
    slashes = "//" if rest.startswith("//") else ""
    rest = rest.removeprefix("//")
    _, user, rest = rest.rpartition("@")  # the last one: rather too much hidden than half a password shown
    rest, hash_, fragment = rest.partition("#")
    rest, mark, query = rest.partition("?")
    hidden = HIDDEN + user if user else ""
    rest = LOGIN.sub(rf"\1={HIDDEN}", rest)
    return f"{scheme}:{slashes}{hidden}{rest}{mark}{_shown(query, HARMLESS)}{hash_}{_shown(fragment, OPTIONS)}"


def _shown(options: str, harmless: Sequence[str]) -> str:
    return "&".join(_shown_option(option, harmless) for option in options.split("&")) if options else ""


def _shown_option(option: str, harmless: Sequence[str]) -> str:
    name, equals, value = option.partition("=")
    if name.lower() in harmless and re.fullmatch(r"[\w.]{1,9}", value):
        return option
    return f"{name}={HIDDEN}" if equals else HIDDEN
