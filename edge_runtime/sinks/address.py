"""Addresses of sinks: from what the user types to a value for each kind, and what of it may be shown.

A name says what is told, the rest says where, and options come after ``?`` (see `options.py`). A webhook's own query
goes to the receiver, so its options come after ``#``, which no receiver ever sees.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from edge_runtime.console import did_you_mean
from edge_runtime.errors import UsageError
from edge_runtime.sinks.choice import PICTURED, Choice
from edge_runtime.sinks.options import beginning, expanded, made, options_of
from edge_runtime.sinks.places import (
    Address,
    JsonLinesAddress,
    MqttAddress,
    PicturesAddress,
    SqliteAddress,
    StdoutAddress,
    VideoAddress,
    WebhookAddress,
)

HIDDEN = "***"
RECEIVERS = ("http", "https", "webhook")  # what people call a webhook
CAPTURES = "captures"  # opened by `captures.address`, which knows classifiers
FILES = {"jsonl": (".jsonl", ".ndjson"), "sqlite": (".db", ".sqlite", ".sqlite3"), "video": (".mp4", ".avi")}
PLACE = r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]]*)(:\d{0,5})?"  # host and port


def parse(address: str) -> Address:
    """Returns what `address` says.

    Raises:
        UsageError: There is no such sink or option, or a value is not possible.
    """
    name, colon, rest = address.partition(":")
    if "\0" in address:
        raise UsageError(f"{beginning(address)!r}: no address holds the character NUL")
    if name in RECEIVERS and colon:
        scheme = rest.partition("://")[0] if name == "webhook" else name
        wanted = f"webhook+{scheme if scheme in ('http', 'https') else 'https'}://HOST/PATH"
        page = "" if name == "webhook" else "; the page is no sink but --http"
        raise UsageError(f"{name}: results are posted to {wanted}{page}")
    if not colon or "/" in name:
        raise UsageError(_without_name(address))
    if name not in PARSERS:
        hint = did_you_mean(name, [*PARSERS, CAPTURES])
        raise UsageError(f"{beginning(address)}: no sink is called '{beginning(name)}:'{hint}")
    return PARSERS[name](name, rest)


def _without_name(address: str) -> str:
    """Returns what to say to whoever gives a path alone."""
    path = address.partition("?")[0]
    if re.search(r"[:@=&]", path):  # this may be user and password
        return f"{HIDDEN}: names no sink; jsonl:FILE, for one"
    name = next((name for name, suffixes in FILES.items() if Path(path).suffix.lower() in suffixes), None)
    return f"{path}: names no sink; " + (f"did you mean '{name}:{path}'?" if name else f"jsonl:{path}, for one")


def _stdout_or_file(name: str, rest: str) -> Address:
    path, options = _path_and_options(name, rest, "FILE")
    if path == "-":
        return made(StdoutAddress, options, shown="jsonl:-")
    return made(JsonLinesAddress, options, shown=f"{name}:{path}", path=expanded(path))


def _sqlite(name: str, rest: str) -> Address:
    path, options = _path_and_options(name, rest, "FILE")
    return made(SqliteAddress, options, shown=f"{name}:{path}", path=expanded(path))


def _pictures(name: str, rest: str) -> Address:
    path, options = _path_and_options(name, rest, "DIR")
    place = made(PicturesAddress, options, shown=f"{name}:{path}", directory=expanded(path))
    _check_pictured(place.shown, place.what)
    return place


def _video(name: str, rest: str) -> Address:
    path, options = _path_and_options(name, rest, "FILE.mp4")
    if Path(path).suffix not in (".mp4", ".avi"):
        raise UsageError(f"{name}:{path}: a video ends in .mp4 or .avi (which a power cut leaves readable)")
    place = made(VideoAddress, options, shown=f"{name}:{path}", path=expanded(path))
    _check_pictured(place.shown, place.what)
    return place


def _check_pictured(shown: str, what: Choice) -> None:
    if others := sorted(what - PICTURED):
        raise UsageError(f"{shown}: what: {', '.join(others)} cannot be drawn; predictions, events or both expected")


def _mqtt(name: str, rest: str) -> Address:
    parts = _url(name, rest, {"mqtt": 1883, "mqtts": 8883})
    prefix = unquote(parts.url.path).strip("/")
    if re.search(r"[+#\0]", prefix):
        raise UsageError(f"{parts.shown}: a topic holds no + and no #")
    if "#" in rest:
        raise UsageError(f"{parts.shown}: a topic holds no #, and options come after ?")
    options = options_of(parts.shown, parts.url.query)
    if name == "mqtt" and (secure := sorted(options.keys() & {"ca", "cert", "key"})):
        raise UsageError(f"{parts.shown}: {', '.join(secure)} goes with mqtts://, mqtt:// is not encrypted")
    place = made(
        MqttAddress,
        options,
        shown=parts.shown + (f"/{prefix}" if prefix else ""),
        host=parts.host,
        port=parts.port,
        prefix=prefix,
        user=unquote(parts.url.username or ""),
        secret=unquote(parts.url.password or ""),
        tls=name == "mqtts",
    )
    if place.secret and place.password:
        raise UsageError(f"{place.shown}: has a password in it and in a file; one of them is enough")
    if (place.secret or place.password) and not place.user:
        raise UsageError(f"{place.shown}: a password without a user")
    if place.key and not place.cert:
        raise UsageError(f"{place.shown}: key without cert; cert=FILE expected")
    return place


def _webhook(name: str, rest: str) -> Address:
    parts = _url(name, rest, {"webhook+http": 80, "webhook+https": 443})
    if parts.url.username is not None:
        raise UsageError(f"{parts.shown}: user and password are not sent; #token=FILE names a file with a bearer token")
    ours = {"outbox", "what", "keep"} & {option.partition("=")[0] for option in parts.url.query.split("&")}
    if ours:  # nobody else's receiver is likely to know these
        raise UsageError(f"{parts.shown}: after ? is the receiver's; options come after #, as in #what=events")
    target = (parts.url.path or "/") + (f"?{parts.url.query}" if parts.url.query else "")
    if not target.isascii() or not target.isprintable() or " " in target:
        raise UsageError(f"{parts.shown}: write its path and query percent-encoded, as in %20 for a space")
    options = options_of(parts.shown, parts.url.fragment)
    if "ca" in options and name == "webhook+http":
        raise UsageError(f"{parts.shown}: ca goes with webhook+https://, webhook+http:// is not encrypted")
    return made(
        WebhookAddress,
        options,
        # Of many receivers (Slack, Discord, Home Assistant) the path is the password.
        shown=parts.shown + ("" if target == "/" else f"/{HIDDEN}"),
        host=parts.host,
        port=parts.port,
        target=target,
        tls=name == "webhook+https",
    )


PARSERS: dict[str, Callable[[str, str], Address]] = {
    "jsonl": _stdout_or_file,
    "sqlite": _sqlite,
    "mqtt": _mqtt,
    "mqtts": _mqtt,
    "webhook+http": _webhook,
    "webhook+https": _webhook,
    "pictures": _pictures,
    "video": _video,
}


@dataclass(frozen=True)
class _Url:
    shown: str
    host: str
    port: int
    url: SplitResult


def _url(name: str, rest: str, ports: Mapping[str, int]) -> _Url:
    authority = re.split(r"[/?#]", rest.removeprefix("//"), maxsplit=1)[0]
    _, at, place = authority.rpartition("@")
    shown = f"{name}://{HIDDEN + at if at else ''}{place}"
    if not rest.startswith("//"):
        raise UsageError(f"{name}: {name}://HOST expected")
    if not at and ("@" in rest if name in ("mqtt", "mqtts") else not re.fullmatch(PLACE, place)):
        # What looks like a host and a port may be the beginning of user and password.
        advice = "in user and password write %2F for /, %3F for ? and %23 for #, in options %40 for @"
        raise UsageError(f"{name}://{HIDDEN}: not an address; {name}://HOST:PORT expected; {advice}")
    try:
        url = urlsplit(f"{name}:{rest}")
        host, port = url.hostname, url.port
    except ValueError as error:
        raise UsageError(f"{shown}: not an address; {name}://HOST:PORT expected") from error
    if not host:
        raise UsageError(f"{shown}: names no host; {name}://HOST expected")
    return _Url(shown, host, port or ports[name], url)


def _path_and_options(name: str, rest: str, wanted: str) -> tuple[str, dict[str, str]]:
    path, _, query = rest.partition("?")
    if not path:
        raise UsageError(f"{name}: names no {wanted.partition('.')[0].lower()}; {name}:{wanted} expected")
    if "#what=" in path:  # as webhooks have it; nobody's file is called so
        raise UsageError(f"{name}:{path.partition('#')[0]}: options come after ?, as in ?what=events")
    return path, options_of(f"{name}:{path}", query)
