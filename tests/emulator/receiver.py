"""A server on this machine that gets webhooks."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(ThreadingHTTPServer):
    """Keeps what comes, and answers what it was told to.

    Attributes:
        got: Headers and raw bodies, oldest first.
        answers: By event, what is answered: a JSON value, bytes, a status, seconds to be late, or a function that
            gives one of these for a message.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: dict[str, Any] = {}
        self.leaving = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body)["message"] for _, body in self.got]

    def events(self) -> list[str]:
        return [message["type"] for message in self.messages()]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers.items()), body))
        answer = self.server.answers.get(self.headers["X-Webhook-Event"], {})
        if callable(answer):
            answer = answer(json.loads(body)["message"])
        if isinstance(answer, float):
            self.server.leaving.wait(answer)
            answer = {"error": "too late"}
        status = answer if isinstance(answer, int) else 200
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        del format, args
