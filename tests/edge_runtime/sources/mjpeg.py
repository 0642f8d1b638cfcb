"""A network camera for tests: an HTTP server that sends pictures as MJPEG, or fails in one of the ways cameras do."""

import base64
import hashlib
import http.server
import io
import threading
from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PACE = 0.02  # seconds between two frames
SHORT = 5  # frames that some paths give
SECRET = "geheim"  # the password: must not turn up anywhere
CREDENTIALS = f"us%40er:{SECRET}@"
NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c093"


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95)
    return file.getvalue()


class Mjpeg(http.server.ThreadingHTTPServer):
    """Serves `pictures`, JPEG files, in turn.

    ``/live`` goes on for ever, ``/hangs`` falls silent and ``/ends`` ends after `SHORT` frames, ``/silent`` never
    answers, ``/guarded`` wants user and password, ``/digest`` without sending them, ``/page`` is none. ``/bare`` sends
    nothing but JPEGs, ``/lies`` wrong lengths, ``/chunked`` an answer in chunks, ``/garbage`` no picture. ``/snapshot``
    is one picture at a time, ``/kept`` one after which it does not hang up, ``/short`` half of one,
    ``/endless`` one without an end. ``/away`` redirects to
    `elsewhere` and ``/round`` to itself; all else is not found.
    """

    daemon_threads = True

    def __init__(self, pictures: Sequence[bytes], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.pictures = pictures
        self.over = threading.Event()
        self.sent = 0
        self.asked = threading.Event()
        self.elsewhere = ""
        self.requests: list[dict[str, str]] = []

    def address(self, path: str, credentials: str = "") -> str:
        return f"http://{credentials}127.0.0.1:{self.server_port}{path}"

    def handle_error(self, *_: object) -> None:
        """Whoever watched has gone, in the middle of something: no matter."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()  # every connection ends
        self.shutdown()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Mjpeg

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.set()
        self.server.requests.append({name.lower(): value for name, value in self.headers.items()})
        path = self.path.partition("?")[0]
        match path:
            case "/silent":
                self.server.over.wait()
            case "/page":
                self._answer("text/html")
                self.wfile.write(b"<title>My camera</title>")
            case "/guarded" if self.headers.get("Authorization") != _basic(f"us@er:{SECRET}"):
                self._refuse('Basic realm="camera"')
            case "/digest" if not _answered(self.headers.get("Authorization", ""), self.path):
                self._refuse(f'Digest realm="camera", nonce="{NONCE}", qop="auth", algorithm=MD5')
            case "/live" | "/guarded" | "/digest" | "/hangs" | "/ends" | "/bare" | "/lies":
                self._answer("multipart/x-mixed-replace; boundary=frame")
                self._play({"/bare": _bare, "/lies": _lying}.get(path, _framed), path in ("/hangs", "/ends"))
                if path == "/hangs":
                    self.server.over.wait()
            case "/chunked":
                self._answer("multipart/x-mixed-replace; boundary=frame", "chunked")
                self._play(lambda picture: b"%x\r\n%b\r\n" % (len(_framed(picture)), _framed(picture)))
            case "/garbage":
                self._answer("video/mp2t")
                self._play(lambda _: bytes(range(200)))
            case "/snapshot" | "/short" | "/endless":
                self._answer("image/jpeg")
                picture = self.server.pictures[self.server.sent % len(self.server.pictures)]
                self.server.sent += 1
                self.wfile.write(picture[: len(picture) // 2] if path == "/short" else picture)
                while path == "/endless":
                    self.wfile.write(bytes(1 << 20))
            case "/kept":
                picture = self.server.pictures[0]
                self.send_response(200)
                self.send_header("Content-Type", "image/jpeg")
                self.send_header("Content-Length", str(len(picture)))
                self.end_headers()
                self.wfile.write(picture)
                self.server.over.wait()
            case "/away" | "/round":
                self.send_response(302)
                self.send_header("Location", self.server.elsewhere if path == "/away" else "/round")
                self.end_headers()
            case _:
                self.send_error(404)

    def _answer(self, kind: str, encoding: str = "") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if encoding:
            self.send_header("Transfer-Encoding", encoding)
        self.end_headers()

    def _refuse(self, challenge: str) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", challenge)
        self.end_headers()

    def _play(self, form: Callable[[bytes], bytes], short: bool = False) -> None:
        number = 0
        while (not short or number < SHORT) and not self.server.over.wait(PACE):
            try:
                self.wfile.write(form(self.server.pictures[number % len(self.server.pictures)]))
            except OSError:  # whoever watched has gone
                return
            number += 1
            self.server.sent += 1


def _framed(picture: bytes) -> bytes:
    return b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (len(picture), picture)


def _bare(picture: bytes) -> bytes:
    return picture


def _lying(picture: bytes) -> bytes:
    return b"--other\r\nContent-Length: 7\r\n\r\n" + picture


def _basic(user: str) -> str:
    return f"Basic {base64.b64encode(user.encode()).decode()}"


def _answered(header: str, path: str) -> bool:
    """Whether user and password were proved, as RFC 7616 has it; written apart from what is tested."""
    pairs = (part.partition("=") for part in header[7:].split(","))
    fields = {name.strip(): value.strip('"') for name, _, value in pairs}
    if fields.get("nonce") != NONCE or fields.get("uri") != path:
        return False
    first = hashlib.md5(f"us@er:camera:{SECRET}".encode()).hexdigest()
    second = hashlib.md5(f"GET:{path}".encode()).hexdigest()
    middle = f"{NONCE}:{fields['nc']}:{fields['cnonce']}:{fields['qop']}"
    return fields["response"] == hashlib.md5(f"{first}:{middle}:{second}".encode()).hexdigest()
