"""The way of webhooks: which are sent, in the order of their call, each once, and a log of what became of them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from flireo_iac.emulator import payload
from flireo_iac.emulator.masking import masked_urls
from flireo_iac.emulator.options import Settings
from flireo_iac.emulator.phone.callees import Tool
from flireo_iac.emulator.phone.live import LiveCall
from flireo_iac.emulator.store import Row
from flireo_iac.emulator.webhooks import answers, bodies, signature
from flireo_iac.emulator.webhooks.delivery import Delivered, NotDeliveredError, post

KEPT = 10_000
NEWS_S = 5.0
DEFAULT_REPLY = "ok"
_log = logging.getLogger(__name__)


class Outbox:
    """Brings news of calls to webhooks, and their answers back. Nothing is sent twice.

    Args:
        settings: As they are at this moment.

    Attributes:
        log: What was sent, oldest first.
        changes: Grows whenever the log changes.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._last: dict[str, asyncio.Task[None]] = {}
        self._refused: set[str] = set()
        self.log: deque[Row] = deque(maxlen=KEPT)
        self.changes = 0

    def tell(self, call: LiveCall, event: str) -> None:
        """Bring news that nobody needs to answer."""
        url = _subscribed(call, event)
        if url is not None:
            body = self._body(call, event)
            secret = call.agent.get("webhook_secret")
            self._send(call, lambda: self._deliver(call.id, event, url, secret, body, NEWS_S))

    def ask_assistant(self, call: LiveCall, then: Callable[[Any], None]) -> None:
        """Ask who answers a call, and go on with the answer, or without one when it is late."""
        event = "assistant-request"
        url = _subscribed(call, event)
        if url is None:
            then({})
            return
        body, secret = self._body(call, event), call.agent.get("webhook_secret")

        async def ask() -> None:
            wait_s = self._settings.assistant_request_s
            then(answers.assistant(await self._deliver(call.id, event, url, secret, body, wait_s)))

        self._send(call, ask)

    def ask_tool(self, call: LiveCall, definition: Row, wanted: Tool, then: Callable[[Any], None]) -> None:
        """Call a tool, write that down, and go on with its result; an asynchronous one gives its own words at once."""
        tool_call: Row = {
            "id": f"call_{call.store.new_id().replace('-', '')[:24]}",
            "type": "function",
            "function": {"name": wanted.name, "arguments": wanted.arguments},
        }
        server = definition.get("server") or {}
        own = definition.get("url") or server.get("url")
        url = own or _subscribed(call, "tool-calls")
        secret = server.get("secret") or call.agent.get("webhook_secret")
        asynchronous = bool(definition.get("async"))

        def done(result: Any, error: str | None = None) -> None:
            if call.going_on:
                entry = {
                    "id": tool_call["id"],
                    "name": wanted.name,
                    "arguments": wanted.arguments,
                    "url": url,
                    "async": asynchronous,
                    "result": result,
                    "error": error,
                }
                call.change(tool_calls=[*call.row["tool_calls"], entry])
                then(result)

        if url is None:
            nowhere = "the tool has no url, and the agent no webhook for tool-calls"
            done({"error": nowhere}, nowhere)
            return
        if wanted.result is not ...:
            done(wanted.result)
            return
        body = self._body(call, "tool-calls", {"toolCallList": [tool_call]})

        async def ask() -> None:
            wait_s = self._settings.tool_calls_s
            answer = await self._deliver(call.id, "tool-calls", url, secret, body, wait_s)
            if not asynchronous:
                done(answers.result(answer, tool_call["id"]), answers.failure(answer))

        self._send(call, ask)
        if asynchronous:
            done(_words(definition))

    async def idle(self) -> None:
        """Wait until all that was handed over is delivered and answered."""
        while self._last:
            await asyncio.wait(self._last.values())

    def clear(self) -> None:
        """Forget what was sent; what is under way still arrives."""
        self.changes += 1
        self.log.clear()

    def _body(self, call: LiveCall, event: str, more: Row | None = None) -> bytes:
        return payload.write(bodies.message(call, event, self._settings.dialect, more))

    def _send(self, call: LiveCall, delivery: Callable[[], Awaitable[Any]]) -> None:
        """Have a delivery made after those of the same call that came before."""
        before = self._last.get(call.id)

        async def in_order() -> None:
            if before is not None:
                await asyncio.wait([before])
            try:
                await delivery()
            except Exception:
                _log.exception("the emulator failed at a webhook of the call %s", call.id)

        def forget(task: asyncio.Task[None]) -> None:
            if self._last.get(call.id) is task:
                del self._last[call.id]

        task = asyncio.get_running_loop().create_task(in_order())
        self._last[call.id] = task
        task.add_done_callback(forget)

    async def _deliver(
        self, call_id: str, event: str, url: str, secret: str | None, body: bytes, timeout_s: float
    ) -> Delivered | NotDeliveredError:
        """Send once, and write down what came of it."""
        # In real time, whatever the clock of the calls says: a receiver refuses what is old.
        sent_at = int(time.time())
        headers = signature.headers(event, body, secret, sent_at, self._settings.dialect)
        entry: Row = {"call_id": call_id, "event": event, "url": url, "headers": headers, "body": body.decode()}
        try:
            answer = await post(url, headers, body, timeout_s)
        except NotDeliveredError as error:
            self._note({**entry, "status": None, "error": str(error), "answer": None})
            self._warn(url, str(error))
            return error
        text = answer.body.decode("utf-8", "replace")
        self._note({**entry, "status": answer.status, "error": None, "answer": text})
        return answer

    def _note(self, entry: Row) -> None:
        self.changes += 1
        self.log.append({"id": self.changes, **entry})

    def _warn(self, url: str, error: str) -> None:
        if error.startswith("not sent") and url not in self._refused:
            self._refused.add(url)
            _log.warning("webhook %s: %s", masked_urls(url), error)


def _subscribed(call: LiveCall, event: str) -> str | None:
    """Give the agent's webhook, when it has one and wants this event; null stands for all (inferred)."""
    events = call.agent.get("webhook_events")
    url: str | None = call.agent.get("webhook_url")
    return url if events is None or event in events else None


def _words(definition: Row) -> str:
    for name in ("asyncResponse", "async_response", "message"):
        if isinstance(definition.get(name), str):
            return str(definition[name])
    return DEFAULT_REPLY
