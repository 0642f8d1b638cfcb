"""`make deploy` against a Debian with systemd as process 1, reached through its sshd."""

import json
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from edge_runtime.bundle.store import Bundle
from export.signing.sign import sign
from tests.delivery.conftest import USER, Device
from tests.signing import pair
from tests.support import ROOT

pytestmark = pytest.mark.container

INCOMING = "/var/lib/edge-runtime/incoming"
FILES = "find / -xdev \\( -path /proc -o -path /sys -o -path /tmp -o -path /var/log \\) -prune -o -print | sort"


@pytest.fixture(scope="module")
def before(device: Device) -> set[str]:
    """All files of the device before anything was deployed."""
    return set(device.container.run(FILES).splitlines())


@pytest.fixture(scope="module")
def first(device: Device, before: set[str], bundle: Bundle) -> str:
    """What the first deploy said."""
    answer = device.deploy("--bundle", bundle.directory)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.fixture
def deployed(device: Device, first: str, bundle: Bundle) -> Device:
    """A device that judges with the first bundle and the first source, whatever an earlier test did."""
    answer = device.deploy("--bundle", bundle.directory, "--source", f"watch:{INCOMING}", "--options", "")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return device


def moved(said: str) -> list[str]:
    return re.findall(r"moved \S+ \S+ for the (\w+)", said)


def state(device: Device) -> tuple[str, str, str]:
    """What must be the same where nothing was changed: release, process and settings."""
    run = device.container.run
    return run("readlink /opt/edge-runtime/current"), device.container.unit("MainPID"), run("cat /etc/edge-runtime/*")


def test_a_dry_run_touches_nothing(device: Device, before: set[str], bundle: Bundle) -> None:
    files = device.container.run(FILES)
    answer = device.deploy("--bundle", bundle.directory, "--dry-run")
    assert answer.returncode == 0, answer.stderr
    assert "to be moved: bundle" in answer.stdout
    assert "warning" not in answer.stdout
    mistyped = device.deploy("--bundle", bundle.directory, "--source", "watch:/srv/incomin", "--dry-run")
    assert "warning: SOURCE watch:/srv/incomin: the device has no such directory" in mistyped.stdout
    assert device.container.run(FILES) == files


def test_a_first_deploy_moves_every_part_and_ends_with_a_healthy_service(first: str, device: Device) -> None:
    assert moved(first) == ["packages", "kit", "bundle"]
    assert "release 1 is healthy: alive" in first
    assert device.container.unit("ActiveState") == "active"
    assert device.container.unit("UnitFileState") == "enabled"


def test_it_judges_what_the_user_who_deployed_copies_there(deployed: Device, picture: Path, bundle: Bundle) -> None:
    deployed.container.put(picture, INCOMING, user=USER)
    line = deployed.container.wait("journalctl -u edge-runtime -o cat | grep prediction | tail -n 1 | grep .")
    found = json.loads(line)
    assert found["path"] == f"{INCOMING}/0.png"
    assert found["digest"] == bundle.short_digest


def test_the_same_deploy_again_changes_nothing_and_restarts_nothing(deployed: Device, bundle: Bundle) -> None:
    before = state(deployed)
    answer = deployed.deploy("--bundle", bundle.directory)
    assert answer.returncode == 0, answer.stderr
    assert "up to date: release" in answer.stdout
    assert state(deployed) == before


def test_a_new_model_moves_its_bundle_and_nothing_else(deployed: Device, other_bundle: Bundle) -> None:
    answer = deployed.deploy("--bundle", other_bundle.directory)
    assert answer.returncode == 0, answer.stderr
    assert moved(answer.stdout) == ["bundle"]
    assert other_bundle.short_digest in deployed.health().stdout


def test_a_bundle_that_judges_otherwise_there_changes_nothing(deployed: Device, wrong_bundle: Bundle) -> None:
    before = state(deployed)
    answer = deployed.deploy("--bundle", wrong_bundle.directory)
    assert answer.returncode == 1
    assert "nothing was changed: the bundle is refused, or judges otherwise than at export" in answer.stderr
    assert "golden samples FAILED" in answer.stderr
    assert state(deployed) == before


def test_a_service_that_does_not_get_healthy_gives_way_to_the_former_release(
    deployed: Device, bundle: Bundle, other_bundle: Bundle
) -> None:
    release, _, settings = state(deployed)
    answer = deployed.deploy("--bundle", other_bundle.directory, "--source", "/srv/missing")
    assert answer.returncode == 1
    assert "which is healthy again" in answer.stderr
    assert "/srv/missing: no such file or directory" in answer.stderr
    after = state(deployed)
    assert (after[0], after[2]) == (release, settings)
    assert bundle.short_digest in deployed.health().stdout


def test_a_deploy_that_is_killed_on_trial_leaves_the_former_release(deployed: Device, other_bundle: Bundle) -> None:
    release = state(deployed)[0]
    command = deployed.command("--bundle", other_bundle.directory)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert any("switching" in line for line in process.stdout)
        process.send_signal(signal.SIGKILL)
    deployed.container.wait(f"test $(readlink /opt/edge-runtime/current) = {release}")
    # The lock is free when the device has gone all the way back.
    deployed.container.run("flock --timeout 30 /opt/edge-runtime/.lock true")
    assert deployed.health().returncode == 0
    assert state(deployed)[0] == release


def test_a_second_deploy_at_the_same_time_is_refused(deployed: Device, other_bundle: Bundle) -> None:
    flock = deployed.container.engine.command("exec", deployed.container.name, "flock", "/opt/edge-runtime/.lock")
    with subprocess.Popen([*flock, "sh", "-c", "echo held; sleep 20"], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        answer = deployed.deploy("--bundle", other_bundle.directory)
        deployed.container.run("pkill -x sleep")
    assert answer.returncode == 1
    assert "another deploy to this device is under way" in answer.stderr


def test_a_device_that_is_as_wanted_but_does_not_run_is_told(deployed: Device, bundle: Bundle) -> None:
    deployed.container.run("systemctl stop edge-runtime")
    answer = deployed.deploy("--bundle", bundle.directory)
    deployed.container.run("systemctl start edge-runtime")
    deployed.container.wait("edge-runtime health --heartbeat /run/edge-runtime/heartbeat.json")
    assert answer.returncode == 1
    assert "nothing has to be changed, but the service is not healthy there (inactive)" in answer.stderr


def test_a_device_that_was_given_a_key_takes_signed_bundles_alone(
    deployed: Device, bundle: Bundle, other_bundle: Bundle, tmp_path: Path
) -> None:
    our, other = pair(tmp_path, "our"), pair(tmp_path, "other")
    place = tmp_path / "signed"
    shutil.copytree(bundle.directory, place)
    sign(place, our)
    answer = deployed.deploy("--bundle", place, "--key", our.public.path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert moved(answer.stdout) == ["packages", "bundle"]  # what checks signatures comes along
    assert f"public key none → {our.public.hint[:12]}" in answer.stdout
    verified = "edge-runtime verify /opt/edge-runtime/current/bundle --variant full_int8 --key"
    said = deployed.container.run(f"{verified} /opt/edge-runtime/current/key.pub", "nobody")
    assert f"signature: right, made with the key {our.public.hint[:12]}" in said
    served = deployed.container.run(f"ps -ww -o args= -p {deployed.container.unit('MainPID')}")
    assert "--key /opt/edge-runtime/current/key.pub" in served

    before = state(deployed)
    unsigned = deployed.deploy("--bundle", other_bundle.directory)  # as somebody who knows nothing of keys would
    shutil.copytree(other_bundle.directory, tmp_path / "next")
    sign(tmp_path / "next", other)
    foreign = deployed.deploy("--bundle", tmp_path / "next", "--options", "--threads 1")
    for refused, sentence in (
        (unsigned, "not signed, it has no model.sig, and the device was given a key"),
        (foreign, "bundle/model.sig: made with another key ("),
    ):
        assert refused.returncode == 1
        assert "nothing was changed" in refused.stderr
        assert sentence in refused.stderr
        assert state(deployed) == before
    model = "/opt/edge-runtime/current/bundle/variants/full_int8.tflite"
    deployed.container.run(f"printf x | dd of={model} bs=1 seek=100 conv=notrunc status=none")
    damaged = deployed.container.ask(f"{verified} /opt/edge-runtime/current/key.pub")
    assert "variants/full_int8.tflite: sha256 " in damaged.stderr

    # Another key with the bundle that it signed; and then none any more.
    answer = deployed.deploy("--bundle", tmp_path / "next", "--key", other.public.path)
    assert answer.returncode == 0, answer.stderr
    assert moved(answer.stdout) == ["bundle"]
    assert other_bundle.short_digest in deployed.health().stdout
    answer = deployed.deploy("--bundle", other_bundle.directory, "--no-key")
    assert answer.returncode == 0, answer.stderr
    assert deployed.container.ask("test -e /opt/edge-runtime/current/key.pub").returncode == 1


def test_a_watched_directory_that_went_away_is_watched_again_when_it_is_back(deployed: Device, bundle: Bundle) -> None:
    run = deployed.container.run
    run("mkdir -p '/srv/usb stick'")
    answer = deployed.deploy("--bundle", bundle.directory, "--source", "watch:/srv/usb stick")
    assert answer.returncode == 0, answer.stderr
    run("mv '/srv/usb stick' /srv/away")
    deployed.container.wait("edge-runtime health | grep 'is lost'")
    run("mv /srv/away '/srv/usb stick'")
    deployed.container.wait("! edge-runtime health | grep 'is lost'")
    assert deployed.container.unit("NRestarts") == "0"


def test_a_deploy_mends_a_service_that_waits_to_be_started_again(
    deployed: Device, bundle: Bundle, other_bundle: Bundle
) -> None:
    run = deployed.container.run
    run("mkdir -p /srv/gone; cp $(find /opt/edge-runtime/bundles -name '*.png' | head -n 1) /srv/gone")
    answer = deployed.deploy("--bundle", bundle.directory, "--source", "replay:/srv/gone?fps=1&loop=0")
    assert answer.returncode == 0, answer.stderr
    run("mv /srv/gone /srv/kept; systemctl restart --no-block edge-runtime")
    deployed.container.wait("test $(systemctl show --value --property=SubState edge-runtime) = auto-restart")
    run("mv /srv/kept /srv/gone")
    answer = deployed.deploy("--bundle", other_bundle.directory)
    assert answer.returncode == 0, answer.stderr
    assert other_bundle.short_digest in deployed.health().stdout
    assert deployed.container.unit("NRestarts") == "0"


def test_a_deploy_mends_a_bundle_that_went_bad_on_the_device(deployed: Device, bundle: Bundle) -> None:
    model = "/opt/edge-runtime/current/bundle/variants/full_int8.tflite"
    deployed.container.run(f"printf x | dd of={model} bs=1 seek=100 conv=notrunc status=none")
    answer = deployed.deploy("--bundle", bundle.directory)
    assert answer.returncode == 0, answer.stderr
    assert "bundle is damaged there" in answer.stdout
    assert "up to date" in deployed.deploy("--bundle", bundle.directory).stdout
    deployed.container.run("edge-runtime verify /opt/edge-runtime/current/bundle")


def test_a_service_that_hangs_is_started_again_by_systemds_watchdog(deployed: Device) -> None:
    run, healthy = deployed.container.run, "edge-runtime health --heartbeat /run/edge-runtime/heartbeat.json"
    quick = "/etc/systemd/system/edge-runtime.service.d/quick.conf"
    run(f"mkdir -p $(dirname {quick}); printf '[Service]\nWatchdogSec=6\nRestartSec=1\n' > {quick}")
    run("systemctl daemon-reload; systemctl restart edge-runtime")
    deployed.container.wait(healthy)
    assert "predictions" in deployed.container.unit("StatusText")
    run("kill -STOP $(sed -n 's/.*\"pid\": \\([0-9]*\\).*/\\1/p' /run/edge-runtime/heartbeat.json)")
    deployed.container.wait("test $(systemctl show --value --property=NRestarts edge-runtime) != 0")
    deployed.container.wait(healthy)
    run(f"rm -r $(dirname {quick}); systemctl daemon-reload; systemctl restart edge-runtime")
    deployed.container.wait(healthy)


def test_a_reload_looks_for_another_bundle_and_ends_nothing(deployed: Device) -> None:
    process = deployed.container.unit("MainPID")
    deployed.container.run("systemctl reload edge-runtime")
    assert deployed.container.unit("MainPID") == process
    assert deployed.health().returncode == 0


def test_it_stops_within_two_seconds_and_cleanly(deployed: Device) -> None:
    started = time.monotonic()
    deployed.container.run("systemctl stop edge-runtime")
    elapsed = time.monotonic() - started
    said = deployed.container.run("journalctl -u edge-runtime -o cat -n 5"), deployed.container.unit("Result")
    deployed.container.run("systemctl start edge-runtime")
    assert elapsed < 2
    assert "edge-runtime: ended" in said[0]
    assert said[1] == "success"
    deployed.container.wait("edge-runtime health --heartbeat /run/edge-runtime/heartbeat.json")


def test_it_comes_up_by_itself_when_the_device_boots(deployed: Device, bundle: Bundle) -> None:
    container = deployed.container
    port = container.engine.ask("port", container.name, "22").stdout
    assert container.engine.ask("restart", container.name).returncode == 0
    container.wait("edge-runtime health --heartbeat /run/edge-runtime/heartbeat.json", 40)
    assert bundle.short_digest in deployed.health().stdout
    # The engine may have chosen another port.
    now = container.engine.ask("port", container.name, "22").stdout
    text = deployed.config.read_text()
    deployed.config.write_text(text.replace(port.split(":")[-1].strip(), now.split(":")[-1].strip()))
    container.wait("systemctl is-active ssh")


def test_a_user_without_sudo_is_told_what_to_allow(device: Device, bundle: Bundle) -> None:
    command = [word if word != "device" else "stranger" for word in device.command("--bundle", bundle.directory)]
    answer = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "commands cannot be run as root there" in answer.stderr


def test_a_user_without_a_key_is_told_how_to_give_one(device: Device, bundle: Bundle, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(re.sub(r"IdentityFile .*", "IdentityFile /dev/null", device.config.read_text()))
    answer = Device(device.container, config).deploy("--bundle", bundle.directory)
    assert answer.returncode == 1
    assert "it lets this user not in; give it your key once with: ssh-copy-id device" in answer.stderr


def test_taking_it_out_leaves_nothing_but_the_pictures(deployed: Device, before: set[str], bundle: Bundle) -> None:
    answer = deployed.deploy("--remove")
    assert answer.returncode == 0, answer.stderr
    left = set(deployed.container.run(FILES).splitlines()) - before
    ours = {
        path for path in left if not path.startswith(("/srv", "/run", "/dev", "/home", "/var/lib/systemd", "/var/tmp"))
    }
    assert {path for path in ours if "pycache" not in path} <= {
        "/var/lib/edge-runtime",
        INCOMING,
        f"{INCOMING}/0.png",
    }
    assert deployed.container.ask("systemctl status edge-runtime").returncode == 4  # no such unit
    again = deployed.deploy("--remove")
    assert again.returncode == 0
    assert "nothing of a deploy is there" in again.stdout
