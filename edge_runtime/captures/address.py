"""From ``captures:DIR?...`` as the user types it to a sink."""

from collections.abc import Callable, Mapping

from edge_runtime.captures.ring import Limits, Ring
from edge_runtime.captures.sink import CaptureSink
from edge_runtime.captures.wanted import Wanted
from edge_runtime.classifier import Classifier
from edge_runtime.console import did_you_mean
from edge_runtime.errors import FieldError, UsageError
from edge_runtime.preprocess import Region
from edge_runtime.sinks.options import READERS, expanded, options_of

FORM = "captures:DIR[?margin=0.2&random=0.001&rate=6&disagreeing=1&second=VARIANT&keep=1000&size=256M]"
SCHEME = "captures"


def open_captures(
    address: str,
    load: Callable[[str], Classifier] | None = None,
    regions: Mapping[str, Region] | None = None,
) -> CaptureSink:
    """Returns the sink behind an address; its directory is not touched before it is entered.

    Args:
        address: As `FORM` says; its values are those that hold where it says nothing, but for `second`: `Wanted` tells
            of the first four, `keep` and `size` are `Limits`.
        load: Loads the variant that `second` names.
        regions: What of its pictures the model is shown, by source address, where it is not all.

    Raises:
        UsageError: It is no such address.
        EdgeError: The second classifier cannot be loaded.
    """
    scheme, _, rest = address.partition(":")
    path, _, query = rest.partition("?")
    if scheme != SCHEME or not path:
        raise UsageError(f"{scheme}: {FORM} expected")
    shown = f"{SCHEME}:{path}"
    values: dict[str, object] = {}
    for name, text in options_of(shown, query).items():
        if name not in OPTIONS:
            raise UsageError(f"{shown}: unknown option '{name}'{did_you_mean(name, OPTIONS)}")
        try:
            values[name] = OPTIONS[name](text)
        except ValueError as error:
            raise UsageError(f"{shown}: {name}: {error}") from error
    second = values.pop("second", None)
    limits = {LIMITS[name]: values.pop(name) for name in LIMITS if name in values}
    try:
        ring, wanted = Ring(expanded(path), Limits(**limits)), Wanted(**values)  # type: ignore[arg-type]  # as read
    except FieldError as error:
        raise UsageError(f"{shown}: {error}") from error
    if second and not load:
        raise UsageError(f"{shown}: second: there is no bundle to take '{second}' from")
    return CaptureSink(ring, wanted, load(str(second)) if second and load else None, regions)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"a number expected, '{text}' found") from error


def _switch(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(f"0 or 1 expected, '{text}' found")
    return text == "1"


OPTIONS: Mapping[str, Callable[[str], object]] = {
    "margin": _number,
    "random": _number,
    "rate": _number,
    "disagreeing": _switch,
    "second": str,
    "keep": READERS["keep"],
    "size": READERS["size"],
}
LIMITS = {"keep": "count", "size": "size"}
