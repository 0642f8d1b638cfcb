"""The .deb in a clean Debian: installed by apt with what it depends on, used, upgraded, removed and purged."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from edge_runtime.bundle.store import Bundle
from tests.delivery.conftest import BARE, Container
from tests.support import ROOT

pytestmark = pytest.mark.container

DATA = "/var/lib/edge-runtime"
HEALTH = "edge-runtime health --heartbeat /run/edge-runtime/heartbeat.json"
FILES = "find / -xdev \\( -path /proc -o -path /sys -o -path /tmp -o -path /root \\) -prune -o -print"
APT = "DEBIAN_FRONTEND=noninteractive apt-get -y -o Dpkg::Use-Pty=0"


def build(out: Path, version: str) -> Path:
    command = [sys.executable, "-m", "tools.delivery.deb", "--arch", "amd64", "--out", str(out), "--version", version]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(out.glob(f"*_{version}+py3.11_amd64.deb"))


@pytest.fixture(scope="module")
def clean(boot: Callable[..., Container], debian: Callable[[Sequence[str]], str]) -> Container:
    container = boot(debian(BARE))
    assert container.ask("command -v python3").returncode, "the dependencies would not be proved"
    container.run("apt-get update")
    return container


def test_the_package_is_installed_used_upgraded_and_purged(
    clean: Container, bundle: Bundle, other_bundle: Bundle, picture: Path, tmp_path: Path
) -> None:
    """One test: each step needs the one before."""
    run = clean.run
    before = set(run(FILES).splitlines())
    for version in ("0.1.0", "0.2.0"):
        clean.put(build(tmp_path, version), "/root")

    said = run(f"{APT} install /root/edge-runtime_0.1.0*.deb")
    assert "README.Debian" in said  # where to go on
    assert clean.unit("UnitFileState") == "enabled"
    assert clean.unit("ActiveState") == "inactive"  # no bundle yet: skipped, not failed
    assert run("edge-runtime --version", "nobody").startswith("edge-runtime ")
    assert run("find /usr/lib/edge-runtime/kit -name 'main*.pyc'")  # it starts fast
    assert run("systemd-analyze verify edge-runtime.service 2>&1") == ""
    run("systemd-analyze security --threshold=20 edge-runtime.service")  # tenths of systemd's exposure, 0 is best

    # What README.Debian says.
    clean.put(bundle.directory, DATA)
    run(f"ln -sfn {bundle.directory.name} {DATA}/bundle; systemctl restart edge-runtime")
    clean.wait(HEALTH)
    assert bundle.short_digest in run(HEALTH, "nobody")
    clean.put(picture, f"{DATA}/incoming")
    line = clean.wait("journalctl -u edge-runtime -o cat | grep prediction")
    assert json.loads(line)["path"] == f"{DATA}/incoming/0.png"
    classified = run(f"edge-runtime classify {DATA}/incoming/0.png --bundle {DATA}/bundle", "nobody")
    assert json.loads(classified)["label"] == json.loads(line)["label"]

    # Another model, and settings of one's own, which an upgrade keeps.
    clean.put(other_bundle.directory, DATA)
    run(f"ln -sfn {other_bundle.directory.name} {DATA}/bundle; mkdir /srv/mine; chown nobody {DATA}/incoming")
    run("sed -i s#^SOURCE=.*#SOURCE=watch:/srv/mine# /etc/edge-runtime/edge-runtime.conf")
    process = clean.unit("MainPID")
    run(f"{APT} install /root/edge-runtime_0.2.0*.deb")
    assert run("dpkg-query -W -f '${Version}' edge-runtime") == "0.2.0+py3.11"
    assert "SOURCE=watch:/srv/mine" in run("cat /etc/edge-runtime/edge-runtime.conf")
    assert run(f"stat -c %U {DATA}/incoming") == "nobody"
    clean.wait(HEALTH)
    assert clean.unit("MainPID") != process
    assert other_bundle.short_digest in run(HEALTH)
    assert run("dpkg --verify edge-runtime").split() == ["??5??????", "c", "/etc/edge-runtime/edge-runtime.conf"]

    # A removed package leaves its settings; a purged one what is somebody's.
    run(f"{APT} remove edge-runtime")
    assert clean.ask("command -v edge-runtime").returncode
    assert clean.ask("test -e /usr/lib/edge-runtime").returncode
    assert "SOURCE=watch:/srv/mine" in run("cat /etc/edge-runtime/edge-runtime.conf")
    said = run(f"{APT} purge edge-runtime")
    assert f"kept {DATA}, which is not empty" in said
    assert clean.ask(f"test -e {DATA}/{bundle.directory.name}/manifest.json").returncode == 0
    run(f"rm -r {DATA} /srv/mine; {APT} autoremove --purge; systemctl daemon-reload")
    left = {path for path in set(run(FILES).splitlines()) - before if "edge-runtime" in path}
    assert left == set()
    assert clean.ask("systemctl status edge-runtime").returncode == 4  # no such unit


def test_a_package_for_another_machine_is_refused_by_apt(clean: Container, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.delivery.deb", "--arch", "armhf", "--out", str(tmp_path)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    clean.put(next(tmp_path.glob("*.deb")), "/root")
    answer = clean.ask(f"{APT} install /root/*armhf.deb")
    assert answer.returncode
