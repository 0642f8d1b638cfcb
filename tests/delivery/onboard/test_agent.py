"""The device's side against a device that is only a directory, with a service that does what the test says."""

import fcntl
import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tools.delivery.onboard.agent import Agent
from tools.delivery.onboard.services import UNIT, Refused

UNIT_TEXT = "[Service]\n"
CONF = "SOURCE=watch:/var/lib/edge-runtime/incoming\n"
KEYED = f'{CONF}KEY="--key /opt/edge-runtime/current/key.pub"\n'


def packed(**files: str) -> bytes:
    """A part: names with two underscores for a slash, and contents."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size, entry.mode = len(content), 0o755 if "bin" in name else 0o644
            tar.addfile(entry, io.BytesIO(content.encode()))
    return gzip.compress(raw.getvalue())


def bundle(version: str) -> tuple[str, bytes]:
    files = {"labels.txt": {"sha256": hashlib.sha256(b"bolt").hexdigest(), "size": 4}}
    manifest = json.dumps({"name": "parts", "version": version, "files": files})
    return hashlib.sha256(manifest.encode()).hexdigest(), packed(**{"manifest.json": manifest, "labels.txt": "bolt"})


@dataclass
class Board:
    """A device in a directory, and what its services were asked to do."""

    root: Path
    calls: list[str] = field(default_factory=list)
    healthy: Callable[[str], bool] = lambda settings: "missing" not in settings
    ends: Callable[[str], bool] = lambda settings: False
    verifies: bool = True
    keys: list[str] = field(default_factory=list)  # that a bundle was verified with
    gone: Callable[[], bool] = lambda: False
    active: str = "inactive"
    running: str = ""  # the settings that the running service was started with
    model: str = ""
    waited: float = 0.0

    @property
    def home(self) -> Path:
        return self.root / "opt/edge-runtime"

    @property
    def conf(self) -> Path:
        return self.root / "etc/edge-runtime/edge-runtime.conf"

    @property
    def unit(self) -> Path:
        return self.root / "etc/systemd/system" / UNIT

    def agent(self) -> Agent:
        return Agent(self.root, self, self.calls.append, self.hung_up, self.wait)

    def hung_up(self) -> bool:
        return self.gone()

    def current(self) -> str:
        return os.readlink(self.home / "current")

    def wait(self, seconds: float) -> None:
        self.waited += seconds

    # Services

    def control(self, *words: str) -> None:
        self.calls.append(" ".join(words))
        if words[0] == "restart":
            self.active, self.running = "active", self.conf.read_text()
            manifest = (self.home / "current/bundle/manifest.json").read_bytes()
            self.model = hashlib.sha256(manifest).hexdigest()[:12]
        elif words[0] == "stop":
            self.active = "inactive"

    def show(self) -> dict[str, str]:
        ended = self.active == "active" and self.ends(self.running)
        return {"ActiveState": self.active, "NRestarts": "1" if ended else "0", "Result": "exit-code"}

    def health(self, command: Path, heartbeat: Path) -> tuple[bool, str]:
        assert command.exists()
        return self.healthy(self.running), f"alive: parts ({self.model})"

    def verify(self, command: Path, bundle: Path, keys: Sequence[str]) -> tuple[bool, str]:
        self.keys = list(keys)
        assert command.exists()
        assert (bundle / "manifest.json").exists()
        return self.verifies, "float32.tflite 0.3 FAILED"

    def compile(self, directory: Path) -> None:
        (directory / "compiled").touch()

    def journal(self, since: float) -> str:
        return "edge-runtime: error: watch:/missing: cannot be read"


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path)


def send(agent: Agent, kind: str, digest: str, data: bytes, **changed: object) -> None:
    arguments = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "stream": io.BytesIO(data), **changed}
    agent.receive(kind, digest, **arguments)  # type: ignore[arg-type]


def deploy(board: Board, version: str = "1", conf: str = CONF, unit: str = UNIT_TEXT, key: str = "") -> dict[str, str]:
    agent = board.agent()
    agent.begin()
    digest, data = bundle(version)
    send(agent, "packages", "p1", packed(lib__numpy="x"))
    send(agent, "kits", "k1", packed(kit__edge="x", **{"bin__edge-runtime": "#!/bin/sh"}))
    send(agent, "bundles", digest, data)
    parts = {"packages": "p1", "kits": "k1", "bundles": digest}
    try:
        return agent.release(parts, conf, unit, os.getuid(), 30, key)
    finally:
        if agent._lock is not None:
            os.close(agent._lock)  # as the end of the process does


def test_a_directory_is_there_will_be_made_or_is_missing(board: Board) -> None:
    (board.root / "srv/in").mkdir(parents=True)
    (board.root / "srv/file").touch()
    asked = ("/srv/in", "srv/in", "/var/lib/edge-runtime/incoming", "/srv/on", "/srv/file", "~/in", "/" + "x" * 5000)
    assert [board.agent().has_directory(path) for path in asked] == [True, True, True, False, False, False, False]
    assert not (board.root / "var").exists()


def content(root: Path) -> dict[str, str]:
    """All files and links below, without the lock and parts that wait for the next try."""
    paths = sorted(path for path in root.rglob("*") if path.is_symlink() or path.is_file())
    return {
        str(path.relative_to(root)): os.readlink(path) if path.is_symlink() else path.read_text()
        for path in paths
        if path.name != ".lock" and "/opt/edge-runtime/bundles/" not in str(path)
    }


def test_a_first_release_is_installed_enabled_started_and_watched(board: Board) -> None:
    outcome = deploy(board)
    assert outcome["release"] == "1"
    assert board.current() == "releases/1"
    assert board.unit.read_text() == UNIT_TEXT
    assert board.calls[-5:] == [
        "switching and restarting",
        "daemon-reload",
        f"enable --quiet {UNIT}",
        f"reset-failed {UNIT}",
        f"restart --no-block {UNIT}",
    ]
    assert board.waited >= 5  # seconds: more than two heartbeats
    assert (board.root / "var/lib/edge-runtime/incoming").is_dir()
    assert (board.root / "usr/local/bin/edge-runtime").read_text() == "#!/bin/sh"
    assert os.access(board.home / "current/bin/edge-runtime", os.X_OK)
    assert (board.home / "current/lib/numpy").is_file()
    assert (board.home / "current/kit/edge").is_file()


def test_parts_are_compiled_but_for_the_bundle_which_is_never_changed(board: Board) -> None:
    deploy(board)
    assert [path.parent.parent.name for path in sorted(board.home.glob("*/*/compiled"))] == ["kits", "packages"]


def test_a_look_changes_nothing_and_tells_what_runs(board: Board) -> None:
    empty = board.agent().look()
    assert list(board.root.iterdir()) == []
    assert (empty["release"], empty["parts"], empty["healthy"]) == ("", [], False)
    deploy(board)
    before = content(board.root)
    seen = board.agent().look()
    assert content(board.root) == before
    assert seen["release"] == "1"
    assert seen["current"] == {"packages": "p1", "kits": "k1", "bundles": bundle("1")[0]}
    assert seen["title"].startswith("parts 1 (")
    assert (seen["conf"], seen["unit"], seen["healthy"]) == (CONF, UNIT_TEXT, True)


def test_only_the_current_and_the_previous_release_are_kept(board: Board) -> None:
    for version in ("1", "2", "3"):
        deploy(board, version)
    assert (board.current(), os.readlink(board.home / "previous")) == ("releases/3", "releases/2")
    assert sorted(path.name for path in (board.home / "releases").iterdir()) == ["2", "3"]
    assert {path.name for path in (board.home / "bundles").iterdir()} == {bundle("2")[0], bundle("3")[0]}


def test_the_unit_is_read_again_only_when_it_changed(board: Board) -> None:
    deploy(board)
    board.calls.clear()
    deploy(board, "2")
    assert "daemon-reload" not in board.calls
    deploy(board, "2", unit="[Service]\nNice=5\n")
    assert "daemon-reload" in board.calls


def test_a_bundle_that_does_not_verify_changes_nothing(board: Board) -> None:
    deploy(board)
    before = content(board.root)
    board.calls.clear()
    board.verifies = False
    with pytest.raises(Refused, match=r"nothing was changed: the bundle is refused, or judges otherwise .*\n.*FAILED"):
        deploy(board, "2")
    assert content(board.root) == before
    assert not [call for call in board.calls if UNIT in call]
    assert not (board.home / "bundles" / bundle("2")[0]).exists()  # it is sent anew the next time


def test_a_release_that_is_not_healthy_gives_way_to_the_former_one(board: Board) -> None:
    deploy(board)
    before = content(board.root)
    with pytest.raises(Refused) as refused:
        deploy(board, "2", conf="SOURCE=watch:/missing\n", unit="[Service]\nNice=5\n")
    assert "not healthy after 30 s" in str(refused.value)
    assert "back to release 1 (parts 1" in str(refused.value)
    assert "which is healthy again" in str(refused.value)
    assert "watch:/missing: cannot be read" in str(refused.value)
    assert content(board.root) == before
    assert (board.active, board.running) == ("active", CONF)


def test_a_service_that_ends_is_not_waited_for(board: Board) -> None:
    deploy(board)
    board.ends, board.waited = lambda settings: "missing" in settings, 0.0
    with pytest.raises(Refused, match=r"ended by itself \(exit-code\).*healthy again"):
        deploy(board, conf="SOURCE=watch:/missing\n")
    assert board.waited < 10


def test_another_model_in_the_heartbeat_is_not_the_new_release(board: Board) -> None:
    deploy(board)
    control = board.control

    def stuck(*words: str) -> None:
        model = board.model
        control(*words)
        board.model = model

    board.control = stuck  # type: ignore[method-assign]
    with pytest.raises(Refused, match="not healthy after 30 s"):
        deploy(board, "2")
    assert board.current() == "releases/1"


def test_where_there_was_nothing_before_nothing_is_left_running(board: Board) -> None:
    with pytest.raises(Refused, match="no release was there before it, so edge-runtime was taken out again"):
        deploy(board, conf="SOURCE=watch:/missing\n")
    assert board.active == "inactive"
    assert not board.unit.exists()
    assert not board.conf.exists()
    assert not (board.home / "current").is_symlink()
    assert board.agent().look()["parts"] == ["bundles/" + bundle("1")[0], "kits/k1", "packages/p1"]  # not sent twice


def test_a_former_release_that_is_not_healthy_either_is_told(board: Board) -> None:
    deploy(board)
    board.healthy = lambda settings: False
    with pytest.raises(Refused, match="back to release 1, WHICH IS NOT HEALTHY EITHER"):
        deploy(board, "2")
    assert board.current() == "releases/1"


def test_a_service_that_was_stopped_by_hand_is_stopped_again_after_going_back(board: Board) -> None:
    deploy(board)
    board.active = "inactive"
    with pytest.raises(Refused, match="back to release 1, stopped as it was"):
        deploy(board, "2", conf="SOURCE=watch:/missing\n")
    assert board.active == "inactive"


def test_settings_that_were_edited_by_hand_come_back_with_their_release(board: Board) -> None:
    deploy(board)
    board.conf.write_text("SOURCE=watch:/by/hand\n")
    with pytest.raises(Refused, match="healthy again"):
        deploy(board, "2", conf="SOURCE=watch:/missing\n")
    assert board.conf.read_text() == "SOURCE=watch:/by/hand\n"


def test_when_the_connection_ends_on_trial_the_former_release_comes_back(board: Board) -> None:
    deploy(board)
    board.gone = lambda: board.waited > 7
    with pytest.raises(Refused, match="the connection ended while the new release was on trial; back to release 1"):
        deploy(board, "2", conf="SOURCE=watch:/missing\n")
    assert board.running == CONF


def test_when_the_connection_ends_before_the_switch_nothing_changes(board: Board) -> None:
    deploy(board)
    before = content(board.root)
    board.gone = lambda: True
    with pytest.raises(Refused, match="nothing was changed: the connection ended"):
        deploy(board, "2")
    assert content(board.root) == before


def test_what_arrives_in_part_is_not_kept(board: Board) -> None:
    agent = board.agent()
    agent.begin()
    digest, data = bundle("1")
    with pytest.raises(Refused, match="bundles did not arrive as sent"):
        send(agent, "bundles", digest, data, stream=io.BytesIO(data[: len(data) // 2]))
    with pytest.raises(Refused, match="bundles did not arrive as sent"):
        send(agent, "bundles", digest, data, sha256="0" * 64)
    assert list((board.home / "bundles").iterdir()) == []


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up"])
def test_a_part_that_leads_outside_is_refused(board: Board, name: str) -> None:
    agent = board.agent()
    agent.begin()
    with pytest.raises(Refused, match="leads outside"):
        send(agent, "kits", "k1", packed(**{name: "x"}))


def test_what_a_killed_deploy_left_is_removed_by_the_next(board: Board) -> None:
    deploy(board)
    before = content(board.root)
    for left in ("bundles/abc.partial/x", "releases/7/x", "releases/8.partial/x", "current.partial"):
        path = board.home / left
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("left")
    board.agent().begin()
    assert content(board.root) == before


def test_two_deploys_at_once_are_refused(board: Board) -> None:
    deploy(board)
    with (board.home / ".lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="another deploy to this device is under way"):
            board.agent().begin()


def test_somebody_elses_directory_is_left_alone(board: Board) -> None:
    board.home.mkdir(parents=True)
    (board.home / "precious").write_text("x")
    with pytest.raises(Refused, match="not from 'make deploy'; move it away"):
        board.agent().begin()
    assert [path.name for path in board.home.iterdir()] == ["precious"]


def test_taking_out_leaves_pictures_and_what_is_not_ours(board: Board) -> None:
    deploy(board)
    (board.root / "var/lib/edge-runtime/incoming/1.png").write_text("x")
    (board.root / "etc/other").write_text("x")
    board.agent().remove()
    assert set(content(board.root)) == {"var/lib/edge-runtime/incoming/1.png", "etc/other"}
    assert board.active == "inactive"
    assert f"disable --quiet {UNIT}" in board.calls


@pytest.mark.parametrize("name", ["labels.txt", "manifest.json"])
def test_a_bundle_that_went_bad_on_the_device_counts_as_missing(name: str, board: Board) -> None:
    deploy(board)
    damaged = board.home / "current/bundle" / name
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert board.agent().look()["parts"] == ["kits/k1", "packages/p1"]
    damaged.unlink()
    assert board.agent().look()["parts"] == ["kits/k1", "packages/p1"]


def test_a_signed_bundle_is_another_part_and_a_lost_signature_makes_it_a_missing_one(board: Board) -> None:
    deploy(board)
    digest, _ = bundle("1")
    manifest = (board.home / "current/bundle/manifest.json").read_text()
    signed = f"{digest}-{hashlib.sha256(b'signature').hexdigest()[:12]}"
    agent = board.agent()
    agent.begin()
    files = {"manifest.json": manifest, "labels.txt": "bolt", "model.sig": "signature"}
    send(agent, "bundles", signed, packed(**files))
    conf = f'{CONF}OPTIONS="--threads 1 --key /etc/edge-runtime/our.pub --key=/etc/new.pub"\n'
    agent.release({"packages": "p1", "kits": "k1", "bundles": signed}, conf, UNIT_TEXT, os.getuid(), 30)
    assert sorted(board.keys) == ["/etc/edge-runtime/our.pub", "/etc/new.pub"]
    assert agent.look()["current"]["bundles"] == signed
    assert f"bundles/{signed}" in agent.look()["parts"]
    (board.home / "current/bundle/model.sig").unlink()
    assert f"bundles/{signed}" not in agent.look()["parts"]


def test_a_bundle_is_verified_with_the_key_that_comes_with_it_before_the_switch(board: Board) -> None:
    deploy(board, conf=KEYED, key="first")
    assert board.keys == [str(board.home / "releases/1/key.pub")]
    assert (board.home / "current/key.pub").read_text() == board.agent().look()["key"] == "first"
    assert (board.home / "current/key.pub").stat().st_mode & 0o444 == 0o444  # the service is nobody there
    deploy(board, "2", conf=KEYED, key="second")
    assert board.keys == [str(board.home / "releases/2/key.pub")]
    assert board.agent().look()["key"] == "second"


def test_a_bundle_that_the_key_refuses_changes_nothing_and_the_former_key_stays(board: Board) -> None:
    deploy(board, conf=KEYED, key="first")
    before = content(board.root)
    board.verifies = False
    with pytest.raises(Refused, match="nothing was changed"):
        deploy(board, "2", conf=KEYED, key="second")
    assert content(board.root) == before


def test_a_release_that_is_gone_back_to_has_its_own_key(board: Board) -> None:
    deploy(board, conf=KEYED, key="first")
    with pytest.raises(Refused, match="healthy again"):
        deploy(board, "2", conf=KEYED.replace("incoming", "missing"), key="second")
    assert (board.home / "current/key.pub").read_text() == "first"
    deploy(board, "2")
    assert board.agent().look()["key"] == ""
    assert not (board.home / "current/key.pub").exists()
