import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_runtime.errors import SinkError
from edge_runtime.sinks.address import parse
from edge_runtime.sinks.places import WebhookAddress
from edge_runtime.sinks.webhook import WebhookSink
from edge_runtime.sinks.worker import Worker
from tests.edge_runtime.samples import DEADLINE, eventually
from tests.edge_runtime.sinks.certificates import Authority
from tests.edge_runtime.sinks.receiver import Answer, Receiver
from tests.edge_runtime.sinks.results import change, event, prediction

SECRET = "s3cret"


class Clock:
    """Stands until it is moved on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def clock() -> Clock:
    return Clock()


def sink_at(port: int, options: str = "", clock: Clock | None = None, scheme: str = "http") -> WebhookSink:
    place = parse(f"webhook+{scheme}://127.0.0.1:{port}/hook/{SECRET}?room=1#timeout=5{options}")
    assert isinstance(place, WebhookAddress)
    return WebhookSink(place, clock or Clock())


def test_each_result_is_posted_as_json_with_all_it_knows(receiver: Receiver) -> None:
    with sink_at(receiver.port) as sink:
        sink.take(event(1))
        sink.take(change())
    first, second = receiver.requests
    assert (first.path, first.plain) == (f"/hook/{SECRET}?room=1", event(1).to_plain())
    assert second.plain == change().to_plain()
    assert first.headers["Content-Type"] == "application/json"
    assert first.headers["User-Agent"].startswith("edge-runtime/")
    assert "Authorization" not in first.headers
    assert sink.kept().delivered == 2


def test_predictions_are_told_only_when_asked_for() -> None:
    assert not sink_at(1).wants(prediction())
    assert sink_at(1).wants(event())
    assert sink_at(1, "&what=predictions").wants(prediction())


def test_a_token_comes_from_a_file(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    with sink_at(receiver.port, f"&token={tmp_path}/token") as sink:
        sink.take(event(1))
    assert receiver.requests[0].headers["Authorization"] == f"Bearer {SECRET}"
    assert SECRET not in sink.address


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo\n", b"a\x00b", b"\xff\xfe"])
def test_what_is_no_token_is_an_error_at_the_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(SinkError, match=r"^webhook\+http://127.0.0.1:1/\*\*\*: token names a file"):
        sink_at(1, f"&token={tmp_path}/token").__enter__()


def test_a_token_typed_in_place_of_its_file_is_not_shown() -> None:
    with pytest.raises(SinkError, match="token names a file, which cannot be read: No such file") as caught:
        sink_at(1, f"&token={SECRET}").__enter__()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [Answer(500), Answer(503), Answer(429), Answer(408), Answer(302, {"Location": "/other"}), Answer(closes=True)],
    ids=["500", "503", "429", "408", "302", "none"],
)
def test_a_receiver_that_fails_is_tried_again_later_and_in_order(
    receiver: Receiver, clock: Clock, answer: Answer
) -> None:
    receiver.answers += [answer, answer]
    with sink_at(receiver.port, clock=clock) as sink:
        sink.take(event(1))
        assert (sink.kept().waiting, sink.kept().refused) == (1, 0)
        assert sink.kept().error.endswith("; it is tried again")
        sink.take(event(2))  # too early: not even tried
        assert len(receiver.answers) == 1
        clock.now += 1.3
        sink.again()
        assert (receiver.taken, len(receiver.answers)) == ([], 0)
        clock.now += 1.4  # the second delay is twice the first
        sink.again()
        assert receiver.taken == []
        clock.now += 1.2
        sink.again()
    assert receiver.taken == [1, 2]
    assert (sink.kept().delivered, sink.kept().waiting, sink.kept().error) == (2, 0, "")


def test_delays_double_up_to_a_minute_and_begin_anew_after_a_success(receiver: Receiver, clock: Clock) -> None:
    receiver.answers += [Answer(500)] * 9
    pauses = []
    with sink_at(receiver.port, clock=clock) as sink:
        sink.take(event(1))
        for _ in range(9):
            failed, before = len(receiver.requests), clock.now
            while len(receiver.requests) == failed:
                clock.now += 0.25
                sink.again()
            pauses.append(clock.now - before)
        assert receiver.taken == [1]
        receiver.answers.append(Answer(500))
        sink.take(event(2))
        clock.now += 1.3
        sink.again()
        assert receiver.taken == [1, 2]
    for pause, usual in zip(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True):
        assert 0.75 * usual <= pause <= 1.25 * usual + 0.25


def test_a_receiver_may_say_when_to_come_again(receiver: Receiver, clock: Clock) -> None:
    receiver.answers.append(Answer(429, {"Retry-After": "120"}))
    with sink_at(receiver.port, clock=clock) as sink:
        sink.take(event(1))
        clock.now += 119
        sink.again()
        assert receiver.taken == []
        clock.now += 1
        sink.again()
        assert receiver.taken == [1]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
def test_what_a_receiver_refuses_is_counted_and_not_tried_again(receiver: Receiver, status: int) -> None:
    receiver.answers.append(Answer(status))
    with sink_at(receiver.port) as sink:
        sink.take(event(1))
        kept = sink.kept()
        assert (kept.delivered, kept.refused, kept.waiting) == (0, 1, 0)
        assert kept.error.startswith(f"webhook+http://127.0.0.1:{receiver.port}/***: answers {status} ")
        sink.take(event(2))
        assert (sink.kept().delivered, sink.kept().refused, sink.kept().error) == (1, 1, "")
    assert receiver.taken == [2]


def test_a_redirect_is_not_followed_with_the_token(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(SECRET)
    with Receiver() as other:
        receiver.answers.append(Answer(307, {"Location": f"http://127.0.0.1:{other.port}/"}))
        with sink_at(receiver.port, f"&token={tmp_path}/token") as sink:
            sink.take(event(1))
            assert "answers 307, a redirect, which is not followed; give the address that it" in sink.kept().error
        assert other.requests == []


def test_a_receiver_that_is_away_for_a_while_misses_nothing(tmp_path: Path, clock: Clock) -> None:
    with Receiver() as receiver:
        port = receiver.port
    options = f"&outbox={tmp_path}/outbox.db"
    with sink_at(port, options, clock) as sink:
        for number in range(50):
            sink.take(event(number))
        assert sink.kept().waiting == 50
        assert sink.kept().error == f"{sink.address}: cannot be reached: Connection refused; it is tried again"
        assert (tmp_path / "outbox.db").exists()
    with Receiver(port) as receiver, sink_at(port, options, clock) as sink:  # the next life
        sink.take(event(50))
        while sink.kept().waiting:
            assert sink.again() == 0 or not sink.kept().waiting
        assert receiver.taken == list(range(51))
        assert receiver.requests[0].plain == event(0).to_plain()
        assert not (tmp_path / "outbox.db").exists()


def test_nothing_is_written_while_the_receiver_answers(receiver: Receiver, tmp_path: Path) -> None:
    with sink_at(receiver.port, f"&outbox={tmp_path}/outbox.db") as sink:
        for number in range(10):
            sink.take(event(number))
            sink.again()
    assert list(tmp_path.iterdir()) == []


def test_what_waits_in_memory_is_bounded_and_its_loss_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with Receiver() as receiver:
        port = receiver.port
    with sink_at(port, "&keep=3") as sink:
        for number in range(10):
            sink.take(event(number))
        assert (sink.kept().waiting, sink.kept().lost) == (3, 7)
    assert "3 results were not told and are lost; outbox=FILE keeps them" in capsys.readouterr().err


def test_a_long_answer_is_not_read_to_its_end(receiver: Receiver) -> None:
    receiver.answers += [Answer(body=b"x" * 10**7)] * 2
    with sink_at(receiver.port) as sink:
        sink.take(event(1))
        sink.take(event(2))
    assert receiver.taken == [1, 2]


def test_a_stop_does_not_wait_for_an_answer_and_keeps_what_was_not_confirmed(
    receiver: Receiver, tmp_path: Path
) -> None:
    receiver.go_on.clear()
    sink = sink_at(receiver.port, f"&outbox={tmp_path}/outbox.db")
    failures: list[BaseException] = []
    worker = Worker(sink, failures.append)
    worker.start()
    worker.offer(event(1), None, False)
    assert receiver.asked.wait(DEADLINE)
    worker.finish(0.0)
    assert (tmp_path / "outbox.db").exists()
    receiver.go_on.set()
    eventually(lambda: not [t for t in threading.enumerate() if t.name == sink.address], "its thread has ended")
    assert not failures
    with sink_at(receiver.port, f"&outbox={tmp_path}/outbox.db") as sink:
        sink.again()
    assert receiver.taken == [1, 1]  # told twice rather than not at all


def test_a_run_that_has_ended_tells_what_waits(receiver: Receiver) -> None:
    sink = sink_at(receiver.port)
    worker = Worker(sink, lambda error: None)
    worker.start()
    for number in range(100):
        worker.offer(event(number), None, True)
    worker.finish(None)
    assert receiver.taken == list(range(100))


# The certificates are made by Debian's package openssl.
@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.mark.system
@pytest.mark.parametrize(
    ("place", "known", "error"),
    [
        ("IP:127.0.0.1", True, ""),
        ("IP:127.0.0.1", False, "its certificate is not trusted: "),
        ("DNS:elsewhere.example", True, "IP address mismatch, certificate is not valid for '127.0.0.1'"),
    ],
    ids=["ours", "unknown authority", "another's"],
)
def test_an_encrypted_receiver_is_known_by_authority_and_name(
    authority: Authority, place: str, known: bool, error: str
) -> None:
    signed = authority.sign("receiver", place)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed.certificate, signed.key)
    options = f"&ca={authority.certificate}" if known else ""
    with Receiver(context=context) as receiver, sink_at(receiver.port, options, scheme="https") as sink:
        sink.take(event(1))
        assert receiver.taken == ([] if error else [1])
        assert error in sink.kept().error
        assert bool(error) == bool(sink.kept().error)
