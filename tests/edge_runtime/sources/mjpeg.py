"""A network camera for tests: an HTTP server that sends pictures as MJPEG, or fails in one of the ways cameras do."""

import base64
import http.server
import io
import threading
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PACE = 0.02  # seconds between two frames
SHORT = 5  # frames that some paths give
SECRET = "geheim"  # the password: must not turn up anywhere
CREDENTIALS = f"us%40er:{SECRET}@"


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95)
    return file.getvalue()


class Mjpeg(http.server.ThreadingHTTPServer):
    """Serves `pictures`, JPEG files, in turn.

    ``/live`` goes on for ever, ``/hangs`` falls silent and ``/ends`` ends after `SHORT` frames, ``/silent`` never
    answers, ``/guarded`` wants user and password, ``/page`` is none; all else is not found.
    """

    daemon_threads = True

    def __init__(self, pictures: Sequence[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pictures = pictures
        self.over = threading.Event()
        self.sent = 0
        self.asked = threading.Event()

    def address(self, path: str, credentials: str = "") -> str:
        return f"http://{credentials}127.0.0.1:{self.server_port}{path}"

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
        path = self.path.partition("?")[0]
        if path == "/silent":
            self.server.over.wait()
        elif path == "/page":
            self._answer("text/html")
            self.wfile.write(b"<title>My camera</title>")
        elif path == "/guarded" and self.headers.get("Authorization") != _basic(f"us@er:{SECRET}"):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()
        elif path in ("/live", "/guarded", "/hangs", "/ends"):
            self._answer("multipart/x-mixed-replace; boundary=frame")
            self._play(endless=path in ("/live", "/guarded"))
            if path == "/hangs":
                self.server.over.wait()
        else:
            self.send_error(404)

    def _answer(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def _play(self, endless: bool) -> None:
        number = 0
        while (endless or number < SHORT) and not self.server.over.wait(PACE):
            picture = self.server.pictures[number % len(self.server.pictures)]
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            try:
                self.wfile.write(head.encode() + picture + b"\r\n")
            except OSError:  # whoever watched has gone
                return
            number += 1
            self.server.sent += 1


def _basic(user: str) -> str:
    return f"Basic {base64.b64encode(user.encode()).decode()}"
