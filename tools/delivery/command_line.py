"""The command line of `make deploy`."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.commands.numbers import positive
from tools.delivery.target import INTERPRETERS


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


def parse(argv: list[str] | None = None) -> Settings:
    """Returns what was typed; ends the process with a sentence where that makes no sense."""
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
