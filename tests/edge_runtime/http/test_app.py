import re
import socket
import threading
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from edge_runtime.http.settings import Settings
from edge_runtime.http.view import EVENTS_SHOWN
from edge_runtime.preprocess import WHOLE, Region
from edge_runtime.result import Event, SourceChange
from tests.edge_runtime.http.serving import DOOR, PLENTY, TOKEN, YARD, Served, frame, prediction, serving
from tests.edge_runtime.samples import DEADLINE, IDENTITY, eventually, save

PUBLIC = ["/", "/page/page.css", "/page/main.js", "/page/icon.svg", "/v2/health/live", "/v2/health/ready"]
SEEN = ["/v2", "/v2/models/lamp", "/v2/models/lamp/ready", "/metrics", "/api/status"]


@pytest.mark.parametrize("path", [*PUBLIC, *SEEN, "/v2/", "/nothing", "/api/captures"])
def test_every_answer_carries_the_headers_that_keep_others_out(path: str) -> None:
    with serving() as served:
        headers = served.ask(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] in ("no-store", "no-cache")
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


@pytest.mark.parametrize("path", [*PUBLIC, *SEEN])
def test_head_tells_what_get_would_without_the_content(path: str) -> None:
    with serving() as served:
        got, head = served.ask(path), served.ask(path, "HEAD")
    assert (got.status, head.status) == (200, 200)
    assert got.body
    assert not head.body
    assert got.headers["content-type"] == head.headers["content-type"]


def test_options_names_the_methods_and_opens_no_door_to_other_sites() -> None:
    with serving() as served:
        asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "DELETE"}
        reply = served.ask("/api/captures/x", "OPTIONS", headers=asked)
    assert (reply.status, reply.headers["allow"]) == (204, "DELETE")
    assert not any(name.startswith("access-control") for name in reply.headers)


def test_a_method_that_is_not_answered_is_told_with_those_that_are() -> None:
    with serving() as served:
        for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"):
            reply = served.ask("/api/status", method)
            assert reply.status == 405
            assert "HEAD" in reply.headers["allow"]
            assert method in reply.json["error"]


NOWHERE = [
    *("/nothing", "/index.html", "/page/", "/page/main.js/", "/page/main.js%00", "/%ff%fe", "//etc/passwd"),
    *("/page/../app.py", "/page/..%2fapp.py", "/page/%2e%2e/settings.py", "/page/..\\app.py", "/../../etc/passwd"),
    "/api/captures/..%2f..%2fx",
]


@pytest.mark.parametrize("path", NOWHERE)
def test_what_is_not_there_is_not_found_however_it_is_written(path: str) -> None:
    with serving() as served:
        reply = served.ask(path)
    assert reply.status == 404
    assert set(reply.json) == {"error"}
    assert "location" not in reply.headers


def test_the_page_needs_nothing_from_elsewhere() -> None:
    with serving() as served:
        for path in PUBLIC[:4]:
            text = served.ask(path).body.decode()
            addresses = re.findall(r"""(?:https?:|["'(]\s*)//[^"')\s]*""", text)
            assert set(addresses) <= {"http://www.w3.org/2000/svg"}, path  # a name, not a place


def test_another_sites_name_for_this_machine_is_not_answered() -> None:
    with serving() as served:
        assert served.ask("/api/status", headers={"Host": "evil.example"}).status == 421
        assert served.raw(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 421 ")


def test_asking_too_often_is_refused_for_a_while() -> None:
    with serving(Settings(port=0, limits=replace(PLENTY, rate=0.001, burst=3))) as served:
        replies = [served.ask("/v2/health/live") for _ in range(5)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
    assert int(replies[-1].headers["retry-after"]) > 0


def test_more_requests_at_once_than_allowed_are_refused_and_then_answered_again() -> None:
    with serving(at_once=2) as served, ExitStack() as stack:
        for _ in range(2):
            slow = stack.enter_context(closing(socket.create_connection(("127.0.0.1", served.port), timeout=DEADLINE)))
            slow.sendall(b"POST /v2/models/lamp/infer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{")
        eventually(lambda: served.ask("/v2").status == 503, "the third request is refused")
        stack.close()
        eventually(lambda: served.ask("/v2").status == 200, "a place becomes free")


def test_a_private_page_shows_nothing_but_itself_and_that_it_lives_without_the_token() -> None:
    with serving(Settings(port=0, token=TOKEN, private=True, limits=PLENTY)) as served:
        served.tell(prediction(frame()), frame())
        hidden = [*SEEN, "/api/sources/0/picture", "/api/captures", "/api/captures/x/picture"]
        assert [served.ask(path).status for path in PUBLIC] == [200] * len(PUBLIC)
        assert [served.ask(path).status for path in hidden] == [401] * len(hidden)
        assert served.ask("/v2/models/lamp/infer", "POST", b"{}").status == 401
        known = {"Authorization": f"Bearer {TOKEN}"}
        assert [served.ask(path, headers=known).status for path in SEEN] == [200] * len(SEEN)


def test_whether_a_token_is_right_can_be_asked() -> None:
    with serving(Settings(port=0, token=TOKEN, limits=PLENTY)) as served:
        assert served.ask("/api/token", "POST", headers={"Authorization": f"Bearer {TOKEN}"}).status == 204
        assert served.ask("/api/token", "POST", headers={"Authorization": "Bearer wrong"}).status == 401
        assert served.ask(f"/api/token?token={TOKEN}", "POST").status == 401  # an address ends up in logs


def test_the_status_tells_all_that_the_page_shows() -> None:
    with serving() as served:
        served.tell(SourceChange(DOOR, 1_790_000_000.0, "live"))
        served.tell(prediction(frame(value=255)), frame(value=255))
        served.tell(Event(DOOR, 0, 1_790_000_000.0, "bright", 0.9, "dark", 3.0, IDENTITY), frame(value=255))
        status = served.ask("/api/status").json
    door, yard = status["sources"]
    assert (door["address"], door["state"], door["last"]["label"], door["predictions"]) == (DOOR, "live", "bright", 1)
    assert door["last"]["best"] == [["bright", 1.0], ["dark", 0.0]]
    assert (yard["state"], yard["last"], yard["picture"]) == (None, None, None)
    assert status["model"]["digest"] == IDENTITY.digest
    assert [event["type"] for event in status["events"]] == ["label", "state"]
    assert status["events"][0]["previous"] == "dark"
    assert status["device"]["temperature"] == 61.5
    assert len(status["history"]["points"]) == 1
    assert (status["captures"], status["changing"]) == (False, "nothing")


def test_the_status_names_the_region_of_a_source_that_has_one() -> None:
    with serving(regions={DOOR: Region(0.25, 0.0, 0.75, 1.0), YARD: WHOLE}) as served:
        door, yard = served.ask("/api/status").json["sources"]
    assert (door["region"], yard["region"]) == ([0.25, 0.0, 0.75, 1.0], None)


def test_the_status_stays_small_however_much_happens() -> None:
    with serving() as served:
        for number in range(500):
            served.tell(SourceChange(DOOR, float(number), "lost", "x" * 100))
        assert len(served.ask("/api/status").json["events"]) == EVENTS_SHOWN


def test_a_sources_picture_is_its_last_frame_and_sent_once() -> None:
    with serving() as served:
        assert served.ask("/api/sources/0/picture").status == 404
        served.tell(prediction(frame(number=3)), frame(number=3))
        reply = served.ask("/api/sources/0/picture")
        assert (reply.status, reply.headers["content-type"]) == (200, "image/jpeg")
        assert reply.body.startswith(b"\xff\xd8")
        again = served.ask("/api/sources/0/picture", headers={"If-None-Match": reply.headers["etag"]})
        assert (again.status, again.body) == (304, b"")
        eventually(lambda: _newer(served, reply.headers["etag"]), "the next frame is shown")


def _newer(served: Served, tag: str) -> bool:
    served.tell(prediction(frame(number=4)), frame(number=4))
    return served.ask("/api/sources/0/picture", headers={"If-None-Match": tag}).status == 200


@pytest.mark.parametrize("number", ["2", "99999999999999999999", "-1", "x", ""])
def test_a_source_that_is_not_there_has_no_picture(number: str) -> None:
    with serving() as served:
        assert served.ask(f"/api/sources/{number}/picture").status == 404


def test_a_picture_whose_file_is_gone_is_not_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = save(tmp_path_factory.mktemp("in") / "a.png")
    seen = replace(frame(), picture=path)
    with serving() as served:
        served.tell(prediction(seen), seen)
        path.unlink()
        assert served.ask("/api/sources/0/picture").status == 404


def test_health_says_what_is_wrong_with_the_judging() -> None:
    with serving() as served:
        assert served.ask("/v2/health/ready").json == {"live": True}
        served.trouble.append("no frame was judged for 50 s")
        for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/lamp/ready"):
            reply = served.ask(path)
            assert reply.status == 503
            assert reply.json["error"] == "no frame was judged for 50 s"


def test_metrics_are_served_in_the_form_that_is_asked_for() -> None:
    with serving() as served:
        served.tell(prediction(frame()), frame())
        assert b"edge_predictions_total{" in served.ask("/metrics").body
        newest = served.ask("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        assert newest.headers["content-type"].startswith("application/openmetrics-text")
        assert newest.body.endswith(b"# EOF\n")
        assert b'edge_http_requests_total{code="200"} 1.0' in newest.body


def test_a_defect_in_an_answer_is_told_here_and_not_to_the_client(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as served:
        served.board._sources.clear()  # as no board ever is
        served.board._latencies.append("no number")  # type: ignore[arg-type]  # that is the defect
        served.board._latencies.append(1.0)
        reply = served.ask("/api/status")
        assert (reply.status, reply.json) == (500, {"error": "a defect of the edge runtime; its log says more"})
        assert served.ask("/v2/health/live").status == 200
    assert "TypeError" in capsys.readouterr().err


def test_many_pages_at_once_are_answered_while_results_come_in() -> None:
    with serving(at_once=64) as served:
        stop = threading.Event()
        statuses: list[int] = []

        def look() -> None:
            while not stop.is_set():
                statuses.extend(
                    served.ask(path).status for path in ("/api/status", "/api/sources/0/picture", "/metrics")
                )

        pages = [threading.Thread(target=look) for _ in range(4)]
        served.tell(prediction(frame()), frame())
        for page in pages:
            page.start()
        for number in range(300):
            served.tell(prediction(frame(number=number)), frame(number=number))
        eventually(lambda: len(statuses) > 60, "every page is answered")
        stop.set()
        for page in pages:
            page.join()
    assert set(statuses) == {200}
