"""Serving an emulator: in this process until a signal ends it, or in a thread for as long as a test needs it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from flireo_iac.emulator import control
from flireo_iac.emulator.app import CONNECTION, PREFIX, App
from flireo_iac.emulator.emulation import Emulation
from flireo_iac.emulator.options import Settings
from flireo_iac.emulator.store import Store
from flireo_iac.errors import EmulatorError

START_S = 10.0
STOP_S = 15.0
# Longer than any pause of a client that keeps a connection open, so that only faults cut one.
KEEP_ALIVE_S = 120


class _Protocol(H11Protocol):
    """HTTP/1.1 that lets the application reach the connection of a request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        served = self.app

        async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
            scope[CONNECTION] = self.transport
            await served(scope, receive, send)

        self.app = with_connection


class _Server(uvicorn.Server):
    """A quiet server that says when it accepts, and stops without delay."""

    def __init__(self, app: App, accepting: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=5,
            )
        )
        self._app = app
        self._accepting = accepting
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leave signals alone: who starts the server decides what ends it."""
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        self._loop = asyncio.get_running_loop()
        self._app.start()
        await super().startup(sockets)
        self._accepting()

    async def main_loop(self) -> None:
        """Tick ten times a second, as uvicorn does, but stop at once."""
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 1) % 864_000
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let held requests go, then stop."""
        self._app.stopping.set()
        await super().shutdown(sockets)

    def stop(self) -> None:
        """Ask the server to stop; may be called from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._stop.set)


@dataclass(frozen=True)
class Running:
    """An emulator that accepts requests.

    Args:
        address: ``host:port``.
        app: The emulator itself.
    """

    address: str
    app: App

    @property
    def url(self) -> str:
        """Base URL of the API."""
        return f"http://{self.address}{PREFIX}"

    @property
    def control_url(self) -> str:
        """Base URL of the control routes."""
        return f"http://{self.address}{control.PREFIX}"

    @property
    def console_url(self) -> str:
        """Address of the console in a browser of this machine."""
        host, _, port = self.address.rpartition(":")
        if host in {"0.0.0.0", "[::]"}:  # noqa: S104 - compared, not listened on
            host = "localhost"
        return f"http://{host}:{port}{control.PREFIX}/"

    @property
    def store(self) -> Store:
        """What the emulator holds."""
        return self.app.emulation.store


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket.

    Args:
        host: Name or address of this machine.
        port: 0 to 65535; 0 for any free one.

    Raises:
        EmulatorError: The port is taken, or the host is not of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(address)
            opened.listen(128)
        except BaseException:
            opened.close()
            raise
        return opened
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EmulatorError(
            f'start emulator "{host}:{port}": the address cannot be listened on ({reason}), a free one was expected. '
            "Stop what uses it, or choose another with --port; 0 takes any free one."
        ) from None


def serve(app: App, opened: socket.socket, accepting: Callable[[Running], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        app: The emulator.
        opened: The listening socket; it is closed at the end.
        accepting: Called once, when requests are accepted.
    """
    server = _Server(app, lambda: accepting(Running(_address(opened), app)))

    async def until_signal() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stop)
        await server.serve([opened])

    try:
        asyncio.run(until_signal())
    finally:
        app.emulation.store.close()


@contextlib.contextmanager
def running(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    data: Path | None = None,
    seed: int | None = None,
    **settings: Any,
) -> Iterator[Running]:
    """Run an emulator in a thread; several may run at once.

    Args:
        host: Address to listen on.
        port: 0 for any free one.
        data: File to keep the state in; None for memory only.
        seed: Makes ids reproducible; None for random ones.
        **settings: Fields of ``Settings``; unless they say otherwise there is no request limit, and calls go on only
            when a control request lets time pass.

    Yields:
        The running emulator.

    Raises:
        EmulatorError: The port is taken or the file cannot be used.
    """
    options = Settings(**{"requests_per_minute": 0, "clock": "manual", **settings})
    app = App(Emulation(options, file=data, seed=seed), host=host)
    try:
        opened = listen(host, port)
        accepting = threading.Event()
        server = _Server(app, accepting.set)
        thread = threading.Thread(target=server.run, args=([opened],), name="emulator", daemon=True)
        thread.start()
        try:
            if not accepting.wait(START_S):
                raise EmulatorError(
                    f'start emulator "{host}:{port}": it does not accept after {START_S:g} s. Try again.'
                )
            yield Running(_address(opened), app)
        finally:
            server.stop()
            thread.join(STOP_S)
            if thread.is_alive():
                raise EmulatorError(
                    f'stop emulator "{host}:{port}": it still runs after {STOP_S:g} s. End this process.'
                )
    finally:
        app.emulation.store.close()


def _address(opened: socket.socket) -> str:
    host, port = opened.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
