"""A call from end to end: placed, steered, ended, reported to our own receiver, and read back; in every dialect."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.client import FlireoApi, place_call, read_call, read_usage, say
from flireo_iac.emulator.server import Running, running
from flireo_iac.kinds import KINDS
from flireo_iac.settings import Settings
from flireo_iac.webhooks import (
    Answer,
    AssistantRequest,
    EndOfCallReport,
    Event,
    Receiver,
    StatusUpdate,
    ToolCalls,
    answer_call,
    answer_tools,
)
from tests.webhooks.serving import serving

SECRET = "whsec_canary_e7a1"
CALLEE, NUMBER = "+31612345678", "+31851234567"
BOOK = {"name": "book", "description": "Books.", "parameters": {"type": "object", "properties": {}}}
FOUND = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
PLAN = {"structuredDataPlan": {"enabled": True, "schema": FOUND}}
HANGS_UP = {"script": [{"says": "Bye", "hangs_up": True}]}


@dataclass
class Desk:
    """Our side: greets by name, books what is asked for, and keeps what it is told."""

    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> Answer | None:
        self.events.append(event)
        if isinstance(event, AssistantRequest):
            return answer_call(first_message="Welcome back, Ann.")
        if isinstance(event, ToolCalls):
            return answer_tools({call.id: f"booked {call.arguments['day']}" for call in event.tool_call_list})
        return None


@dataclass
class World:
    """An account whose agent tells our receiver."""

    api: FlireoApi
    emulator: Running
    desk: Desk
    agent_id: str

    def control(self, method: str, path: str, **options: Any) -> Any:
        answer = httpx.request(method, f"{self.emulator.control_url}{path}", trust_env=False, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def until_quiet(self) -> None:
        self.control("POST", "/clock", json={"until": "quiet"})


@pytest.fixture(params=["dec2025", "jan2026", "successor"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    desk = Desk()
    receiver = serving(Receiver(desk, ["new-secret", SECRET]))
    with receiver as url, running(requests_per_minute=0, dialect=request.param) as emulator:
        settings = Settings(
            key="fl_test_webhooks",
            base_url=emulator.url,
            dialect="auto",
            requests_per_minute=100_000,
            state_dir=tmp_path,
        )
        with FlireoApi(settings) as api:
            agent = api.create(
                KINDS["agent"],
                {
                    "name": "Desk",
                    "first_message": "Good day",
                    "webhook_url": url,
                    "webhook_secret": SECRET,
                    "llm_config": {"provider": "openai", "model": "gpt-4o", "messages": [], "tools": [BOOK]},
                    "analysis_plan": PLAN,
                },
            )
            api.create(KINDS["phone_number"], {"phone_number": NUMBER, "agent_id": agent["id"]})
            yield World(api, emulator, desk, str(agent["id"]))


def test_a_call_is_placed_steered_reported_and_read_back(world: World) -> None:
    asks = {"says": "Tuesday", "tool": {"name": "book", "arguments": {"day": "Tuesday"}}, "reply": "It is {{result}}"}
    script = ["Hello?", asks, {"says": "Bye", "after_s": 30, "hangs_up": True}]
    world.control("PUT", f"/callees/{CALLEE}", json={"script": script, "analysis": {"ok": True}})
    placed = place_call(world.api, CALLEE, agent_id=world.agent_id)
    world.control("POST", "/clock", json={"advance_s": 15})
    say(world.api, placed.call_id, "One moment, please.")
    world.until_quiet()

    kinds = [type(event) for event in world.desk.events]
    assert kinds == [StatusUpdate, ToolCalls, StatusUpdate, EndOfCallReport]
    report = world.desk.events[-1]
    assert isinstance(report, EndOfCallReport)
    assert report.analysis == {"ok": True}
    assert report.call.type == "outbound_phone_call"
    assert report.customer is not None
    assert report.customer.number == CALLEE

    call = read_call(world.api, placed.call_id)
    assert call.is_over
    assert (call.duration_seconds, call.summary, call.analysis_result) == (
        report.duration_seconds,
        report.summary,
        report.analysis,
    )
    said = [each.content for each in call.messages or ()]
    assert "It is booked Tuesday" in said
    assert "One moment, please." in said
    (used,) = read_usage(world.api).logs
    assert used.minutes == -(-report.duration_seconds // 60)


def test_every_webhook_of_the_emulator_holds_against_a_signature_by_hand(world: World) -> None:
    world.control("PUT", f"/callees/{CALLEE}", json=HANGS_UP)
    place_call(world.api, CALLEE, agent_id=world.agent_id)
    world.until_quiet()
    sent = world.control("GET", "/webhooks")["webhooks"]
    assert [each["status"] for each in sent] == [200] * 3
    for each in sent:
        headers = {name.lower(): value for name, value in each["headers"].items()}
        body = each["body"] if isinstance(each["body"], str) else None
        assert body is not None, "the log keeps the body as it was sent"
        message = f"{headers['x-webhook-timestamp']}.{body}".encode()
        digest = hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
        assert headers["x-webhook-signature"].removeprefix("sha256=") == digest


def test_an_inbound_call_is_answered_as_our_receiver_says(world: World) -> None:
    world.control("POST", "/calls", json={"from": CALLEE, "to": NUMBER, "caller": HANGS_UP})
    world.until_quiet()
    assert isinstance(world.desk.events[0], AssistantRequest)
    assert world.desk.events[0].call.type == "inbound_phone_call"
    (call,) = world.control("GET", "/calls?all=true")["calls"]
    first = read_call(world.api, call["id"]).messages or ()
    assert first[0].content == "Welcome back, Ann."


def test_an_agent_with_another_secret_is_refused(world: World) -> None:
    world.api.update(KINDS["agent"], world.agent_id, {"webhook_secret": "guessed"})
    world.control("PUT", f"/callees/{CALLEE}", json=HANGS_UP)
    place_call(world.api, CALLEE, agent_id=world.agent_id)
    world.until_quiet()
    assert {each["status"] for each in world.control("GET", "/webhooks")["webhooks"]} == {401}
    assert world.desk.events == []
