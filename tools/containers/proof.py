"""What `make test-containers` runs: prepares this machine for the tests with containers, runs them, tidies up.

    python3 -m tools.containers.proof [--install] [pytest's own flags]

An engine that runs is used; where none does, one is started and stopped again. Base images that no registry gives are
made of Debian's packages. Processors of boards are emulated. Needs root, as containers do in one way or another.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tools.choices import Failure
from tools.containers import engine as engines
from tools.containers.emulation import emulated
from tools.containers.engine import Engine, EngineError
from tools.debian import bring

ROOT = Path(__file__).resolve().parents[2]
# Each program and the Debian package that has it.
PROGRAMS = {
    "dockerd": "docker.io",
    "mmdebstrap": "mmdebstrap",
    "iptables": "iptables",
    "docker-compose": "docker-compose",
    "ssh": "openssh-client",
    "dpkg-deb": "dpkg",
    "mount": "mount",
}
BASES = {"bookworm": "debian:bookworm-slim", "trixie": "debian:trixie-slim"}
PATIENCE = 60.0  # seconds for the engine to answer


def say(text: str) -> None:
    print(f"test-containers: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def running() -> Iterator[Engine]:
    """Gives an engine: the one that runs, or one that runs as long as the block.

    Raises:
        Failure: None can be started.
    """
    with contextlib.suppress(EngineError):
        yield engines.find("docker")
        return
    if os.getuid() != 0:
        raise Failure("no Docker engine answers, and only root may start one: sudo make test-containers")
    with tempfile.NamedTemporaryFile("w+", prefix="dockerd-", suffix=".log") as log:
        say("no engine answers; starting dockerd")
        server = subprocess.Popen(["dockerd"], stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            yield answered(server, Path(log.name), time.monotonic)
        finally:
            server.terminate()
            server.wait(PATIENCE)
            say("stopped dockerd")


def answered(server: subprocess.Popen[bytes], log: Path, now: Callable[[], float]) -> Engine:
    """Waits until the engine answers, and returns it.

    Raises:
        Failure: It ended, or does not answer in time.
    """
    until = now() + PATIENCE
    while server.poll() is None and now() < until:
        try:
            return engines.find("docker")
        except EngineError:
            time.sleep(0.5)
    raise Failure("dockerd does not come up:\n" + "\n".join(log.read_text("utf-8", "replace").splitlines()[-10:]))


def bases(engine: Engine) -> None:
    """Makes sure that the base images are there: from a registry of images, or of Debian's packages.

    Raises:
        Failure: Neither works.
    """
    for suite, tag in BASES.items():
        if engine.ask("image", "inspect", tag).returncode == 0:
            continue
        if engine.ask("pull", "--quiet", tag).returncode == 0:
            say(f"{tag} from its registry")
            continue
        say(f"no registry gives {tag}; making it of Debian's packages")
        command = [str(ROOT / "docker/base-image.sh"), suite, tag]
        if subprocess.run(command, check=False, env={**os.environ, "DOCKER": engine.program}).returncode:
            raise Failure(f"{tag} cannot be made; mend what it says above")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("proof", description="Run the tests that need a container engine.")
    parser.add_argument("--install", action="store_true", help="install with apt what is missing on this machine")
    arguments, flags = parser.parse_known_args(argv)
    try:
        bring(PROGRAMS, arguments.install, say)
        with running() as engine:
            say(f"docker {engine.version}")
            bases(engine)
            with emulated():
                tests = [sys.executable, "-m", "pytest", "-q", "--durations=25", "-m", "container", *flags]
                return subprocess.run(tests, check=False, cwd=ROOT).returncode
    except (Failure, EngineError) as error:
        print(f"test-containers: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("test-containers: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
