"""What `edge-runtime run` shall do, as one value: from a TOML file, the command line, or both.

The file's fields are the attributes below; what the command line says takes their place.

    bundle = "/var/lib/edge-runtime/bundle"
    keys = ["/etc/edge-runtime/bundle.pub"]
    sinks = ["jsonl:-", "mqtt://broker.local/edge"]

    [[source]]
    address = "rtsp://user:password@192.168.1.20/stream1"
    name = "gate"
    region = "25%,0%,75%,100%"
    motion = {sensitivity = 0.5}

    [events.smoothing]
    hold = 2.0

    [http]
    address = "http://0.0.0.0:8080"
    token_file = "/etc/edge-runtime/token"
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from edge_runtime.bundle import fields
from edge_runtime.errors import FieldError, UsageError
from edge_runtime.events.motion import Motion
from edge_runtime.events.smoothing import Smoothing
from edge_runtime.sources.address import shown

AUTO = "auto"


@dataclass(frozen=True)
class SourceSettings:
    """One source.

    Attributes:
        address: As `edge-runtime run --help` lists them.
        name: What results call it; by default its address.
        region: The part of its pictures that counts, as ``left,top,right,bottom`` in shares or percent.
        motion: Judge only frames on which something moves; None judges all.
        max_age: Seconds after which a live frame is stale.
        frozen_after: Seconds of one and the same live picture after which the camera is frozen; 0 never.
        black: Whether live pictures that show nothing are refused.
    """

    address: str
    name: str | None = None
    region: str | None = None
    motion: Motion | None = None
    max_age: float = 5.0
    frozen_after: float = 10.0
    black: bool = True

    def __post_init__(self) -> None:
        if not self.address:
            raise FieldError("address: nothing found; 'edge-runtime run --help' lists what there is")
        if not self.max_age > 0:
            raise FieldError(f"max_age: seconds above 0 expected, {self.max_age} found")
        if not (math.isfinite(self.frozen_after) and self.frozen_after >= 0):
            raise FieldError(f"frozen_after: seconds from 0 expected, {self.frozen_after} found")


@dataclass(frozen=True)
class EventSettings:
    """Which sources make events, and when a change is believed.

    Attributes:
        sources: ``live``: cameras, not files, which have nothing to do with each other. ``all``, or ``none``.
        smoothing: The rule.
    """

    sources: Literal["live", "all", "none"] = "live"
    smoothing: Smoothing = field(default_factory=Smoothing)


@dataclass(frozen=True)
class HttpSettings:
    """The page, the Open Inference Protocol and the metrics.

    Attributes:
        address: Where to listen.
        token_file: A file with what a person must know to change something.
        private: Whether looking needs that, too.
        names: Host names under which browsers reach this machine, beside its own.
    """

    address: str = "http://127.0.0.1:8080"
    token_file: str | None = None
    private: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """All of it.

    Attributes:
        bundle: The directory of the bundle that judges.
        source: Where frames come from.
        sinks: Who is told, as `edge-runtime run --help` lists them.
        variant: A variant's name, or ``auto``.
        threads: Of the interpreter; None: the CPUs allowed, up to 4.
        top: Labels named.
        threshold: The score below which a prediction is ``unknown``; None: the bundle's.
        max_degradation: Points of top-1 that ``auto`` may give away for speed, against the bundle's best variant; None:
            what the bundle's gate let pass.
        follow: Whether a new bundle in the same place takes over.
        keys: Files with public keys: only bundles that were signed with one of them judge; None: anybody's do.
        heartbeat: File; None: a place of this user's in memory.
        events: When a change is believed.
        http: None: no page.
    """

    bundle: str
    source: tuple[SourceSettings, ...] = ()
    sinks: tuple[str, ...] = ("jsonl:-",)
    variant: str = AUTO
    threads: int | None = None
    top: int = 3
    threshold: float | None = None
    max_degradation: float | None = None
    follow: bool = True
    keys: tuple[str, ...] | None = None
    heartbeat: str | None = None
    events: EventSettings = EventSettings()
    http: HttpSettings | None = None

    def __post_init__(self) -> None:
        if self.keys == ():  # it would mean that anybody's bundle is taken, and look as if nobody's were
            raise FieldError("keys: no file found; name the public key's, or leave 'keys' out")
        if self.threads is not None and self.threads < 1:
            raise FieldError(f"threads: 1 or more expected, {self.threads} found")
        if self.top < 1:
            raise FieldError(f"top: 1 or more expected, {self.top} found")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise FieldError(f"threshold: a score from 0 to 1 expected, {self.threshold} found")
        if self.max_degradation is not None and not self.max_degradation >= 0:
            raise FieldError(f"max_degradation: points from 0 expected, {self.max_degradation} found")


def settings_of(raw: dict[str, object], where: str) -> Settings:
    """Returns settings as values.

    Args:
        raw: As TOML is read, with what the command line says in its place.
        where: The file's name, for errors.

    Raises:
        UsageError: A field is unknown, missing or makes no sense; the message says which and what was wanted.
    """
    _source_tables(raw.get("source"), where)
    try:
        settings = fields.parse(Settings, raw, where)
    except FieldError as error:
        text = str(error)
        raise UsageError(text if text.startswith(where) else f"{where}: {text}") from error
    rule = settings.events.smoothing
    for source in settings.source:
        if source.motion and source.motion.at_least_every >= rule.gap:
            raise UsageError(
                f"{where}: motion: at_least_every below events.smoothing.gap ({rule.gap:g} s) expected, "
                f"{source.motion.at_least_every:g} found"
            )
    if not settings.source:
        raise UsageError(f"{where}: no source; say --source ADDRESS, or [[source]] in the configuration file")
    _once([source.address for source in settings.source], where, "source")
    _once([source.name for source in settings.source if source.name], where, "name")
    _once(settings.sinks, where, "sink")
    return settings


def _source_tables(raw: object, where: str) -> None:
    """Says how sources are written to whoever writes one as everything else is written."""
    wanted = 'each source is a table of its own: [[source]], and below it address = "ADDRESS"'
    if isinstance(raw, dict):
        raise UsageError(f"{where}: source: [source] with single brackets found; {wanted}")
    if isinstance(raw, str) or (isinstance(raw, list) and any(isinstance(one, str) for one in raw)):
        raise UsageError(f"{where}: source: an address alone found; {wanted}")


def _once(names: Sequence[str], where: str, what: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{where}: {what} {', '.join(map(shown, twice))}: given twice")
