"""The ASGI application: reads requests, keeps the log, plays latency and faults, sends answers."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from flireo_iac.emulator import control, payload, problems
from flireo_iac.emulator.api import KEY_PREFIX, Api, Call, Reply
from flireo_iac.emulator.emulation import Emulation
from flireo_iac.emulator.faults import HOLD_S, Fault, repeated, shortened
from flireo_iac.emulator.masking import masked_query
from flireo_iac.emulator.options import Settings
from flireo_iac.emulator.requestlog import Entry, without_secret
from flireo_iac.emulator.store import organization_id

PREFIX = "/api/v1"
# Where the server puts the connection of a request, so that a fault can cut it.
CONNECTION = "flireo.connection"
_PAGE = b"<html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"


class App:
    """One emulator, as an ASGI application.

    Args:
        emulation: What it serves.
        host: What it listens on, as it was named; control routes are for who knows it by this, or as this machine.
    """

    def __init__(self, emulation: Emulation, *, host: str = "localhost") -> None:
        self.emulation = emulation
        self.api = Api(emulation.store, emulation.settings, emulation.limiter, emulation.phone)
        self.stopping = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._control = control.routes(emulation, host)

    def start(self) -> None:
        """Let time pass for calls from now on; needs a running loop, and may be said twice."""
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self.emulation.phone.run(self.stopping))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        self.start()
        path: str = scope["path"]
        if path.startswith(control.PREFIX + "/"):
            await self._control(scope, receive, send)
        elif path.startswith(PREFIX + "/"):
            await self._serve(scope, receive, send, path.removeprefix(PREFIX))
        elif path == control.PREFIX:
            await RedirectResponse(control.PREFIX + "/")(scope, receive, send)
        else:
            problem = problems.RefusedError(
                404, f"the API is below {PREFIX}, the control routes below {control.PREFIX}"
            )
            reply = Reply(404, problems.body(problem, self.emulation.settings.errors), self.api.limit_headers(None))
            await _response(reply)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        request = Request(scope, receive)
        call = Call(request.method, path, request.headers, request.query_params, b"")
        entry = self.emulation.log.add(self._entry(call, scope["query_string"].decode("latin-1")))
        try:
            raw = await request.body()
        except ClientDisconnect:
            return
        self.emulation.log.sent(entry, raw)
        call = Call(call.method, path, call.headers, call.query, raw)
        if self.emulation.settings.latency_ms:
            await asyncio.sleep(self.emulation.settings.latency_ms / 1000)
        fault = self.emulation.faults.take(call.method, path)
        if fault is None:
            await self._send(entry, _response(self.api.reply(call)), scope, receive, send)
            return
        entry.fault = fault.kind
        carried_out = self.api.reply(call, fault.dialect) if fault.commits else None
        await self._play(fault, carried_out, call, entry, scope, receive, send)

    def _entry(self, call: Call, query: str) -> Entry:
        known = call.key is not None and call.key.startswith(KEY_PREFIX)
        organization = organization_id(call.key) if known and call.key else None
        key = without_secret(call.key)
        query = masked_query(query)
        return Entry(self.emulation.store.now(), key, call.method, call.path, organization=organization, query=query)

    async def _send(self, entry: Entry, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        self.emulation.log.answered(entry, response.status_code, bytes(response.body))
        await response(scope, receive, send)

    async def _play(
        self,
        fault: Fault,
        carried_out: Reply | None,
        call: Call,
        entry: Entry,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        if fault.action == "timeout":
            await self._hold(receive)
        if fault.action in {"timeout", "disconnect"}:
            scope[CONNECTION].abort()
            self.emulation.log.answered(entry, None, None)
            await _until_disconnected(receive)
            return
        response = _faulty(fault, carried_out, self.api.limit_headers(call.key), self.emulation.settings)
        await self._send(entry, response, scope, receive, send)

    async def _hold(self, receive: Receive) -> None:
        """Wait until the client leaves, the emulator stops, or 30 s have gone by."""
        left = asyncio.ensure_future(_until_disconnected(receive))
        stopped = asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait({left, stopped}, timeout=HOLD_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (left, stopped):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _faulty(fault: Fault, carried_out: Reply | None, limits: dict[str, str], settings: Settings) -> Response:
    if fault.action == "status":
        problem = problems.RefusedError(fault.code, fault.message)
        return _response(Reply(fault.code, problems.body(problem, settings.errors), limits))
    if fault.action == "429":
        wait = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        problem = problems.RefusedError(429, fault.message or "Too many requests.")
        return _response(Reply(429, problems.body(problem, settings.errors), {**limits, **wait}))
    if fault.action == "html":
        return Response(_PAGE, fault.status, limits, "text/html; charset=utf-8")
    if carried_out is None:
        raise LookupError(f"the fault {fault.kind} needs an answer to spoil")
    return Response(_spoiled(fault, carried_out), carried_out.status, carried_out.headers, "application/json")


def _spoiled(fault: Fault, carried_out: Reply) -> bytes:
    """Write the answer to a request that was carried out, with what the fault makes of it."""
    content = carried_out.content
    whole = bytes(_response(carried_out).body)
    match fault.action:
        case "empty":
            return b""
        case "dialect":
            return whole
        case "wrong-envelope":
            return payload.write({"result": content})
        case "duplicates":
            twice = repeated(content)
            return whole if twice is None else payload.write(twice)
        case "truncated" if (less := shortened(content)) is not None:
            return payload.write(less)
    return whole[: len(whole) // 2]


def _response(reply: Reply) -> Response:
    if reply.content is None:
        return Response(None, reply.status, reply.headers)
    return Response(payload.write(reply.content), reply.status, reply.headers, "application/json")
