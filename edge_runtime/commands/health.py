"""``edge-runtime health``: for Docker, Kubernetes and systemd. Standard library only, so that it costs little."""

import argparse
import time
from pathlib import Path

from edge_runtime import heartbeat
from edge_runtime.errors import EdgeError


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--heartbeat", type=Path, default=heartbeat.default_path(), metavar="FILE", help="as given to run"
    )
    parser.add_argument(
        "--max-age",
        type=float,
        default=heartbeat.MAX_AGE,
        metavar="SECONDS",
        help="an older heartbeat means that the judging loop hangs (default: %(default)s)",
    )
    parser.epilog = "Exit code 0: alive. 1: no heartbeat, one of an earlier boot, or one that is too old."


def run(arguments: argparse.Namespace) -> int:
    beat = heartbeat.read(arguments.heartbeat)
    age = heartbeat.age(beat, time.monotonic(), heartbeat.boot())
    if age > arguments.max_age:
        since = f"{age:.0f} s ago" if age != float("inf") else "before this boot"
        raise EdgeError(f"unhealthy: process {beat.pid} last beat {since}, at most {arguments.max_age:.0f} s allowed")
    print(f"alive: {beat.model}; {beat.predictions} predictions, {beat.rejections} rejected; beat {age:.1f} s ago")
    return 0
