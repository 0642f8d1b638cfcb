"""A real HTTP server that answers as it is told to, and remembers what it was sent."""

import json
import ssl
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.edge_runtime.samples import DEADLINE


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    plain: dict[str, Any]
    status: int


@dataclass(frozen=True)
class Answer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"thanks"
    closes: bool = False  # before it has said anything


class Receiver(ThreadingHTTPServer):
    """Says `answers`, one after the other, then OK."""

    daemon_threads = True

    def __init__(self, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.requests: list[Request] = []
        self.answers: deque[Answer] = deque()
        self.go_on = threading.Event()
        self.go_on.set()
        self.asked = threading.Event()
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def taken(self) -> list[int]:
        """Numbers of the frames that were received, in order."""
        return [request.plain["frame"] for request in self.requests if request.status < 300]

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of those who go while they are served."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.server.answers.popleft() if self.server.answers else Answer()
        self.server.asked.set()
        assert self.server.go_on.wait(DEADLINE)
        if answer.closes:
            self.close_connection = True
            return
        self.server.requests.append(Request(self.path, dict(self.headers), json.loads(body), answer.status))
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""
