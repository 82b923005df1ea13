"""A real server on loopback that answers what a test tells it to, one answer a request, the last one for ever."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Reply = Callable[[http.server.BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass
class Scripted:
    url: str = ""
    port: int = 0
    replies: list[Reply] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    leaving: threading.Event = field(default_factory=threading.Event)

    def will(self, *replies: Reply) -> None:
        """Set what comes next; the last answer is given to all requests after it."""
        self.replies[:] = replies
        self.seen.clear()

    @property
    def methods(self) -> list[str]:
        return [seen.method for seen in self.seen]

    @property
    def paths(self) -> list[str]:
        return [seen.path for seen in self.seen]


def reply(status: int, body: Any = b"", **headers: str) -> Reply:
    """Answer with bytes, text or JSON. Header names have ``_`` for ``-``."""
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()

    def send(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return send


def cut(status: int, body: bytes, length: int) -> Reply:
    """Promise more bytes than come, then close."""

    def send(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()
        handler.close_connection = True

    return send


def reset(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Close without a word, after the request was read."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def silent(server: Scripted) -> Reply:
    """Say nothing until the test is over."""

    def wait(handler: http.server.BaseHTTPRequestHandler) -> None:
        server.leaving.wait(30)
        handler.close_connection = True

    return wait


def dripping(server: Scripted) -> Reply:
    """Send a byte of the body from time to time, for ever."""

    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        with contextlib.suppress(OSError):
            while not server.leaving.wait(0.05):
                handler.wfile.write(b" ")
                handler.wfile.flush()
        handler.close_connection = True

    return drip


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Run a scripted server in a thread."""
    script = Scripted()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def log_message(self, *_: object) -> None:
            pass

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with script.lock:
                script.seen.append(Seen(self.command, self.path, dict(self.headers), body, time.monotonic()))
                chosen = script.replies.pop(0) if len(script.replies) > 1 else script.replies[0]
            chosen(self)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.handle_any
            raise AttributeError(name)

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = False
        block_on_close = True

        def handle_error(self, *_: object) -> None:
            # A client that leaves in the middle is what these tests are about.
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    script.port = server.server_port
    script.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/api/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield script
    finally:
        script.leaving.set()
        server.shutdown()
        thread.join()
        server.server_close()
