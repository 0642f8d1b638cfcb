"""From an address as the user types it to a source. What one kind alone needs is imported when it is asked for."""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl

from edge_runtime.addresses import VIDEOS
from edge_runtime.console import did_you_mean, say
from edge_runtime.errors import UsageError
from edge_runtime.sources import Source
from edge_runtime.sources.address import PORTS, shown
from edge_runtime.sources.backoff import FOREVER, Backoff
from edge_runtime.sources.devices import DEVICES
from edge_runtime.sources.files import FileSource, expand
from edge_runtime.sources.reconnect import SILENCE, Connection, Reconnecting
from edge_runtime.sources.replay import ReplaySource
from edge_runtime.sources.watch import WatchSource

NODES = (f"{DEVICES}/video", f"{DEVICES}/v4l/")  # where Linux has cameras; elsewhere in /dev there may be pictures
KNOWN = ("watch", "replay", "v4l2", "csi", *PORTS)


def open_source(address: str, retry: Backoff = FOREVER, silence: float = SILENCE) -> Source:
    """Returns the source behind `address`; nothing is opened before it is entered.

    Args:
        address: As `edge_runtime.addresses.SOURCES` shows.
        retry: When a camera that is lost is tried again; without a budget for ever.
        silence: Seconds without a frame after which a camera counts as lost; longer for one that sends a picture every
            now and then.

    Raises:
        UsageError: No such scheme or option.
        SourceError: No such file, or a directory or glob without pictures. What ends by itself has nothing to wait for.
    """
    connection = _camera(address, silence)
    return Reconnecting(connection, retry) if connection else _files(address)


def _camera(address: str, silence: float) -> Connection | None:
    """Returns the way to a camera; None where the address is of none."""
    if address.isascii() and address.isdigit():
        node = DEVICES / f"video{int(address)}"
        if Path(address).exists():
            say(f"edge-runtime: {address}: taken for the camera {node}; the path is ./{address}")
        return _device(node, silence)
    if address.startswith(NODES):  # before the colon: names in /dev/v4l/by-path hold some
        return _device(Path(address), silence)
    scheme, _, rest = address.partition(":")
    match scheme.lower():
        case "http" | "https" | "rtsp" | "rtsps" if not rest.startswith("//"):
            raise UsageError(f"{shown(address)}: {scheme}://HOST/PATH expected")
        case "http" | "https":
            from edge_runtime.sources.web import WebCamera  # 25 ms, for http.client and ssl

            return WebCamera(address, silence)
        case "rtsp" | "rtsps":
            from edge_runtime.sources.camera import stream

            return stream(address, silence)
        case "v4l2":
            if not rest.startswith("///"):
                raise UsageError(f"{address}: v4l2:///dev/video0 expected")
            return _device(Path(rest[2:]), silence)
        case "csi":
            if not re.fullmatch(r"//\d{1,2}", rest, re.ASCII):
                raise UsageError(f"{address}: csi://0 expected, with the camera's number")
            from edge_runtime.sources.csi import csi

            return csi(int(rest[2:]), silence)
    return None


def _device(node: Path, silence: float) -> Connection:
    from edge_runtime.sources.camera import device

    return device(node, silence)


def _files(address: str) -> Source:
    if address == "-":
        from edge_runtime.sources.stdin import StdinSource

        return StdinSource()
    scheme, colon, rest = address.partition(":")
    if not colon or "/" in scheme:
        return _path(address)
    if scheme == "watch":
        directory, options = _options(address, rest, ["existing"])
        if not directory:  # the empty path would be the directory that this process happens to run in
            raise UsageError("watch: names no directory; watch:DIR expected")
        existing = options.get("existing", "0")
        if existing not in ("0", "1"):
            raise UsageError(f"{address}: existing takes 0 or 1, '{existing}' found")
        return WatchSource(directory, existing == "1")
    if scheme == "replay":
        path, options = _options(address, rest, ["fps", "loop"])
        fps = _number(address, "fps", options.get("fps", "0"))
        loop = _number(address, "loop", options.get("loop", "1"))
        if Path(path).suffix.lower() in VIDEOS:  # they would be taken for one picture that cannot be read
            raise UsageError(
                f"{address}: replay plays pictures; a video is a source itself: {path}, or {path}?fps=N at a pace"
            )
        if not loop.is_integer():  # 0.5 would become 0, which plays for ever
            raise UsageError(f"{address}: loop takes a whole number from 0, '{options['loop']}' found")
        return ReplaySource(expand([path]), address=address, fps=fps, rounds=int(loop))
    raise UsageError(f"{shown(address)}: no source is called '{scheme}:'{did_you_mean(scheme, KNOWN)}")


def _path(address: str) -> Source:
    path, mark, query = address.partition("?")
    if Path(path).suffix.lower() in VIDEOS and (not mark or "=" in query):
        path, options = _options(address, address, ["fps"])
        (found, *more) = expand([path])
        if not more and found == Path(path).expanduser():
            from edge_runtime.sources.video import VideoSource

            return VideoSource(found, address, _number(address, "fps", options.get("fps", "0")))
    return FileSource(address, expand([address]))


def _options(address: str, text: str, known: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Returns what stands before a ``?``, and the options behind it; a ``?`` without a ``=`` behind it is a letter."""
    path, _, query = text.partition("?")
    if "=" not in query:
        return text, {}
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in known:
            raise UsageError(f"{address}: unknown option '{name}'{did_you_mean(name, known)}")
    return path, options


def _number(address: str, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < 1e6:
        raise UsageError(f"{address}: {name} takes a number from 0, '{text}' found")
    return number
