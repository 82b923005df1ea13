"""Cuts a run off at an exact request: a proxy that counts requests, and the ways a run can die or starve.

The proxy stands between the provider and the emulator. At the chosen request it stops, calls back, and goes on with
whatever is still alive. Later requests wait until the callback has ended, so nothing slips through beside it.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PATIENCE_S = 60.0
"""How long a run may take to notice that it was told to stop."""

DEAF = Path(__file__).with_name("without_rights.py")
SHIFTED = Path(__file__).with_name("shifted")
DAY_S = 86_400


class Point(StrEnum):
    """Where in the life of a request the cut is."""

    RECEIVED = "received"
    """The server has the request and has done nothing."""
    COMMITTED = "committed"
    """The server has done it, the answer is held back."""
    ANSWERED = "answered"
    """The answer is out."""


class Proxy:
    """Passes requests on, and calls back at one of them.

    Args:
        target: Base URL of the server behind it.
        at: Number of the request to stop at, from 1; 0 stops at none.
        point: Where in that request.
        strike: Called once, there.
        method: Counts requests of this method only; None counts all.
    """

    def __init__(
        self, target: str, at: int, point: Point, strike: Callable[[], None], method: str | None = None
    ) -> None:
        parts = urlsplit(target)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self.at = at
        self.point = point
        self.count = 0
        self.has_struck = threading.Event()
        self._strike = strike
        self._method = method
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{parts.path}"

    @contextlib.contextmanager
    def running(self) -> Iterator[Proxy]:
        """Serve while entered."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="proxy", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def turn(self, method: str) -> int:
        """Give a request its number; one that does not count has that of the last one that did."""
        with self._lock:
            if self._method in (None, method):
                self.count += 1
            elif self.count == self.at:
                return self.at + 1  # it came after the chosen one
            return self.count

    def reach(self, turn: int, point: Point) -> None:
        """Tell that a request has come so far; a later one than the chosen one waits here."""
        if not self.at or turn < self.at:
            return
        if turn > self.at:
            self._over.wait(PATIENCE_S)
        elif point is self.point:
            self.has_struck.set()
            try:
                self._strike()
            finally:
                self._over.set()
        elif point is Point.ANSWERED:
            self._over.set()

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, list[Any], bytes]:
        """Ask the server behind."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that was killed leaves broken pipes behind."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Print nothing."""

    def _pass_on(self) -> None:
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        turn = proxy.turn(self.command)
        proxy.reach(turn, Point.RECEIVED)
        if self._is_alone():
            self.close_connection = True
            return
        status, headers, content = proxy.forward(self.command, self.path, dict(self.headers.items()), body)
        proxy.reach(turn, Point.COMMITTED)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()
        proxy.reach(turn, Point.ANSWERED)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _pass_on  # noqa: N815 - the base class looks for them

    def _is_alone(self) -> bool:
        """Tell whether the client has gone: what it sent and nobody read is lost with it."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True


# Processes


def descendants(pid: int) -> list[int]:
    """Give the processes below one, parents first."""
    found = []
    for task in _listed(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return []


def command_line(pid: int) -> str:
    """Give the command line of a process; empty when it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def is_provider(pid: int) -> bool:
    """Tell whether a process is the dynamic provider, on either engine."""
    line = command_line(pid)
    return "runner.py provider" in line or "pulumi.dynamic" in line or "pulumi-resource-pulumi-python" in line


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has waited for does not."""
    try:
        is_dead = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return False
    # The first thread may be gone while others still end; only with the last of them its connections are closed.
    return not is_dead or len(_listed(f"/proc/{pid}/task")) > 1


def kill(pids: list[int]) -> None:
    """End processes at once, and wait until they are gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, pids)))


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Wait for a condition; an assertion fails when it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


class Started:
    """A command under way.

    Args:
        command: Program and arguments.
        folder: Working directory.
        environment: All of its environment.
    """

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        # Root writes into folders that are read-only; the command shall not.
        self._process = subprocess.Popen(
            [sys.executable, str(DEAF), *command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            for line in stream:
                self._said.append(line.decode(errors="replace"))

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return "".join(self._said)

    @property
    def all_pids(self) -> list[int]:
        """Itself and the processes below it."""
        return [self.pid, *descendants(self.pid)]

    @property
    def providers(self) -> list[int]:
        """The provider, and what started it."""
        return [pid for pid in descendants(self.pid) if is_provider(pid)]

    def wait(self) -> int:
        """Wait for its end; gives the exit status."""
        code = self._process.wait(PATIENCE_S * 2)
        self._reader.join(15.0)  # a provider that outlives its engine holds the pipe for some seconds
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the group, as a terminal does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def end(self) -> None:
        """End everything that is left of it."""
        if self._process.poll() is None:
            kill(self.all_pids)
        self._process.wait()
        self._reader.join()


# Ways to die or starve. Each takes the command and the folders it writes to.


class Way:
    """A way for a run to go wrong.

    Args:
        run: The command under way.
        state: Folder of the state.
        own: Folder of FLIREO_STATE_DIR.
        clock: File with the seconds by which the clocks of all commands are shifted.
    """

    def __init__(self, run: Started, state: Path, own: Path, clock: Path) -> None:
        self.run = run
        self.state = state
        self.own = own
        self.clock = clock

    def everything_killed(self) -> None:
        kill(self.run.all_pids)

    def provider_killed(self) -> None:
        kill(self.run.providers)

    def engine_killed(self) -> None:
        kill([self.run.pid])

    def sigterm(self) -> None:
        self.run.signal(signal.SIGTERM)

    def ctrl_c(self) -> None:
        self.run.signal(signal.SIGINT)

    def ctrl_c_twice(self) -> None:
        self.ctrl_c()
        with contextlib.suppress(AssertionError):
            wait_until(lambda: "stopping" in self.run.said or "cancel" in self.run.said, 5)
        self.ctrl_c()

    def state_disk_full(self) -> None:
        """No file grows any more. A limit of the process does what a full disk does, and needs no rights."""
        _fill([pid for pid in self.run.all_pids if pid not in self.run.providers])

    def own_disk_full(self) -> None:
        _fill(self.run.providers)

    def state_read_only(self) -> None:
        _take_rights(self.state)

    def own_read_only(self) -> None:
        _take_rights(self.own)

    def clock_back(self) -> None:
        self.clock.write_text(str(-DAY_S))

    def clock_ahead(self) -> None:
        self.clock.write_text(str(DAY_S))

    def clock_back_and_killed(self) -> None:
        self.clock_back()
        self.everything_killed()

    def clock_ahead_and_killed(self) -> None:
        self.clock_ahead()
        self.everything_killed()

    def heal(self) -> None:
        """Give back what a way took, except the clock: a clock that jumped stays where it is."""
        for folder in (self.state, self.own):
            give_rights(folder)


KILLING = ("everything_killed", "provider_killed", "engine_killed")
STOPPING = ("sigterm", "ctrl_c", "ctrl_c_twice")
STARVING = ("state_disk_full", "own_disk_full", "state_read_only", "own_read_only")
SHIFTING = ("clock_back", "clock_ahead", "clock_back_and_killed", "clock_ahead_and_killed")
WAYS = (*KILLING, *STOPPING, *STARVING, *SHIFTING)


def _fill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))


def _take_rights(top: Path) -> None:
    for folder in [folder for folder in top.rglob("*") if folder.is_dir()] + [top]:
        folder.chmod(0o500)


def give_rights(top: Path) -> None:
    """Let folders be written again."""
    if not top.exists():
        return
    top.chmod(0o700)
    for path in top.rglob("*"):
        if path.is_dir():
            path.chmod(0o700)
