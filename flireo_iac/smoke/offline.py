"""Runs smoke tests without an account: an emulator on this machine plays both sides from the script of the test.

The agent is made through the API as a deployment would make it, with everything that it refers to; secrets are stood in
for. The call is placed and read back as by any client. Nothing leaves this machine.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from flireo_iac.client.api import FlireoApi
from flireo_iac.client.calls import place_call, read_call
from flireo_iac.core.diff import create_body
from flireo_iac.emulator.server import running
from flireo_iac.errors import FlireoError, SettingsError
from flireo_iac.kinds import KINDS
from flireo_iac.settings import Settings
from flireo_iac.smoke.judge import judge
from flireo_iac.smoke.model import Heard, Outcome, UsedTool, in_error
from flireo_iac.stacks.drafts import Held, Resolver
from flireo_iac.stacks.load import LoadedStack
from flireo_iac.stacks.smoke_form import Turn
from flireo_iac.stacks.smoke_tests import SmokeTest
from flireo_iac.stacks.values import ItemRef, markers

_KEY = "fl_test_offline"
_NUMBER = "+15550000000"
_OUTBOX = "flireo_iac.emulator.webhooks.outbox"


def run_offline(stack: LoadedStack, tests: Sequence[SmokeTest]) -> Iterator[Outcome]:
    """Run tests, one after the other.

    Args:
        stack: The stack in one environment, without errors.
        tests: Its tests.
    """
    if not tests:
        return
    with _quiet(), TemporaryDirectory() as folder, running() as emulator:
        settings = Settings(key=_KEY, base_url=emulator.url, requests_per_minute=100_000, state_dir=Path(folder))
        with FlireoApi(settings) as api, httpx.Client(base_url=emulator.control_url, trust_env=False) as control:
            line = _Line(stack, api, control)
            for number, test in enumerate(tests):
                try:
                    yield line.outcome(test, f"+1555{number + 1:07}")
                except FlireoError as error:
                    yield in_error(test, error)


class _Line:
    """An account of the emulator, with what the tests need made when the first of them needs it."""

    def __init__(self, stack: LoadedStack, api: FlireoApi, control: httpx.Client) -> None:
        self._stack = stack
        self._api = api
        self._control = control
        self._held: dict[str, Held] = {}

    def outcome(self, test: SmokeTest, number: str) -> Outcome:
        """Place the call of a test, and judge it.

        Args:
            test: The test.
            number: Whom to call; each test has a caller of its own.

        Raises:
            FlireoError: The agent cannot be made, or the API refuses the call.
        """
        agent_id = self._made(test.agent).id
        self._ask("PUT", f"/callees/{number}", callee_of(test))
        placed = place_call(
            self._api,
            number,
            agent_id=agent_id,
            number_id=self._number_id(),
            first_message=test.asked.first_message,
            context=test.context,
        )
        self._ask("POST", "/clock", {"until": "quiet"})
        used = self._ask("GET", f"/calls/{placed.call_id}")["call"]["tool_calls"]
        tools = [UsedTool(each["name"], each["arguments"], each.get("error")) for each in used]
        return judge(test, Heard(read_call(self._api, placed.call_id), tools))

    def _made(self, key: str) -> Held:
        """Make an item and what it refers to; give what is there already."""
        if key not in self._held:
            item = self._stack.items[key]
            for each in markers(dict(item.inputs)):
                if isinstance(each, ItemRef):
                    self._made(each.key)
            resolver = Resolver(self._stack.environment or "", self._held, lambda name: f"offline-{name}")
            body = create_body(item.kind, {name: resolver.value(value) for name, value in item.inputs.items()})
            if resolver.problems:
                raise SettingsError("\n".join(resolver.problems))
            row = self._api.create(item.kind, body)
            self._held[key] = Held(row["id"], {**body, **row})
        return self._held[key]

    def _number_id(self) -> str:
        """Give a number to call from; it is of no item."""
        if "" not in self._held:
            row = self._api.create(KINDS["phone_number"], {"phone_number": _NUMBER})
            self._held[""] = Held(row["id"], row)
        return self._held[""].id

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._control.request(method, path, json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()


def callee_of(test: SmokeTest) -> dict[str, Any]:
    """Give the script of a test as the emulator plays it; an agent without words stays silent, and echoes nothing."""
    found = {
        "picks_up": test.asked.picks_up,
        "script": [_turn(turn) for turn in test.turns],
        "analysis": test.asked.analysis_finds,
    }
    return {name: value for name, value in found.items() if value is not None}


def _turn(turn: Turn) -> dict[str, Any]:
    called = turn.agent_calls
    tool = None
    if called is not None:
        tool = {"name": called.name, "arguments": called.arguments}
        if "result" in called.model_fields_set:
            tool["result"] = called.result
    given = {"says": turn.says, "after_s": turn.after_s, "tool": tool, "hangs_up": turn.hangs_up}
    return {**{name: value for name, value in given.items() if value is not None}, "reply": turn.agent_says}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the emulator from telling that the agent's own webhooks were not asked: here they never are."""
    logger = logging.getLogger(_OUTBOX)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
