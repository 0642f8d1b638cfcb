"""Brings a bundle and what runs it to a device over ssh: what `make deploy` runs.

    python -m tools.delivery.deploy pi@raspberrypi.local --bundle bundles/parts --source watch:/srv/incoming

The device gets what it lacks and nothing else. It verifies the bundle with its own interpreter, switches, and goes back
by itself when the service is not healthy afterwards. The same command twice changes nothing.
"""

import argparse
import shlex
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.bundle.store import Bundle
from edge_runtime.commands.numbers import positive
from edge_runtime.console import guard
from tools.delivery import keys, parts, plan
from tools.delivery.device import Facts, target_for
from tools.delivery.device_tree import INTERPRETERS, ROOT
from tools.delivery.errors import DeliveryError
from tools.delivery.plan import NAMES, Plan, State, Wanted, make_plan
from tools.delivery.settings import value_of
from tools.delivery.ssh import Device, ssh_command

SYSTEMD = ROOT / "docker" / "systemd"
PROBE_SECONDS = 60.0
ROOM = 1.3  # what compiled modules add to the packages, and some


@dataclass(frozen=True)
class Settings:
    """The command line.

    Attributes:
        host: As ssh takes it.
        bundle: What to judge with; None to take everything out.
        source: What to judge; None: what the device has judged so far.
        options: More for `edge-runtime run`; None: what the device has.
        interpreter: Which one, or auto.
        camera: Whether OpenCV comes along.
        key: A public key's file: with it the device takes no bundle that is not signed with it.
        no_key: Whether it takes anybody's from now on. Neither: as before.
        dry_run: Only tell.
        seconds: How long the service may take to become healthy.
        config: An ssh configuration other than the user's.
    """

    host: str
    bundle: Path | None
    source: str | None
    options: str | None
    interpreter: str
    camera: bool
    key: Path | None
    no_key: bool
    dry_run: bool
    seconds: int
    config: Path | None


def say(sentence: str) -> None:
    print(f"deploy: {sentence}", flush=True)


def main() -> int:
    return guard("deploy", lambda: deploy(parse()))


def parse(argv: list[str] | None = None) -> Settings:
    parser = argparse.ArgumentParser("deploy", description="Bring a bundle and what runs it to a device over ssh.")
    parser.add_argument("host", metavar="HOST", help="as ssh takes it: pi@raspberrypi.local, a name of ~/.ssh/config")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--bundle", type=Path, metavar="DIR", help="what to judge with")
    what.add_argument("--remove", action="store_true", help="take out all that a deploy made; pictures stay")
    parser.add_argument(
        "--source",
        metavar="ADDRESS",
        help="what to judge, a place on the device (default: as before; at first watch:/var/lib/edge-runtime/incoming)",
    )
    parser.add_argument("--options", metavar="TEXT", help="more for 'edge-runtime run' (default: as before)")
    parser.add_argument("--interpreter", choices=INTERPRETERS, default="auto", help="(default: %(default)s)")
    parser.add_argument("--camera", action="store_true", help="with OpenCV, for cameras and RTSP")
    trust = parser.add_mutually_exclusive_group()
    trust.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="a public key of 'python -m export keygen': from now on the device takes no bundle that is not signed "
        "with it (default: as before)",
    )
    trust.add_argument("--no-key", action="store_true", help="from now on the device takes anybody's bundle")
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    parser.add_argument(
        "--wait",
        type=positive,
        default=30,
        metavar="SECONDS",
        help="how long the service may take to become healthy (default: %(default)s)",
    )
    parser.add_argument("--ssh-config", type=Path, metavar="FILE", help="instead of ~/.ssh/config")
    given = parser.parse_args(argv)
    return Settings(
        host=given.host,
        bundle=given.bundle,
        source=given.source,
        options=given.options,
        interpreter=given.interpreter,
        camera=given.camera,
        key=given.key,
        no_key=given.no_key,
        dry_run=given.dry_run,
        seconds=given.wait,
        config=given.ssh_config,
    )


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
