"""Against a real broker: Debian's package mosquitto."""

import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.sinks.abilities import Keeping
from edge_runtime.sinks.open import open_sink
from edge_runtime.sinks.slug import slug
from edge_runtime.sinks.worker import Worker
from edge_runtime.status import SinkStatus
from tests.edge_runtime.samples import eventually, in_a_process
from tests.edge_runtime.sinks.broker import Broker, Listener
from tests.edge_runtime.sinks.certificates import Authority
from tests.edge_runtime.sinks.line import Line
from tests.edge_runtime.sinks.results import change, event, prediction

pytestmark = pytest.mark.system
SOURCE = "house/rtsp-192-168-1-20-stream1"
SECRET = "s3cret"


class Told:
    """A sink at work in its own thread, as a run has it."""

    def __init__(self, address: str) -> None:
        self.sink = open_sink(address)
        self._worker = Worker(self.sink, self._fail)
        self._failures: list[BaseException] = []

    def _fail(self, error: BaseException) -> None:
        self._failures.append(error)

    def __enter__(self) -> "Told":
        self._worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.finish(1.0)
        assert not self._failures

    def tell(self, *results: Any) -> None:
        for result in results:
            self._worker.offer(result, None, False)

    @property
    def status(self) -> SinkStatus:
        return self._worker.status()

    def delivers(self, count: int) -> None:
        eventually(lambda: self.status.delivered == count and not self.status.waiting, f"{count} are delivered")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path) as broker:
        yield broker


def frames(listener: Listener) -> list[int]:
    """Numbers of the events heard, those that came twice once."""
    return list(dict.fromkeys(plain["frame"] for plain in listener.plain(f"{SOURCE}/event")))


def test_events_and_changes_of_sources_are_told_and_predictions_only_when_asked_for(broker: Broker) -> None:
    with Listener(broker) as listener:
        with Told(f"mqtt://127.0.0.1:{broker.port}/house") as told:
            told.tell(prediction(1), event(2), change())
            told.delivers(2)
        eventually(lambda: listener.plain(f"{SOURCE}/change") == [change().to_plain()], "the change")
        assert listener.plain(f"{SOURCE}/event") == [event(2).to_plain()]
        assert listener.plain(f"{SOURCE}/prediction") == []
        with Told(f"mqtt://127.0.0.1:{broker.port}/house?what=predictions") as told:
            told.tell(prediction(1), event(2), change())
            told.delivers(1)
        eventually(lambda: listener.plain(f"{SOURCE}/prediction") == [prediction(1).to_plain()], "the prediction")
        assert len(listener.plain(f"{SOURCE}/event")) == 1


def test_who_comes_later_finds_the_last_state_and_what_home_assistant_needs(broker: Broker) -> None:
    with Told(f"mqtt://127.0.0.1:{broker.port}/house") as told:
        told.tell(event(1), event(2, label="dark"), change())
        told.delivers(3)
        with Listener(broker) as later:
            eventually(lambda: len(later.heard) == 5, "what is retained")
            assert all(retained for *_, retained in later.heard)
    assert later.plain(f"{SOURCE}/state") == [event(2, label="dark").to_plain()]
    assert later.plain(f"{SOURCE}/source") == [change().to_plain()]
    assert later.texts("house/available")[0] == "online"
    (topic,) = [topic for topic, *_ in later.heard if topic.endswith("-state/config")]
    assert topic.startswith("homeassistant/sensor/")
    (sensor,) = later.plain(topic)
    assert sensor["state_topic"] == f"{SOURCE}/state"
    assert sensor["device"]["model"] == "lamp"


def test_home_assistant_is_told_nothing_when_that_is_switched_off(broker: Broker) -> None:
    with Told(f"mqtt://127.0.0.1:{broker.port}/house?discovery=0") as told:
        told.tell(event(1))
        told.delivers(1)
        with Listener(broker) as later:
            eventually(lambda: len(later.heard) >= 2, "what is retained")
    assert not [topic for topic, *_ in later.heard if topic.startswith("homeassistant")]


def test_a_broker_hears_goodbye(broker: Broker) -> None:
    with Listener(broker) as listener:
        with Told(f"mqtt://127.0.0.1:{broker.port}/house") as told:
            told.tell(event(1))
            told.delivers(1)
        eventually(lambda: listener.texts("house/available") == ["online", "offline"], "goodbye")


def test_a_killed_process_is_told_by_its_last_will(broker: Broker) -> None:
    code = """
import os, sys
from edge_runtime.sinks.open import open_sink
from edge_runtime.sinks.slug import slug
from tests.edge_runtime.sinks.results import event
with open_sink(sys.argv[1]) as sink:
    sink.take(event(1), None)
    while sink.kept().waiting:
        sink.again()
    os._exit(9)
"""
    with Listener(broker) as listener:
        assert in_a_process(code, f"mqtt://127.0.0.1:{broker.port}/house").returncode == 9
        eventually(lambda: listener.texts("house/available") == ["online", "offline"], "the last will")


@pytest.mark.parametrize("outbox", [False, True])
def test_a_line_that_breaks_often_loses_nothing_and_keeps_order_and_times(
    broker: Broker, tmp_path: Path, outbox: bool
) -> None:
    option = f"?outbox={tmp_path}/outbox.db" if outbox else ""
    with Listener(broker) as listener, Line(broker.port) as line:
        with Told(f"mqtt://127.0.0.1:{line.port}/house{option}") as told:
            for number in range(60):
                told.tell(event(number))
                if number % 20 == 10:
                    line.cut()
                    eventually(lambda: told.status.error, "the outage is noticed")
                if number % 20 == 15:
                    line.mend()
                    eventually(lambda: not told.status.error, "the line is back")
            told.delivers(60)
            assert not told.status.dropped
        eventually(lambda: len(frames(listener)) == 60, "all of them are heard")
    assert frames(listener) == list(range(60))
    assert listener.plain(f"{SOURCE}/event")[-1] == event(59).to_plain()
    assert not (tmp_path / "outbox.db").exists()


def test_a_broker_that_is_killed_and_comes_back_has_missed_nothing(broker: Broker, tmp_path: Path) -> None:
    with (
        Listener(broker) as listener,
        Line(broker.port) as line,
        Told(f"mqtt://127.0.0.1:{line.port}/house?outbox={tmp_path}/outbox.db") as told,
    ):
        told.tell(event(0))
        told.delivers(1)
        listener.deaf()
        broker.stop()
        line.cut()  # so that the listener is back first
        eventually(lambda: told.status.error, "the outage is noticed")
        told.tell(*[event(number) for number in range(1, 40)])
        eventually(lambda: told.status.waiting == 39, "they wait")
        eventually((tmp_path / "outbox.db").exists, "on disk")
        broker.start()
        listener.wait()
        line.mend()
        told.delivers(40)
        eventually(lambda: frames(listener) == list(range(40)), "all of them are heard, in order")
        # A broker that has forgotten everything knows the state again.
        with Listener(broker) as later:
            eventually(lambda: later.plain(f"{SOURCE}/state") == [event(39).to_plain()], "the state")
            assert later.texts("house/available") == ["online"]


def test_what_was_kept_when_the_device_went_off_is_told_by_its_next_life(broker: Broker, tmp_path: Path) -> None:
    with Line(broker.port) as line:
        address = f"mqtt://127.0.0.1:{line.port}/house?outbox={tmp_path}/outbox.db"
        line.cut()
        with Told(address) as told:
            told.tell(*[event(number) for number in range(10)])
            eventually(lambda: told.status.waiting == 10, "they wait")
        line.mend()
        with Listener(broker) as listener, Told(address) as told:
            told.delivers(10)  # without anything new
            eventually(lambda: frames(listener) == list(range(10)), "all of them are heard")
    assert not (tmp_path / "outbox.db").exists()


def test_a_broker_that_confirms_nothing_keeps_nobody_waiting_for_ever(broker: Broker, tmp_path: Path) -> None:
    with Listener(broker) as listener, Line(broker.port) as line:
        with Told(f"mqtt://127.0.0.1:{line.port}/house") as told:
            told.tell(event(0))
            told.delivers(1)
            line.deaf = True
            told.tell(*[event(number) for number in range(1, 50)])
            eventually(lambda: told.status.waiting == 49, "they wait")
            line.cut()
            line.mend()
            told.delivers(50)
        eventually(lambda: frames(listener) == list(range(50)), "all of them are heard, in order")


def test_what_is_under_way_is_never_counted_as_lost(broker: Broker) -> None:
    with Listener(broker) as listener, Line(broker.port) as line:
        with Told(f"mqtt://127.0.0.1:{line.port}/house?keep=3") as told:
            told.tell(event(0))
            told.delivers(1)
            line.deaf = True
            told.tell(event(1))
            sink = told.sink
            assert isinstance(sink, Keeping)
            eventually(lambda: sink.kept().waiting == 1, "one is under way")
            told.tell(*[event(number) for number in range(2, 7)])
            eventually(lambda: told.status.dropped == 3 and told.status.waiting == 3, "the others have no room")
            line.cut()
            line.mend()
            told.delivers(4)
        eventually(lambda: len(frames(listener)) == 4, "they are heard")
    assert frames(listener) == [0, 1, 5, 6]


def test_a_run_that_has_ended_tells_everything_before_it_leaves(broker: Broker) -> None:
    with Listener(broker) as listener:
        sink = open_sink(f"mqtt://127.0.0.1:{broker.port}/house")
        worker = Worker(sink, lambda error: None)
        worker.start()
        for number in range(30):
            worker.offer(event(number), None, True)
        worker.finish(None)  # before the connection stands, perhaps
        eventually(lambda: frames(listener) == list(range(30)), "all of them are heard")


def test_a_broker_that_is_not_there_holds_up_neither_start_nor_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = Broker(tmp_path).port
    with Told(f"mqtt://127.0.0.1:{port}/house") as told:
        told.tell(event(1))
        eventually(lambda: told.status.error, "it is said")
        assert told.status.error == f"mqtt://127.0.0.1:{port}/house: cannot be reached: Connection refused"
    assert "1 results were not told and are lost; outbox=FILE keeps them" in capsys.readouterr().err


def test_a_host_that_does_not_exist_is_said() -> None:
    with Told("mqtt://nowhere.invalid/house") as told:
        eventually(lambda: told.status.error, "it is said")
        assert told.status.error.startswith("mqtt://nowhere.invalid/house: cannot be reached: ")


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Broker]:
    """A broker that wants user and password."""
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", users, "us@er", SECRET], check=True)

    with Broker(tmp_path, f"password_file {users}", anonymous=False) as broker:
        yield broker


def test_user_and_password_are_sent(guarded: Broker, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{SECRET}\n")
    for address in (
        f"mqtt://us%40er:{SECRET}@127.0.0.1:{guarded.port}/house",
        f"mqtt://us%40er@127.0.0.1:{guarded.port}/house?password={tmp_path}/password",
    ):
        with Told(address) as told:
            told.tell(event(1))
            told.delivers(1)


@pytest.mark.parametrize("credentials", [f"us%40er:{SECRET}x@", "somebody:nothing@", ""])
def test_a_wrong_password_is_said_plainly_and_without_it(
    guarded: Broker, credentials: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Told(f"mqtt://{credentials}127.0.0.1:{guarded.port}/house") as told:
        told.tell(event(1))
        eventually(lambda: "refuses user and password" in told.status.error, "it is said")
        assert told.status.waiting == 1
    assert SECRET not in told.status.error + capsys.readouterr().err


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def encrypted(directory: Path, authority: Authority, name: str, *settings: str, place: str = "IP:127.0.0.1") -> Broker:
    server = authority.sign(name, place)

    return Broker(
        directory,
        f"cafile {authority.certificate}",
        f"certfile {server.certificate}",
        f"keyfile {server.key}",
        *settings,
    )


def test_an_encrypted_broker_is_known_by_its_authority(tmp_path: Path, authority: Authority) -> None:
    with encrypted(tmp_path, authority, "one") as broker:
        with Told(f"mqtts://127.0.0.1:{broker.port}/house?ca={authority.certificate}") as told:
            told.tell(event(1))
            told.delivers(1)
        with Told(f"mqtts://127.0.0.1:{broker.port}/house") as told:  # the system's authorities do not know it
            eventually(lambda: told.status.error, "it is said")
            assert "cannot be reached: its certificate is not trusted: " in told.status.error


def test_a_broker_with_another_name_is_not_trusted(tmp_path: Path, authority: Authority) -> None:
    with (
        encrypted(tmp_path, authority, "two", place="DNS:elsewhere.example") as broker,
        Told(f"mqtts://127.0.0.1:{broker.port}/house?ca={authority.certificate}") as told,
    ):
        eventually(lambda: told.status.error, "it is said")
        assert "IP address mismatch, certificate is not valid for '127.0.0.1'" in told.status.error


def test_a_broker_may_want_a_certificate_of_the_device(tmp_path: Path, authority: Authority) -> None:
    device = authority.sign("device")
    with encrypted(tmp_path, authority, "three", "require_certificate true") as broker:
        address = f"mqtts://127.0.0.1:{broker.port}/house?ca={authority.certificate}"
        with Told(f"{address}&cert={device.certificate}&key={device.key}") as told:
            told.tell(event(1))
            told.delivers(1)
        with Told(address) as told:
            eventually(lambda: told.status.error, "it is said")


def test_without_a_prefix_topics_begin_with_the_devices_name(broker: Broker) -> None:
    with Listener(broker) as listener:
        with Told(f"mqtt://127.0.0.1:{broker.port}") as told:
            told.tell(event(1))
            told.delivers(1)
        eventually(lambda: len(listener.heard) >= 5, "what was told")
    device = slug(platform.node())
    assert f"edge-runtime/{device}/available" in [topic for topic, *_ in listener.heard]
