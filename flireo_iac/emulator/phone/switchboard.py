"""The calls that are going on: places them, lets time pass for them, ends them, and reports on them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from flireo_iac.emulator.limits import Limiter
from flireo_iac.emulator.options import Settings
from flireo_iac.emulator.phone import analysis, commands, configuration, conversation, metering
from flireo_iac.emulator.phone.callees import Callees, Tool
from flireo_iac.emulator.phone.clock import Clock
from flireo_iac.emulator.phone.conversation import AskAssistant, AskTool, Conversation, End, PickUp
from flireo_iac.emulator.phone.live import COLLECTION, GOING_ON, LiveCall
from flireo_iac.emulator.phone.timeline import Timeline
from flireo_iac.emulator.store import Row, Store, later

REPORT_S = 2.0
TICK_S = 0.1
_log = logging.getLogger(__name__)


class Courier(Protocol):
    """Who brings news of calls to the webhooks, and answers back."""

    def tell(self, call: LiveCall, event: str) -> None:
        """Bring news that nobody needs to answer."""

    def ask_assistant(self, call: LiveCall, then: Callable[[Any], None]) -> None:
        """Ask who answers a call, and go on with the answer."""

    def ask_tool(self, call: LiveCall, definition: Row, wanted: Tool, then: Callable[[Any], None]) -> None:
        """Call a tool, and go on with its result."""

    async def idle(self) -> None:
        """Wait until all that was handed over is delivered and answered."""


class Switchboard:
    """All calls of one emulator.

    Args:
        store: Where they are kept.
        settings: As they are at this moment.
        clock: What is moved on.
        courier: Takes news of calls to webhooks.

    Attributes:
        before_advance: Called each time before time passes; None when nobody asked for it.
    """

    def __init__(self, store: Store, settings: Settings, clock: Clock, courier: Courier) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock
        self.courier = courier
        self.callees = Callees()
        self.limiter = Limiter(clock)
        self.timeline = Timeline()
        self.live: dict[str, LiveCall] = {}
        self.before_advance: Callable[[], None] | None = None
        self._talks: dict[str, Conversation] = {}
        self._passing = asyncio.Lock()

    def begin(self, call: LiveCall, row: Row) -> Row:
        """Have a call ring.

        Args:
            call: The call; its id is that of the row.
            row: What the API and the emulator know of it already.

        Returns:
            The whole row.
        """
        now = self.store.now()
        inbound = row["direction"] == "inbound"
        call.organization.put(
            COLLECTION,
            {
                "id": call.id,
                "status": "ringing" if inbound else "connecting",
                "error": None,
                "end_reason": None,
                "started_at": None,
                "ended_at": None,
                "duration_seconds": None,
                "summary": None,
                "analysis_result": None,
                "recording_url": None,
                **row,
                "messages": [],
                "agent_config": call.agent,
                "webhook_call_id": self.store.new_id(),
                "variables": dict(call.variables),
                "commands": [],
                "tool_calls": [],
                "created_at": now,
                "updated_at": now,
            },
        )
        self.live[call.id] = call
        self._talks[call.id] = conversation.inbound(call) if inbound else conversation.outbound(call)
        self._resume(call, None)
        return call.row

    def command(self, call: LiveCall, command: Row) -> None:
        """Carry a command out; see ``commands.obey``."""
        end = commands.obey(call, command)
        if end is not None:
            self.end(call, end)

    def end(self, call: LiveCall, end: End) -> None:
        """End a call, write down what it used, and have the report made."""
        self._talks.pop(call.id, None)
        row = call.row
        seconds = None if call.answered_at is None else round(self.timeline.now - call.answered_at)
        ended_at = self.store.now() if seconds is None else later(row["started_at"], seconds)
        row = call.change(
            status=end.status, end_reason=end.reason, error=end.error, ended_at=ended_at, duration_seconds=seconds
        )
        metering.record(self.store, call.organization, row)
        self.courier.tell(call, "status-update")
        self.timeline.after(REPORT_S, functools.partial(self._report, call))
        if call.ended is not None:
            call.ended(row)

    async def advance(self, seconds: float, *, passed: bool = False) -> None:
        """Let time pass, with all that happens in it.

        Args:
            seconds: How much, from 0.
            passed: True when it has passed already, False when the clock is to be moved on.
        """
        async with self._passing:
            begin, start = self.timeline.now, self.clock() - (seconds if passed else 0)
            try:
                await self._pass(begin + seconds, start - begin)
                self.timeline.now = begin + seconds
            finally:
                self.clock.release(0 if passed else seconds)
                self.store.save()

    async def advance_until_quiet(self, most_s: float) -> None:
        """Let time pass until no call is going on and every report is made.

        Args:
            most_s: Seconds after which to stop all the same.
        """
        async with self._passing:
            begin, start = self.timeline.now, self.clock()
            try:
                await self._pass(begin + most_s, start - begin, quiet=True)
            finally:
                self.clock.release(self.timeline.now - begin)
                self.store.save()

    async def _pass(self, end: float, offset: float, *, quiet: bool = False) -> None:
        """Have everything happen until a moment of the timeline.

        Args:
            end: That moment.
            offset: Between the timeline and Unix time.
            quiet: True to stop as soon as no call is going on.
        """
        self.clock.hold(self.timeline.now + offset)
        if self.before_advance is not None:
            self.before_advance()
        await self.courier.idle()
        while (due := self.timeline.next()) is not None and due <= end and (self.live or not quiet):
            self.clock.hold(max(due, self.timeline.now) + offset)
            self.timeline.step()
            await self.courier.idle()

    async def run(self, stopping: asyncio.Event) -> None:
        """Let real time pass for as long as the emulator runs, while the settings say so."""
        before = time.monotonic()
        while not stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), TICK_S)
            now = time.monotonic()
            if self.settings.clock == "real":
                try:
                    await self.advance(now - before, passed=True)
                except Exception:
                    _log.exception("the emulator failed while time passed")
            before = now

    def recover(self) -> None:
        """End the calls that another run of the emulator, or another state, has left going on."""
        self._forget()
        for organization in self.store.organizations.values():
            for row in organization.rows(COLLECTION):
                if row["status"] in GOING_ON:
                    lost = {"status": "failed", "end_reason": "lost", "error": "the emulator was stopped"}
                    organization.put(COLLECTION, {**row, **lost, "ended_at": self.store.now()})

    def clear(self) -> None:
        """Forget all calls and callees, and be at the real time."""
        self._forget()
        self.callees.scripts.clear()
        self.limiter.clear()
        self.clock.reset()

    def _forget(self) -> None:
        self.live.clear()
        self._talks.clear()
        self.timeline.clear()

    def _resume(self, call: LiveCall, answer: Any) -> None:
        """Go on with a conversation until it waits again or is over."""
        talk = self._talks.get(call.id)
        if talk is None or not call.going_on:
            return
        then = functools.partial(self._resume, call)
        try:
            wait = talk.send(answer)
            while isinstance(wait, PickUp):
                self._pick_up(call)
                wait = talk.send(None)
        except StopIteration as done:
            del self._talks[call.id]
            if done.value is not None:
                self.end(call, done.value)
        except Exception:
            _log.exception("the emulator failed in the call %s", call.id)
            self.end(call, End("error", "failed", "the emulator failed; its stderr says where"))
        else:
            if isinstance(wait, AskTool):
                self.courier.ask_tool(call, wait.tool, wait.call, then)
            elif isinstance(wait, AskAssistant):
                self.courier.ask_assistant(call, then)
            else:
                self.timeline.after(wait, functools.partial(then, None))

    def _pick_up(self, call: LiveCall) -> None:
        call.answered_at = self.timeline.now
        call.change(status="in-progress", started_at=self.store.now())
        self.courier.tell(call, "status-update")
        self.timeline.after(configuration.longest_s(call.agent), functools.partial(self._too_long, call))

    def _too_long(self, call: LiveCall) -> None:
        if call.going_on and self.live.get(call.id) is call:
            self.end(call, End("max_duration"))

    def _report(self, call: LiveCall) -> None:
        """Write summary and analysis, and report; the call is then done with."""
        if self.live.get(call.id) is not call:
            return
        del self.live[call.id]
        if call.organization.get(COLLECTION, call.id) is None:
            return
        row = call.row
        found = analysis.of_call(call.agent, row["messages"], call.callee.analysis)
        call.change(summary=call.callee.summary or _summary(row), analysis_result=found)
        self.courier.tell(call, "end-of-call-report")


def _summary(row: Row) -> str:
    if row["duration_seconds"] is None:
        return f"Not answered: {row['error']}."
    return f"{len(row['messages'])} messages in {row['duration_seconds']} s, {row['end_reason']}."
