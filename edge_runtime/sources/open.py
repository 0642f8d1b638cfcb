"""From an address as the user types it to a source."""

from urllib.parse import parse_qsl

from edge_runtime.console import did_you_mean
from edge_runtime.errors import UsageError
from edge_runtime.sources import Source
from edge_runtime.sources.files import FileSource, expand
from edge_runtime.sources.replay import ReplaySource
from edge_runtime.sources.watch import WatchSource

SCHEMES = ("watch:DIR", "replay:PATH[?fps=N&loop=N]", "a file, directory or glob")


def open_source(address: str) -> Source:
    """Returns the source behind `address`; it is opened when it is entered.

    Raises:
        UsageError: No such scheme, file or option.
    """
    scheme, colon, rest = address.partition(":")
    if not colon:
        return FileSource(address, expand([address]))
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
    raise UsageError(f"{address}: no source is called '{scheme}:'{did_you_mean(scheme, ['watch', 'replay'])}")


def _number(address: str, name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < 1e6:
        raise UsageError(f"{address}: {name} takes a number from 0, '{text}' found")
    return number
