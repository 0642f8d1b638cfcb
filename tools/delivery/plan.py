"""What a deploy has to do: a function of what the device has and what is wanted. No input or output here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tools.delivery import keys
from tools.delivery.errors import DeliveryError
from tools.delivery.settings import value_of, with_values

NAMES = {"packages": "packages", "kits": "kit", "bundles": "bundle"}
CURRENT_BUNDLE = "/opt/edge-runtime/current/bundle"
# Of the release and not in /etc: going back to a release goes back to the key that its bundle was signed with.
CURRENT_KEY = "--key /opt/edge-runtime/current/key.pub"
VARIABLES = ("SOURCE", "OPTIONS", "KEY")  # of the settings file, that a deploy sets
PACKAGED, DEPLOYED = "/usr/bin/edge-runtime", "/opt/edge-runtime/current/bin/edge-runtime"


@dataclass(frozen=True)
class State:
    """What the device has, as its agent tells it.

    Attributes:
        release: The current release's number; empty when there is none.
        current: Digests of its parts, by kind.
        title: What it judges with.
        parts: All parts that are there, as ``kind/digest``.
        conf: The settings file's text; empty when there is none.
        unit: The unit file's.
        free: Bytes on the disk.
        active: systemd's word for the unit.
        healthy: Whether `edge-runtime health` said so.
        health: What it said.
        key: The text of the public key that came with the release; empty when none did.
    """

    release: str
    current: Mapping[str, str]
    title: str
    parts: frozenset[str]
    conf: str
    unit: str
    free: int
    active: str
    healthy: bool
    health: str
    key: str = ""


@dataclass(frozen=True)
class Wanted:
    """What the device shall have: digests by kind, the settings, the unit and the public key's text."""

    parts: Mapping[str, str]
    conf: str
    unit: str
    key: str = ""


@dataclass(frozen=True)
class Plan:
    """What has to be done.

    Attributes:
        send: Kinds of parts that the device lacks.
        changes: What will be different, in words; empty when nothing will.
    """

    send: tuple[str, ...]
    changes: tuple[str, ...] = field(default=())


def make_plan(state: State, wanted: Wanted) -> Plan:
    """Returns what leads from one to the other."""
    send = tuple(kind for kind, digest in wanted.parts.items() if f"{kind}/{digest}" not in state.parts)
    if not state.release:
        return Plan(send, ("the first release",))
    changes = [
        change(NAMES[kind], state.current.get(kind) or "none", digest)
        for kind, digest in wanted.parts.items()
        if state.current.get(kind) != digest
    ]
    changes += [f"{NAMES[kind]} is damaged there" for kind in send if state.current.get(kind) == wanted.parts[kind]]
    for name in VARIABLES:
        before, after = value_of(state.conf, name), value_of(wanted.conf, name)
        if before != after:
            changes.append(f"{name} {'none' if before is None else repr(before)} → {after!r}")
    if state.key != wanted.key:
        changes.append(f"public key {keys.short(state.key)} → {keys.short(wanted.key)}")
    if state.conf != wanted.conf and not any(change.startswith(VARIABLES) for change in changes):
        changes.append("other settings")
    if state.unit != wanted.unit:
        changes.append("unit file")
    return Plan(send, tuple(changes))


def change(name: str, before: str, after: str) -> str:
    """Returns in words how a part will differ."""
    if before[:12] == after[:12]:  # the same bundle, see `parts.bundle_part`
        return f"{name} {after[:12]} with {'another signature' if '-' in after else 'no signature'}"
    return f"{name} {before[:12]} → {after[:12]}"


def settings(state: State, template: str, source: str | None, options: str | None, key: str | None = None) -> str:
    """Returns the settings file's text: what the device has, with what was asked for.

    Args:
        state: The device's.
        template: The text where it has none.
        source: What to judge; None: as before.
        options: More for `edge-runtime run`; None: as before.
        key: The public key's text; empty: none from now on; None: as before.
    """
    values = {"BUNDLE": CURRENT_BUNDLE}
    if source is not None:
        values["SOURCE"] = source
    if options is not None:
        values["OPTIONS"] = options
    if key is not None:
        values["KEY"] = CURRENT_KEY if key else ""
    return with_values(state.conf or template, values)


def key_for(state: State, conf: str, key: str | None) -> str:
    """Returns the public key's text that goes into the release: what was asked for, or what the settings still name."""
    if key is not None:
        return key
    return state.key if value_of(conf, "KEY") == CURRENT_KEY else ""


def has_key(conf: str) -> bool:
    """Whether the service that is so set up takes signed bundles alone; a key may also stand in OPTIONS."""
    words = f"{value_of(conf, 'KEY') or ''} {value_of(conf, 'OPTIONS') or ''}".split()
    return any(word.partition("=")[0] == "--key" for word in words)


def watched(conf: str) -> str | None:
    """Returns the directory that the settings' source watches; None where it is no `watch:`."""
    scheme, _, rest = (value_of(conf, "SOURCE") or "").partition(":")
    path, _, query = rest.partition("?")
    return (path if "=" in query else rest) if scheme == "watch" else None


def deployed_unit(packaged: str) -> str:
    """Returns the unit as `make deploy` installs it: the same, but for where the program is."""
    return packaged.replace(PACKAGED, DEPLOYED)


def check_space(state: State, needed: int) -> None:
    """Raises DeliveryError when the device's disk is too full for `needed` bytes."""
    if state.free < needed:
        raise DeliveryError(
            f"the device's disk has {state.free / 1e6:.0f} MB free, {needed / 1e6:.0f} MB are wanted; "
            "make room, for example with `sudo apt clean`; nothing was changed"
        )
