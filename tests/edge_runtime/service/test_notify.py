import socket
from pathlib import Path

from edge_runtime.service.notify import Notifier


def test_the_first_beat_says_that_the_service_is_ready(tmp_path: Path) -> None:
    place = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(place))
        manager.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": str(place)})
        notifier.beat("7 predictions")
        notifier.beat("9 predictions")
        assert manager.recv(1000) == b"READY=1\nWATCHDOG=1\nSTATUS=7 predictions"
        assert manager.recv(1000) == b"WATCHDOG=1\nSTATUS=9 predictions"


def test_an_abstract_name_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0edge-runtime-test")
        manager.settimeout(5)
        Notifier({"NOTIFY_SOCKET": "@edge-runtime-test"}).say("STOPPING=1")
        assert manager.recv(1000) == b"STOPPING=1"


def test_without_a_manager_or_with_one_that_is_gone_nothing_happens(tmp_path: Path) -> None:
    Notifier({}).beat("fine")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).beat("fine")
