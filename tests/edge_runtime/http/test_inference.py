import base64
import json
import socket
import struct
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_runtime.errors import VariantError
from edge_runtime.http.settings import Limits, Settings
from edge_runtime.result import Prediction
from tests.edge_runtime.http.serving import PLENTY, Reply, Served, serving
from tests.edge_runtime.http.test_pictures import bomb, encoded
from tests.edge_runtime.http.test_v2 import body, tensor
from tests.edge_runtime.samples import DEADLINE, eventually

INFER = "/v2/models/lamp/infer"


def infer(served: Served, sent: bytes, path: str = INFER, **headers: str) -> Reply:
    return served.ask(path, "POST", sent, {name.replace("_", "-"): value for name, value in headers.items()})


def picture(content: bytes) -> bytes:
    return body(tensor(datatype="BYTES", shape=[1], data=[base64.b64encode(content).decode()]), id="a")


@pytest.mark.parametrize("path", [INFER, "/v2/models/lamp/versions/1.0/infer"])
def test_pixels_are_judged(path: str) -> None:
    with serving() as served:
        reply = infer(served, body(tensor(data=[255] * 12)), path)
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.json["outputs"][0]["data"] == [0.0, 1.0]
    assert reply.json["outputs"][1]["data"] == ["bright"]


def test_an_encoded_picture_is_judged_as_a_camera_s_would_be() -> None:
    with serving() as served:
        reply = infer(served, picture(encoded((640, 480))))
        assert reply.json["id"] == "a"
        assert reply.json["outputs"][0]["data"][1] == pytest.approx(200 / 255, abs=0.02)
        head = body(tensor(datatype="BYTES", shape=[1], parameters={"binary_data_size": len(encoded()) + 4}))
        sent = head + struct.pack("<I", len(encoded())) + encoded()
        assert infer(served, sent, inference_header_content_length=str(len(head))).status == 200


def test_an_answer_in_bytes_says_where_its_json_ends() -> None:
    with serving() as served:
        reply = infer(served, body(tensor(), parameters={"binary_data_output": True}))
    length = int(reply.headers["inference-header-content-length"])
    assert reply.headers["content-type"] == "application/octet-stream"
    assert len(json.loads(reply.body[:length])["outputs"]) == 2
    assert len(reply.body) == length + 8 + 8


@pytest.mark.parametrize(
    "path", ["/v2/models/lmap", "/v2/models/lamp/versions/2", "/v2/models/lmap/ready", "/v2/models/lmap/infer"]
)
def test_another_model_or_version_is_not_here(path: str) -> None:
    with serving() as served:
        reply = served.ask(path, "POST" if path.endswith("infer") else "GET")
    assert reply.status == 404
    assert "lamp is" in reply.json["error"] or "1.0 is" in reply.json["error"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no picture", "not one in a format"),
        (encoded((640, 480))[:-200], "cannot be decoded"),
        (bomb(8000, 8000), "at most 50000000 are taken"),
        (bomb(60_000, 60_000), "more than 50000000 pixels"),
    ],
)
def test_what_cannot_be_decoded_or_is_too_large_is_refused(content: bytes, told: str) -> None:
    with serving() as served:
        reply = infer(served, picture(content))
    assert reply.status == 400
    assert told in reply.json["error"]


@pytest.mark.parametrize("announced", [True, False])
def test_a_request_that_is_too_long_is_refused_whether_it_says_so_or_not(announced: bool) -> None:
    with serving(body=1000) as served:
        connection = HTTPConnection("127.0.0.1", served.port, timeout=DEADLINE)
        content = b"x" * 20_000 if announced else iter([b"x" * 1000] * 20)
        connection.request("POST", INFER, content, encode_chunked=not announced)
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())) == (
            413,
            {"error": "the request holds more than 1000 bytes"},
        )
        connection.close()


def test_more_pictures_than_may_wait_are_refused_and_not_kept() -> None:
    with serving(Settings(port=0, limits=replace(PLENTY, pictures=0))) as served:
        reply = infer(served, body(tensor()))
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")


def test_pictures_that_are_still_being_sent_count_too() -> None:
    with serving(Settings(port=0, limits=replace(PLENTY, pictures=1))) as served:
        with closing(socket.create_connection(("127.0.0.1", served.port), timeout=DEADLINE)) as slow:
            slow.sendall(f"POST {INFER} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{{".encode())
            eventually(lambda: infer(served, body(tensor())).status == 503, "the only place is taken")
        eventually(lambda: infer(served, body(tensor())).status == 200, "whoever goes gives it back")


def test_places_in_the_queue_are_given_back() -> None:
    with serving(Settings(port=0, limits=replace(PLENTY, pictures=1))) as served:
        for sent in (body(tensor()), picture(encoded()[:300]), body(tensor()), picture(encoded())):
            assert infer(served, sent).status in (200, 400)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (VariantError("full_int8.tflite: invoke failed"), "full_int8.tflite: invoke failed"),
        (ValueError("x"), "a defect"),
    ],
)
def test_a_judge_that_fails_is_no_fault_of_the_client(error: Exception, told: str) -> None:
    def failing(picture: object) -> Prediction:
        raise error

    with serving(judge=failing) as served:
        reply = infer(served, body(tensor()))
        assert reply.status == 500
        assert told in reply.json["error"]
        assert served.ask("/v2/health/live").status == 200


def test_the_limits_are_those_that_the_documentation_names() -> None:
    limits = Limits()
    assert (limits.body, limits.pixels) == (16 * 1024 * 1024, 50_000_000)


text = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=12)
headers = st.dictionaries(
    st.sampled_from(
        ["Content-Type", "Accept", "Authorization", "Origin", "Inference-Header-Content-Length", "Range", "Expect"]
    ),
    text,
    max_size=3,
)
paths = st.sampled_from(
    [INFER, "/", "/v2", "/api/status", "/metrics", "/api/captures/x/label", "/api/token"]
) | st.text(st.sampled_from("/.%aZ0-_~?=&;:@+,$!*'()[]"), max_size=24).map(lambda tail: f"/{tail}")
mangled = st.tuples(
    st.sampled_from([body(tensor()), picture(encoded()), b""]), st.integers(0, 300), st.binary(max_size=8)
)


def test_a_thousand_malformed_requests_get_an_answer_that_blames_the_client() -> None:
    with serving() as served:
        asked = 0

        @settings(max_examples=1000, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "X"]), paths, headers, mangled)
        def ask(method: str, path: str, sent: dict[str, str], content: tuple[bytes, int, bytes]) -> None:
            nonlocal asked
            whole, place, put = content
            reply = served.ask(path, method, whole[:place] + put + whole[place + len(put) :], sent)
            assert reply.status in (200, 204, 400, 401, 403, 404, 405)
            assert reply.status < 400 or method == "HEAD" or set(reply.json) == {"error"}
            asked += 1

        ask()
        assert asked >= 1000
        assert infer(served, body(tensor())).status == 200


@settings(max_examples=200)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"GET / HTTP/1.1\r\n", b"POST " + INFER.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"]),
)
def test_rubbish_on_the_wire_harms_nobody_else(tail: bytes, head: bytes) -> None:
    answer = SERVED[0].raw(head + tail)
    assert not answer or answer.split(b" ", 2)[1] in (b"200", b"400", b"404", b"405", b"413", b"421")


SERVED: list[Served] = []


@pytest.fixture(autouse=True, scope="module")
def _served() -> object:
    with serving() as served:
        SERVED.append(served)
        yield
        assert served.ask("/v2/health/live").status == 200
    SERVED.clear()
