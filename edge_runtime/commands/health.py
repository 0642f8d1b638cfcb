"""``edge-runtime health``: for Docker, Kubernetes and systemd. Standard library only, so that it costs little."""

import argparse
import math
import time
from pathlib import Path

from edge_runtime import heartbeat
from edge_runtime.device.process import end
from edge_runtime.errors import EdgeError, UsageError

GRACE = 1.0  # seconds: twice what a judging loop without frames needs to beat again


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--heartbeat",
        type=Path,
        default=heartbeat.likely_path(),
        metavar="FILE",
        help="as given to run (default: where run puts it for this user; where there is none, the system service's)",
    )
    parser.add_argument(
        "--max-age",
        type=float,
        default=heartbeat.MAX_AGE,
        metavar="SECONDS",
        help="an older heartbeat means that the judging loop hangs (default: %(default)s)",
    )
    parser.add_argument(
        "--end-after",
        type=float,
        metavar="SECONDS",
        help="end the process whose heartbeat is older than this, more than --max-age, so that it is started again: "
        "Docker restarts what has ended, not what is unhealthy (default: end nothing)",
    )
    parser.epilog = """'run' says every 2 s that it is alive, the heartbeat; here is looked how old the last one is.
Only the process that wrote the heartbeat is ever ended, recognised by its start.

exit codes: 0 alive; 1 no heartbeat, one of an earlier boot, or one that is too old

examples:
  edge-runtime health
  edge-runtime health --end-after 45"""


def run(arguments: argparse.Namespace) -> int:
    limit = math.inf if arguments.end_after is None else arguments.end_after
    if arguments.end_after is not None and not limit > arguments.max_age:
        raise UsageError(f"--end-after {limit:g}: more than --max-age ({arguments.max_age:g}) expected")
    beat, age = _look(arguments.heartbeat)
    if limit < age < math.inf:
        # After a pause of the whole container the first look finds an old beat of a process that is well.
        time.sleep(GRACE)
        beat, age = _look(arguments.heartbeat)
    if age > arguments.max_age:
        since = f"{age:.0f} s ago" if age < math.inf else "before this boot"
        fate = f"; {end(beat.pid, beat.started)}" if limit < age < math.inf else ""
        allowed = f"at most {arguments.max_age:.0f} s allowed"
        raise EdgeError(f"unhealthy: process {beat.pid} last beat {since}, {allowed}{fate}")
    print(f"alive: {beat.words}; beat {age:.1f} s ago")
    return 0


def _look(path: Path) -> tuple[heartbeat.Beat, float]:
    beat = heartbeat.read(path)
    return beat, heartbeat.age(beat, time.monotonic(), heartbeat.boot())
