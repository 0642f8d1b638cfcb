"""Devices for the tests: containers with a whole Debian in which systemd is process 1 and sshd listens."""

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from edge_runtime.bundle.store import Bundle
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.stages.prepared import Prepared
from tests.support import ROOT
from tools.containers import engine as engines
from tools.containers.engine import Engine

SUITE = "bookworm"
BARE = ("systemd", "systemd-sysv", "init-system-helpers", "procps")  # a Debian that runs, without Python
DEVICE = (*BARE, "openssh-server", "sudo", "python3", "libstdc++6")
USER = "pi"
# systemd wants capabilities, and control groups of its own. Many machines may not give all capabilities away (without
# CAP_SYS_RESOURCE --privileged does not start); on others --privileged is what makes the control groups writable. Never
# the host's control groups as a volume: systemd would tidy up among other containers.
UNCONFINED = ("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined")
LINES = (("--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", *UNCONFINED), ("--privileged",))
COMMON = ("--detach", "--hostname", "device", "--cgroupns", "private", "--stop-signal", "SIGRTMIN+3")
MEMORY = ("--tmpfs", "/run", "--tmpfs", "/run/lock")


@dataclass(frozen=True)
class Container:
    """A Debian that runs, as root sees it."""

    engine: Engine
    name: str

    def ask(self, command: str, user: str = "root", data: bytes | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a line of shell in it and returns its answer, whatever it is."""
        line = self.engine.command("exec", "--interactive", "--user", user, self.name, "sh", "-c", command)
        done = subprocess.run(line, input=data or b"", capture_output=True, timeout=300)
        return subprocess.CompletedProcess(line, done.returncode, done.stdout.decode(), done.stderr.decode())

    def run(self, command: str, user: str = "root", data: bytes | None = None) -> str:
        """Runs a line of shell that must succeed and returns what it printed."""
        answer = self.ask(command, user, data)
        assert answer.returncode == 0, f"{command}\n{answer.stdout}\n{answer.stderr}"
        return answer.stdout.strip()

    def put(self, source: Path, directory: str, user: str = "root") -> None:
        """Copies a file, or a directory with its name, into a directory."""
        tar = subprocess.run(["tar", "-C", source.parent, "-c", source.name], capture_output=True, check=True).stdout
        self.run(f"tar -x --no-same-owner -C {directory}", user, tar)

    def wait(self, command: str, seconds: float = 20) -> str:
        """Repeats a line of shell until it succeeds."""
        end = time.monotonic() + seconds
        while (answer := self.ask(command)).returncode:
            assert time.monotonic() < end, f"{command}: not within {seconds} s\n{answer.stdout}\n{answer.stderr}"
            time.sleep(0.2)
        return answer.stdout.strip()

    def unit(self, name: str) -> str:
        return self.run(f"systemctl show --value --property={name} edge-runtime")


@pytest.fixture(scope="session")
def engine() -> Engine:
    return engines.find("docker")


@pytest.fixture(scope="session")
def debian(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[str]], str]:
    """Makes an image of a Debian with some packages, once for this machine, from the mirror that its apt uses."""

    def made(packages: Sequence[str]) -> str:
        tag = f"edge-runtime-tests:{SUITE}-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:12]}"
        if engine.ask("image", "inspect", tag).returncode:
            if not shutil.which("mmdebstrap"):
                pytest.fail("mmdebstrap is missing: apt-get install mmdebstrap")
            query = ["apt-get", "indextargets", "--format", "$(SITE)", "Label: Debian"]
            sites = subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()
            rootfs = tmp_path_factory.mktemp("debian") / "rootfs.tar"
            command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}"]
            subprocess.run([*command, SUITE, str(rootfs), f"deb {sites[0]} {SUITE} main"], check=True, timeout=600)
            change = ["--change", 'CMD ["/lib/systemd/systemd"]', "--change", "ENV container=docker"]
            subprocess.run(engine.command("import", *change, str(rootfs), tag), check=True, stdout=subprocess.DEVNULL)
            rootfs.unlink()
        return tag

    return made


@pytest.fixture(scope="session")
def boot(engine: Engine) -> Iterator[Callable[..., Container]]:
    """Starts containers in which systemd is process 1; they end with the tests."""
    started: list[str] = []

    def up(image: str, *flags: str) -> Container:
        said = ""
        for line in LINES:
            answer = engine.ask("run", *COMMON, *MEMORY, *line, *flags, image)
            if answer.returncode:
                said = answer.stderr
                continue
            container = Container(engine, answer.stdout.strip())
            started.append(container.name)
            end = time.monotonic() + 30
            while time.monotonic() < end:
                said = container.ask("systemctl is-system-running").stdout.strip()
                if said in ("running", "degraded"):
                    return container
                time.sleep(0.2)
        pytest.fail(f"systemd does not run in a container here: {said}")

    yield up
    for name in started:
        engine.ask("rm", "--force", "--volumes", name)


@dataclass(frozen=True)
class Device:
    """A container that is reached by ssh as a user who may use sudo."""

    container: Container
    config: Path

    def deploy(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Deploys as a user would."""
        return subprocess.run(
            self.command(*arguments), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
        )

    def command(self, *arguments: object) -> list[str]:
        module = [sys.executable, "-m", "tools.delivery.deploy", "device", "--ssh-config", str(self.config)]
        return [*module, *map(str, arguments)]

    def health(self) -> subprocess.CompletedProcess[str]:
        """Asks as somebody who is nobody there."""
        return self.container.ask("edge-runtime health --heartbeat /run/edge-runtime/heartbeat.json", "nobody")


@pytest.fixture(scope="module")
def device(
    boot: Callable[..., Container], debian: Callable[[Sequence[str]], str], tmp_path_factory: pytest.TempPathFactory
) -> Device:
    """A board as it comes: a user, sudo, sshd, Python."""
    place = tmp_path_factory.mktemp("ssh")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place / "key"], check=True)
    container = boot(debian(DEVICE), "--publish", "127.0.0.1::22")
    container.run(f"useradd --create-home --shell /bin/bash {USER}; useradd --create-home --shell /bin/sh guest")
    for user in (USER, "guest"):
        authorise = (
            f"umask 077; mkdir -p ~{user}/.ssh; cat > ~{user}/.ssh/authorized_keys; chown -R {user} ~{user}/.ssh"
        )
        container.run(authorise, data=(place / "key.pub").read_bytes())
    container.run(f"echo '{USER} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/{USER}")
    port = container.engine.ask("port", container.name, "22").stdout.split(":")[-1].strip()
    config = place / "config"
    config.write_text(
        f"Host device stranger\n HostName 127.0.0.1\n Port {port}\n UserKnownHostsFile {place}/known\n"
        f" StrictHostKeyChecking accept-new\n IdentitiesOnly yes\n IdentityFile {place}/key\n"
        f"Host device\n User {USER}\nHost stranger\n User guest\n"
    )
    return Device(container, config)


def changed(bundle: Bundle, place: Path, version: str, contents: dict[str, bytes]) -> Bundle:
    """Writes a bundle that is another one, with digests that are right."""
    files = {path: bundle.file(path).read_bytes() for path in bundle.manifest.files} | contents
    return write_bundle(place, replace(bundle.manifest, version=version, files={}), files)


@pytest.fixture(scope="session")
def other_bundle(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The same model under another version."""
    return changed(bundle, tmp_path_factory.mktemp("bundles") / "other", "9999.1", {})


@pytest.fixture(scope="session")
def wrong_bundle(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle whose golden samples are not what its variants give."""
    first, second = sorted(path for path in bundle.manifest.files if path.endswith(".png") and "golden" in path)[:2]
    swapped = {first: bundle.file(second).read_bytes(), second: bundle.file(first).read_bytes()}
    return changed(bundle, tmp_path_factory.mktemp("bundles") / "wrong", "9999.2", swapped)


@pytest.fixture(scope="session")
def picture(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real picture that no training saw."""
    place = tmp_path_factory.mktemp("pictures") / "0.png"
    Image.fromarray(prepared.split("test").pixels[0]).save(place)
    return place
