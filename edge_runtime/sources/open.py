"""From an address as the user types it to a source."""

from pathlib import Path
from urllib.parse import parse_qsl

from edge_runtime.console import did_you_mean, say
from edge_runtime.errors import UsageError
from edge_runtime.sources import Source
from edge_runtime.sources.address import PORTS, shown
from edge_runtime.sources.camera import DeviceSource, StreamSource
from edge_runtime.sources.devices import DEVICES
from edge_runtime.sources.files import FileSource, expand
from edge_runtime.sources.replay import ReplaySource
from edge_runtime.sources.watch import WatchSource

SCHEMES = (
    "a camera: 0 or /dev/video0, rtsp://USER:PASSWORD@HOST/PATH, http(s)://HOST/PATH (MJPEG)",
    "watch:DIR",
    "replay:PATH[?fps=N&loop=N]",
    "a file, directory or glob",
)
NODES = (f"{DEVICES}/video", f"{DEVICES}/v4l/")  # where Linux has cameras; elsewhere in /dev there may be pictures
KNOWN = ("watch", "replay", "v4l2", *PORTS)


def open_source(address: str) -> Source:
    """Returns the source behind `address`; nothing is opened before it is entered.

    Raises:
        UsageError: No such scheme, file or option.
    """
    if address.isascii() and address.isdigit():
        node = DEVICES / f"video{int(address)}"
        if Path(address).exists():
            say(f"{address}: taken for the camera {node}; the path is ./{address}")
        return DeviceSource(node)
    if address.startswith(NODES):  # before the colon: names in /dev/v4l/by-path hold some
        return DeviceSource(Path(address))
    scheme, colon, rest = address.partition(":")
    if not colon:
        return FileSource(address, expand([address]))
    if scheme.lower() in PORTS:
        if not rest.startswith("//"):
            raise UsageError(f"{shown(address)}: {scheme}://HOST/PATH expected")
        return StreamSource(address)
    if scheme == "v4l2":
        if not rest.startswith("///"):
            raise UsageError(f"{address}: v4l2:///dev/video0 expected")
        return DeviceSource(Path(rest[2:]))
    if scheme == "watch":
        if not rest:  # the empty path would be the directory that this process happens to run in
            raise UsageError("watch: names no directory; watch:DIR expected")
        return WatchSource(rest)
    if scheme == "replay":
        path, _, query = rest.partition("?")
        options = dict(parse_qsl(query, keep_blank_values=True))
        for name in options:
            if name not in ("fps", "loop"):
                raise UsageError(f"{address}: unknown option '{name}'{did_you_mean(name, ['fps', 'loop'])}")
        fps = _number(address, "fps", options.get("fps", "0"))
        loop = _number(address, "loop", options.get("loop", "1"))
        if not loop.is_integer():  # 0.5 would become 0, which plays for ever
            raise UsageError(f"{address}: loop takes a whole number from 0, '{options['loop']}' found")
        return ReplaySource(expand([path]), address=address, fps=fps, rounds=int(loop))
    raise UsageError(f"{shown(address)}: no source is called '{scheme}:'{did_you_mean(scheme, KNOWN)}")


def _number(address: str, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < 1e6:
        raise UsageError(f"{address}: {name} takes a number from 0, '{text}' found")
    return number
