import socket

import pytest

from edge_runtime.sources.address import parse
from edge_runtime.sources.reach import meaning, why_not
from tests.edge_runtime.sources.mjpeg import CREDENTIALS


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_port_where_nobody_listens() -> None:
    port = closed_port()
    reason = why_not(parse(f"rtsp://{CREDENTIALS}127.0.0.1:{port}/x"))
    assert reason == f"127.0.0.1 refuses port {port}; is the port right, and the camera's stream switched on?"


def test_a_name_that_nobody_has() -> None:
    reason = why_not(parse("rtsp://no-such-host.invalid/x"))
    assert reason == "no host is called 'no-such-host.invalid'; is the name right, and the network up?"


def test_a_server_that_takes_connections_and_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        reason = why_not(parse(f"rtsp://127.0.0.1:{port}/x"))
    assert reason == f"127.0.0.1 takes connections on port {port} but does not answer as rtsp; is the port right?"


@pytest.mark.parametrize(
    ("line", "address", "reason"),
    [
        ("RTSP/1.0 401 Unauthorized", "rtsp://u:p@cam/x", "the camera answers but gives no stream; are user, password"),
        ("RTSP/1.0 401 Unauthorized", "rtsp://cam/x", "the camera asks for a user: rtsp://USER:PASSWORD@cam/…"),
        ("HTTP/1.1 403 Forbidden", "http://cam/x", "the camera asks for a user: http://USER:PASSWORD@cam/…"),
        ("RTSP/1.0 404 Stream Not Found", "rtsp://cam/x", "the camera has no stream under this path (404)"),
        ("RTSP/1.0 200 OK", "rtsp://cam/x", "the camera answers, but with nothing that OpenCV can read as a video"),
        ("HTTP/1.1 503 Service Unavailable", "http://cam/x", "the camera answers '503 Service Unavailable'"),
        ("HTTP/1.1 500 \x1b[31mred", "http://cam/x", "the camera answers '500'"),
        ("SSH-2.0-OpenSSH_9.2", "rtsp://cam/x", "cam does not answer as rtsp on port 554; is the port right?"),
        ("", "http://cam:81/x", "cam does not answer as http on port 81; is the port right?"),
    ],
)
def test_what_an_answer_means(line: str, address: str, reason: str) -> None:
    assert meaning(line, parse(address)).startswith(reason)
