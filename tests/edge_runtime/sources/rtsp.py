"""A network camera for tests that speaks RTSP: enough of RFC 2326 for a client that takes video over the same TCP."""

import base64
import socketserver
import struct
import threading
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from tests.edge_runtime.sources.mjpeg import SECRET

TRANSPORT_STREAM = 33  # RFC 3551: the payload is MPEG-TS
PACKETS = 7 * 188  # bytes of it in an RTP packet
DESCRIPTION = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\n"
    f"m=video 0 RTP/AVP {TRANSPORT_STREAM}\r\na=control:track1\r\n"
)
FRAMES = 50


def video(path: Path) -> bytes:
    """Returns MPEG-TS of `FRAMES` red frames, which OpenCV itself writes."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mpg2"), 25, (64, 48))
    for _ in range(FRAMES):
        writer.write(np.full((48, 64, 3), (0, 0, 255), np.uint8))
    writer.release()
    return path.read_bytes()


class Rtsp(socketserver.ThreadingTCPServer):
    """Plays `video` to whoever knows user and password, and falls silent after it."""

    daemon_threads = True

    def __init__(self, video: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.video = video
        self.over = threading.Event()

    def address(self, credentials: str = "") -> str:
        return f"rtsp://{credentials}127.0.0.1:{self.server_address[1]}/stream"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.shutdown()
        self.server_close()


class _Handler(socketserver.StreamRequestHandler):
    server: Rtsp

    def handle(self) -> None:
        allowed = "Basic " + base64.b64encode(f"us@er:{SECRET}".encode()).decode()
        while request := self.rfile.readline().decode():
            method, headers = request.split(" ")[0], {}
            while line := self.rfile.readline().decode().strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            answer = {
                "OPTIONS": "Public: DESCRIBE, SETUP, PLAY\r\n\r\n",
                "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Length: {len(DESCRIPTION)}\r\n\r\n{DESCRIPTION}",
                "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n\r\n",
            }.get(method, "Session: 1\r\n\r\n")
            status = "200 OK"
            if method != "OPTIONS" and headers.get("authorization") != allowed:
                status, answer = "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"\r\n\r\n'
            self.wfile.write(f"RTSP/1.0 {status}\r\nCSeq: {headers['cseq']}\r\n{answer}".encode())
            if method == "PLAY" and status == "200 OK":
                self._play()
                self.server.over.wait()
                return

    def _play(self) -> None:
        video = self.server.video
        for number in range(-(-len(video) // PACKETS)):
            part = video[number * PACKETS : (number + 1) * PACKETS]
            packet = struct.pack(">BBHII", 0x80, TRANSPORT_STREAM, number, number * 3600, 1) + part
            try:
                self.wfile.write(b"$\0" + struct.pack(">H", len(packet)) + packet)
            except OSError:  # whoever watched has gone
                return
            self.server.over.wait(0.01)
