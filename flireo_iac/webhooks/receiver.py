"""A ready ASGI application that receives webhooks: it verifies, reads, hands over, and answers.

Plain ASGI: any server runs it, any framework mounts it, and given an application of its own it is a middleware that
takes one path and leaves the rest alone.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from flireo_iac.errors import EventError, SignatureError
from flireo_iac.webhooks.answers import Answer, keep
from flireo_iac.webhooks.events import AssistantRequest, Event, ToolCalls, parse
from flireo_iac.webhooks.signature import (
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    checked_secrets,
    verify,
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

Handler = Callable[[Event], "Answer | Awaitable[Answer | None] | None"]
"""Takes an event and gives an answer, at once or awaited; None means ``keep()``. One that is no coroutine function
runs in a thread, so that it may block."""

LARGEST_BODY = 5_000_000
"""Bytes; a report holds the transcript of a whole call."""


class Receiver:
    """An ASGI application that takes webhooks.

    Answers 200 with the handler's answer in the spelling of the event, 400 for a body that is no event, 401 for one
    that is not signed as it should be, 405 for anything but POST and 413 for a body that is too large. What the
    handler raises goes on to the server, which answers 500 and logs it.

    Args:
        handler: Takes each event, and gives the answer.
        secrets: Secrets that are accepted: the agent's ``webhook_secret``, and the former one while it is changed. None
            takes unsigned requests, from anybody who can reach the address.
        path: Path that is taken; None for all of them.
        app: Gets every other path; None answers those with 404.
        largest_body: Bytes that a body may have, 1 or more.

    Raises:
        ValueError: There is no secret, or an empty one.
    """

    def __init__(
        self,
        handler: Handler,
        secrets: Sequence[str] | None,
        *,
        path: str | None = None,
        app: App | None = None,
        largest_body: int = LARGEST_BODY,
    ) -> None:
        self._handler = handler
        self._secrets = checked_secrets(secrets) if secrets is not None else None
        self._path = path
        self._app = app
        self._largest_body = largest_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the start and end of the server."""
        is_taken = scope["type"] == "http" and self._path in (None, scope["path"])
        if not is_taken and self._app is not None:
            await self._app(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] != "http":
            raise ValueError(f"webhooks come by http, not by {scope['type']}")
        elif not is_taken:
            await _reply(send, 404, {"error": f"webhooks are taken at {self._path}"})
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await _reply(send, 405, {"error": "a webhook is a POST"}, ((b"allow", b"POST"),))
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            body = await self._body(headers, receive)
        except _LeftError:
            return
        if body is None:
            await _reply(send, 413, {"error": f"the body is larger than {self._largest_body} bytes"})
            return
        try:
            if self._secrets is not None:
                signature, timestamp = (headers.get(name.lower().encode()) for name in _SIGNED)
                verify(body, signature, timestamp, self._secrets)
            event = parse(body)
        except SignatureError as error:
            await _reply(send, 401, {"error": str(error)})
            return
        except EventError as error:
            await _reply(send, 400, {"error": str(error)})
            return
        answer = await self._handled(event) or keep()
        is_heard = isinstance(event, AssistantRequest | ToolCalls)
        await _reply(send, 200, answer.spelled(event.spelling) if is_heard else {})

    async def _body(self, headers: dict[bytes, str], receive: Receive) -> bytes | None:
        """Read the body; None when it is too large, without having read more than is allowed."""
        length = headers.get(b"content-length", "")
        if length.isascii() and length.isdigit() and (len(length) > 18 or int(length) > self._largest_body):
            return None
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _LeftError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._largest_body:
                return None
            if not message.get("more_body", False):
                return b"".join(parts)

    async def _handled(self, event: Event) -> Answer | None:
        if inspect.iscoroutinefunction(self._handler):
            result: Answer | None = await self._handler(event)
            return result
        made = await asyncio.to_thread(self._handler, event)
        return await made if inspect.isawaitable(made) else made


class _LeftError(Exception):
    """The sender has left before its webhook was whole: nobody waits for an answer."""


_SIGNED = (SIGNATURE_HEADER, TIMESTAMP_HEADER)


async def _reply(send: Send, status: int, body: Any, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "backslashreplace")
    described = ((b"content-type", b"application/json"), (b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": [*described, *headers]})
    await send({"type": "http.response.body", "body": content})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
