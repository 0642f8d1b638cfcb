"""Why a stream cannot be opened. FFmpeg knows, but tells it to a log that may hold passwords, and OpenCV to nobody."""

import re
import socket

from edge_runtime.sources.address import SECURE, StreamAddress

PATIENCE = 1.0  # seconds for each step: whatever is asked here has answered, or refused, a moment ago
REQUESTS = {
    "http": "GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n",
    "rtsp": "DESCRIBE {scheme}://{host}:{port}{path} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n",
}


def why_not(address: StreamAddress) -> str:
    """Returns what keeps a stream from being opened and what to do, as the rest of a sentence.

    Connects and asks for the stream without user and password.
    """
    host, port = address.host, address.port
    try:
        connection = socket.create_connection((host, port), PATIENCE)
    except OSError as error:
        return unreachable(error, address)
    try:
        with connection:
            return meaning(_first_line(connection, address), address)
    except OSError:
        return f"{host} takes connections on port {port} but does not answer as {address.scheme}; is the port right?"


def unreachable(error: OSError, address: StreamAddress) -> str:
    """Returns what it means that no connection came about."""
    host, port = address.host, address.port
    match error:
        case socket.gaierror():
            return f"no host is called '{host}'; is the name right, and the network up?"
        case ConnectionRefusedError():
            return f"{host} refuses port {port}; is the port right, and the camera's stream switched on?"
        case TimeoutError():
            return f"{host} does not answer on port {port}; is the camera on, and in this network?"
        case _:
            return f"{host} cannot be reached on port {port}: {error.strerror or error}"


def meaning(line: str, address: StreamAddress) -> str:
    """Returns what the first line of a server's answer means for somebody who wants its stream."""
    answer = re.match(r"(?:HTTP|RTSP)/[\d.]+ (\d{3})([ \w-]{0,40})", line, re.ASCII)
    if not answer:
        return f"{address.host} does not answer as {address.scheme} on port {address.port}; is the port right?"
    code, reason = answer[1], answer[1] + answer[2].rstrip()
    if code in ("401", "403"):
        if address.has_user:
            return "the camera answers but gives no stream; are user, password and path right?"
        return f"the camera asks for a user: {address.scheme}://USER:PASSWORD@{address.host}/…"
    if code == "404":
        return "the camera has no stream under this path (404); its manual or an ONVIF tool tells the right one"
    if code.startswith("2"):
        return "the camera answers, but with nothing that OpenCV can read as a video"
    return f"the camera answers '{reason}'"


def _first_line(connection: socket.socket, address: StreamAddress) -> str:
    request = REQUESTS[address.scheme.removesuffix("s")]
    fields = {"scheme": address.scheme, "host": address.host, "port": address.port, "path": address.path}
    if address.scheme in SECURE:
        import ssl  # 10 ms that no start shall pay

        context = ssl.create_default_context()
        # Cameras sign their certificates themselves, and FFmpeg asks for no other.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = context.wrap_socket(connection, server_hostname=address.host)
    with connection:
        connection.sendall(request.format(**fields).encode(errors="replace"))
        return connection.recv(200).decode(errors="replace").partition("\r\n")[0]
