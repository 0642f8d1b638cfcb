"""What a container costs: the same command in the image for devices and on this machine, in turns, as ratios.

    python3 -m tools.containers.benchmark --bundle bundles/parts --picture photo.jpg [--rounds 15]

Start: from the start of the process (as the engine records it; for the host, from calling it) to its first result.
Memory: the largest resident set of the process that judges.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from tools.containers import engine as engines
from tools.containers import images
from tools.containers.engine import Engine, EngineError

ROOT = Path(__file__).resolve().parents[2]
HOST = str(ROOT / ".venv/bin/edge-runtime")
VARIANT = "full_int8.tflite"  # with auto each container would measure first
SETTLED = 2.0  # seconds of judging, after which memory no longer grows


def host_start(bundle: Path, picture: Path) -> float:
    """Returns the seconds from calling the command to its first result."""
    began = time.time()
    command = [HOST, "classify", str(picture), "--bundle", str(bundle), "--variant", VARIANT]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        if not child.stdout.readline():
            raise EngineError("the host's edge-runtime gave no result; does `edge-runtime verify` pass?")
        return time.time() - began


def container_start(engine: Engine, reference: str, bundle: Path, picture: Path) -> tuple[float, float]:
    """Returns the seconds to the first result: from the start of the process inside, and from calling the engine."""
    began = time.time()
    mounts = ["--volume", f"{bundle.resolve()}:/bundle:ro", "--volume", f"{picture.resolve()}:/picture:ro"]
    made = engine.ask(
        "run",
        "--detach",
        "--read-only",
        *mounts,
        reference,
        "classify",
        "/picture",
        "--bundle",
        "/bundle",
        *("--variant", VARIANT),
    )
    container = made.stdout.strip()
    try:
        engine.ask("wait", container)
        started = engine.ask("inspect", "--format", "{{.State.StartedAt}}", container).stdout.strip()
        first = engine.ask("logs", "--timestamps", container).stdout.partition(" ")[0]
        if not first:
            raise EngineError(f"{reference} gave no result: {made.stderr.strip()}")
        return seconds(first) - seconds(started), seconds(first) - began
    finally:
        engine.ask("rm", "--force", container)


def seconds(stamp: str) -> float:
    """Returns an engine's time stamp, nine digits after the point, as seconds since 1970."""
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")


def memory(process: int) -> float:
    """Returns the largest resident sets of a process and its children so far, added up, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    own = int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return own + sum(memory(int(child)) for child in children)


def host_memory(bundle: Path, picture: Path) -> float:
    """Returns MB."""
    command = [
        HOST,
        "run",
        "--bundle",
        str(bundle),
        "--source",
        f"replay:{picture}?fps=20&loop=0",
        "--variant",
        VARIANT,
    ]
    command += ["--heartbeat", f"/tmp/edge-benchmark-{time.time_ns()}.json"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(SETTLED)
        return memory(child.pid)
    finally:
        child.terminate()
        child.wait(10)


def container_memory(engine: Engine, reference: str, bundle: Path, picture: Path) -> float:
    """Returns MB."""
    mounts = ["--volume", f"{bundle.resolve()}:/bundle:ro", "--volume", f"{picture.resolve()}:/picture.png:ro"]
    words = ["run", "--bundle", "/bundle", "--source", "replay:/picture.png?fps=20&loop=0", "--variant", VARIANT]
    container = engine.ask("run", "--detach", "--read-only", *mounts, reference, *words).stdout.strip()
    try:
        time.sleep(SETTLED)
        tini = engine.ask("inspect", "--format", "{{.State.Pid}}", container).stdout.strip()
        return memory(int(Path(f"/proc/{tini}/task/{tini}/children").read_text().split()[0]))
    finally:
        engine.ask("rm", "--force", container)


def main() -> int:
    parser = argparse.ArgumentParser("benchmark", description="What a container costs, side by side with this machine.")
    parser.add_argument("--bundle", required=True, type=Path, metavar="DIR")
    parser.add_argument("--picture", required=True, type=Path, metavar="FILE")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="of each, in turns (default: %(default)s)")
    arguments = parser.parse_args()
    bundle, picture = arguments.bundle, arguments.picture
    try:
        engine = engines.find("docker")
        image = images.edge()
        if not images.is_current(engine, image):
            raise EngineError(f"{image.reference} is not there as it should be: make image-edge")
        here: list[float] = []
        inside: list[float] = []
        called: list[float] = []
        for number in range(arguments.rounds + 1):
            times = host_start(bundle, picture), *container_start(engine, image.reference, bundle, picture)
            if number:  # the first of each fills the file cache
                for row, value in zip((here, inside, called), times, strict=True):
                    row.append(value)
        host_mb, container_mb = host_memory(bundle, picture), container_memory(engine, image.reference, bundle, picture)
    except (EngineError, OSError) as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    base = statistics.median(here)
    print(f"{'':32} {'median':>9} {'least':>9} {'ratio':>7}   ({arguments.rounds} rounds, in turns)")
    for text, row in (
        ("host, to the first result", here),
        ("container, from its start", inside),
        ("container, from calling docker", called),
    ):
        middle = statistics.median(row)
        print(f"{text:32} {middle * 1000:6.0f} ms {min(row) * 1000:6.0f} ms {middle / base:7.2f}")
    print(f"{'host, resident set':32} {host_mb:6.1f} MB {'':9} {1:7.2f}")
    print(f"{'container, resident set':32} {container_mb:6.1f} MB {'':9} {container_mb / host_mb:7.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
