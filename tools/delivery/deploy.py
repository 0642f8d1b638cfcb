"""Brings a bundle and what runs it to a device over ssh: what `make deploy` runs.

    python -m tools.delivery.deploy pi@raspberrypi.local --bundle bundles/parts --source watch:/srv/incoming

The device gets what it lacks and nothing else. It verifies the bundle with its own interpreter, switches, and goes back
by itself when the service is not healthy afterwards. The same command twice changes nothing.
"""

import shlex
import sys
import tempfile
import time
from pathlib import Path

from edge_runtime.bundle.store import Bundle
from edge_runtime.console import guard
from tools.delivery import keys, parts, plan
from tools.delivery.command_line import Settings, parse
from tools.delivery.device import Facts, target_for
from tools.delivery.errors import DeliveryError
from tools.delivery.plan import NAMES, Plan, State, Wanted, make_plan
from tools.delivery.settings import value_of
from tools.delivery.ssh import Device, ssh_command
from tools.delivery.target import ROOT

SYSTEMD = ROOT / "docker" / "systemd"
PROBE_SECONDS = 60.0
ROOM = 1.3  # what compiled modules add to the packages, and some


def say(sentence: str) -> None:
    print(f"deploy: {sentence}", flush=True)


def main() -> int:
    return guard("deploy", lambda: deploy(parse()))


def deploy(settings: Settings) -> int:
    """Carries out the command line and returns the exit code.

    Raises:
        EdgeError: It could not be done; the device is as it was.
    """
    started = time.monotonic()
    key = keys.read(settings.key) if settings.key else "" if settings.no_key else None
    bundle = keys.opened(settings.bundle, settings.key) if settings.bundle else None
    terminal = sys.stdin.isatty()
    with Device(settings.host, ssh_command(settings.host, settings.config, terminal), say) as device:
        facts = device.probe(None if terminal else PROBE_SECONDS)
        say(f"{settings.host}: {facts.title}")
        try:
            if bundle:
                bring(device, facts, bundle, settings, key)
            else:
                take_out(device, facts, settings)
        except KeyboardInterrupt:
            say("interrupted; the device keeps its release, or goes back to it by itself")
            raise
    say(f"done in {time.monotonic() - started:.1f} s")
    return 0


def bring(device: Device, facts: Facts, bundle: Bundle, settings: Settings, key: str | None) -> None:
    target = target_for(facts, settings.interpreter, settings.camera, signed=bool(key))
    device.start_agent()
    if plan.has_key(wanted_conf(device, settings, key)[1]):
        keys.check_signed(bundle)
        target = target_for(facts, settings.interpreter, settings.camera, signed=True)
    with tempfile.TemporaryDirectory(prefix="deploy-") as scratch:
        made = [parts.packages(target, say), parts.kit(Path(scratch)), parts.bundle_part(bundle, Path(scratch))]
        if not settings.dry_run:
            device.call("begin")
        state, conf = wanted_conf(device, settings, key)
        wanted = Wanted(
            parts={part.kind: part.digest for part in made},
            conf=conf,
            unit=plan.deployed_unit(read("edge-runtime.service")),
            key=plan.key_for(state, conf, key),
        )
        todo = make_plan(state, wanted)
        tell(state, todo, made)
        warn(device, wanted)
        if not todo.changes:
            check_running(state)
            return
        sent = [part for part in made if part.kind in todo.send]
        plan.check_space(state, int(ROOM * sum(part.unpacked for part in sent)))
        if settings.dry_run:
            say("nothing was done (--dry-run)")
            return
        moved = 0
        for part in sent:
            device.send(part)
            moved += part.size
            say(f"moved {amount(part.size)} for the {NAMES[part.kind]}")
    outcome = device.call(
        "release",
        parts=dict(wanted.parts),
        conf=wanted.conf,
        unit=wanted.unit,
        key=wanted.key,
        owner=facts.uid,
        seconds=settings.seconds,
    )
    say(f"release {outcome['release']} is healthy: {outcome['health']}")
    say(f"moved {amount(moved)} in all; it judges {value_of(wanted.conf, 'SOURCE')}")
    if wanted.key:
        say(f"it takes no bundle but those signed with the key {keys.short(wanted.key)}")


def wanted_conf(device: Device, settings: Settings, key: str | None) -> tuple[State, str]:
    """Returns what the device has, and the settings that it shall have."""
    state = State(**device.call("look"))
    return state, plan.settings(state, read("edge-runtime.conf"), settings.source, settings.options, key)


def take_out(device: Device, facts: Facts, settings: Settings) -> None:
    if not facts.root or not facts.python:
        raise DeliveryError("a deploy needs Python and commands as root there, so nothing of it can be there")
    device.start_agent()
    state = State(**device.call("look"))
    if not state.release and not state.parts:
        say("nothing of a deploy is there")
    elif settings.dry_run:
        say(f"would take out release {state.release or 'none'} ({state.title}) and {len(state.parts)} parts")
    else:
        device.call("begin")
        device.call("remove")
        say("edge-runtime was taken out; /var/lib/edge-runtime with its pictures was kept")


def tell(state: State, todo: Plan, made: list[parts.Part]) -> None:
    if not todo.changes:
        say(f"up to date: release {state.release}, {state.title}")
        return
    for change in todo.changes:
        say(f"changes: {change}")
    for part in made:
        if part.kind in todo.send:
            say(f"to be moved: {NAMES[part.kind]}, {amount(part.size)}")


def warn(device: Device, wanted: Wanted) -> None:
    """Says so where a directory is to be watched that is not there: it may come, as of a stick, or be mistyped."""
    directory = plan.watched(wanted.conf)
    if directory is not None and not device.call("has_directory", path=directory):
        advice = f"mend SOURCE, or make it there: sudo mkdir -p {shlex.quote(directory)}"
        if not directory.startswith("/"):
            advice = "name it by its whole path there, as in SOURCE=watch:/srv/pictures"
        say(f"warning: SOURCE watch:{directory}: the device has no such directory and will wait for it; {advice}")


def check_running(state: State) -> None:
    if not state.healthy:
        raise DeliveryError(
            f"nothing has to be changed, but the service is not healthy there ({state.health or state.active}); "
            "on the device: journalctl -u edge-runtime -n 20, sudo systemctl restart edge-runtime"
        )


def read(name: str) -> str:
    return (SYSTEMD / name).read_text(encoding="utf-8")


def amount(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


if __name__ == "__main__":
    sys.exit(main())
