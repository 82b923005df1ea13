"""Calls on a clock that the tests move: how they go, what is said, what they cost, how they are steered."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.emulator import server
from tests.emulator.conftest import client_of
from tests.emulator.world import DESTINATION, LLM, NUMBER, STT, TTS, World


def test_a_call_is_dialled_connected_talked_ended_and_reported(world: World) -> None:
    world.callee(script=["Good day", {"says": "Tuesday", "after_s": 5, "reply": "Noted, {{name}}", "hangs_up": True}])
    agent = world.agent(business_name="B")
    answer = world.api.post(
        "/calls/outbound", json={"destination": DESTINATION, "agent_id": agent, "context": '{"name": "An"}'}
    ).json()
    assert (answer["success"], answer["status"]) == (True, "dialing")
    call = answer["call_id"]
    assert world.show(call)["status"] == "connecting"
    world.advance(2.9)
    assert world.show(call)["status"] == "connecting"
    world.advance(0.1)
    assert world.show(call)["status"] == "in-progress"
    assert world.said(call) == ["a: Hi An"]
    world.advance(3)
    assert world.said(call) == ["a: Hi An", "u: Good day", "a: You said: Good day"]
    world.advance(6)
    ended = world.show(call)
    assert world.said(call)[3:] == ["u: Tuesday", "a: Noted, An"]
    assert (ended["status"], ended["duration_seconds"], ended["summary"]) == ("ended", 9, None)
    assert ended["ended_at"] > ended["started_at"] > ended["created_at"]
    assert (ended["agent_name"], ended["business_name"], ended["phone_number"]) == ("A", "B", NUMBER)
    assert "end_reason" not in ended
    world.advance(2)
    assert world.show(call)["summary"] == "5 messages in 9 s, user_hangup."
    assert world.control.get("/calls").json() == {"calls": []}


def test_a_minute_that_was_begun_counts_and_an_empty_balance_refuses(world: World) -> None:
    world.callee(script=[{"after_s": 61, "hangs_up": True}])
    agent = world.agent()
    world.control.put("/settings", json={"minutes_balance": 2})
    call = world.place(agent_id=agent)
    world.advance(200)
    assert world.show(call)["duration_seconds"] == 61
    usage = world.api.get("/usage").json()
    assert usage["summary"] == {"total_minutes": 2, "total_cost": 0.14, "total_calls": 1}
    (log,) = usage["logs"]
    assert (log["call_id"], log["duration_seconds"], log["minutes_used"], log["cost"]) == (call, 61, 2, 0.14)
    account = world.api.get("/account").json()
    assert (account["minutes_balance"], account["monthly_usage_minutes"], account["active_calls"]) == (0, 2, 0)
    refused = world.api.post("/calls/outbound", json={"destination": DESTINATION, "agent_id": agent})
    assert (refused.status_code, refused.json()["error"]["code"]) == (402, "insufficient_credits")
    world.advance(40 * 86_400)
    assert world.api.get("/account").json()["monthly_usage_minutes"] == 0


@pytest.mark.parametrize(
    ("callee", "status", "reason", "error"),
    [
        ({"picks_up": "nobody"}, "failed", "no_answer", "nobody answered"),
        ({"picks_up": "busy"}, "failed", "busy", "the line is busy"),
        ({"picks_up": "voicemail"}, "ended", "voicemail", None),
        ({"script": [{"tool": {"name": "end_call"}}]}, "ended", "agent_hangup", None),
        ({"script": [{"tool": {"name": "transferCall"}}]}, "ended", "transferred", None),
        ({"script": [], "hangs_up": False}, "ended", "max_duration", None),
    ],
)
def test_how_a_call_ends(world: World, callee: dict[str, Any], status: str, reason: str, error: str | None) -> None:
    world.callee(**callee)
    destination = {"type": "number", "number": "+3185", "description": "d", "message": "One moment"}
    tools = [{"type": "endCall"}, {"type": "transferCall", "destinations": [destination]}]
    agent = world.agent(
        llm_config={**LLM, "tools": tools}, voicemail_detection=True, voicemail_message="Call back", first_message=None
    )
    call = world.place(agent_id=agent)
    assert world.control.post("/clock", json={"until": "quiet"}).json()["live_calls"] == 0
    ended = world.show(call)
    assert (ended["status"], world.raw(call)["end_reason"], ended["error"]) == (status, reason, error)
    words = {"voicemail": ["a: Call back"], "transferred": ["a: One moment"]}
    assert world.said(call) == words.get(reason, [])
    assert (ended["started_at"] is None) == (ended["duration_seconds"] is None) == (status == "failed")


def test_silence_ends_a_call_when_the_agent_is_told_to_listen_for_it(world: World) -> None:
    world.callee(script=[], hangs_up=False)
    call = world.place(agent_id=world.agent(autonomous_silence_handling=True, silence_timeout_seconds=12))
    world.advance(100)
    assert (world.raw(call)["end_reason"], world.show(call)["duration_seconds"]) == ("silence_timeout", 12)


def test_an_agent_that_was_sent_along_speaks_and_is_kept_as_it_was_sent(world: World) -> None:
    config = {"llm_config": {**LLM, "messages": [{"role": "system", "content": "Undeployed"}]}, "first_message": "Yo"}
    call = world.place(agent_config={**config, "stt_config": STT, "tts_config": TTS}, first_message="Hello {{x}}")
    world.advance(3)
    assert world.said(call) == ["a: Hello {{x}}"]
    raw = world.raw(call)
    assert raw["request"]["agent_config"]["llm_config"] == config["llm_config"]
    assert raw["agent_config"]["llm_config"]["messages"][0]["content"] == "Undeployed"
    assert (raw["agent_id"], raw["live"]) == (None, True)
    assert "agent_config" not in world.show(call)


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"agent_id": "00000000-0000-4000-8000-000000000000"}, 404, "agent_id"),
        ({"number_id": "00000000-0000-4000-8000-000000000000", "agent_config": {}}, 400, "agent_config.llm_config"),
        ({"agent_config": {"llm_config": LLM, "stt_config": STT}}, 400, "agent_config.tts_config"),
        ({"destination": "0612345678", "agent_config": {"llm_config": LLM}}, 400, "destination"),
        ({}, 400, "agent_id"),
    ],
)
def test_a_call_that_cannot_be_placed_is_refused(world: World, body: dict[str, Any], code: int, param: str) -> None:
    answer = world.api.post("/calls/outbound", json={"destination": DESTINATION, **body})
    assert (answer.status_code, answer.json()["param"]) == (code, param)
    assert world.api.get("/calls").json()["calls"] == []


def test_an_inactive_agent_and_a_missing_number_are_refused(world: World) -> None:
    inactive = world.agent(is_active=False)
    answer = world.api.post("/calls/outbound", json={"destination": DESTINATION, "agent_id": inactive})
    assert answer.status_code == 400
    agent = world.agent()
    unknown = {"agent_id": agent, "number_id": "00000000-0000-4000-8000-000000000000"}
    assert world.api.post("/calls/outbound", json={"destination": DESTINATION, **unknown}).status_code == 404
    world.api.patch(f"/numbers/{world.number['id']}", json={"is_active": False})
    for body in ({"agent_id": agent}, {"agent_id": agent, "number_id": world.number["id"]}):
        assert world.api.post("/calls/outbound", json={"destination": DESTINATION, **body}).status_code == 400


def test_commands_reach_a_call_in_progress_and_only_that(world: World) -> None:
    world.callee(script=[], hangs_up=False)
    call = world.place(agent_id=world.agent(first_message=None))
    early = world.steer(call, type="end-call")
    assert (early.status_code, "connecting" in early.json()["message"]) == (400, True)
    world.advance(3)
    answer = world.steer(call, type="inject-context", content="He is late", trigger_response=True)
    assert answer.json() == {"success": True, "message": "Command sent successfully"}
    world.steer(call, type="inject-context", content="Quietly", trigger_response=False)
    world.steer(call, type="say", content="Still there?", end_after=False)
    assert world.said(call) == ["s: He is late", "a: I now know: He is late", "s: Quietly", "a: Still there?"]
    world.advance(10)
    assert world.steer(call, type="end-call", message="Bye").status_code == 200
    ended = world.show(call)
    assert (ended["status"], ended["duration_seconds"], ended["messages"][-1]["content"]) == ("ended", 10, "Bye")
    assert world.steer(call, type="end-call").status_code == 400
    assert world.steer("call-outbound-none", type="end-call").status_code == 404
    assert [each["type"] for each in world.raw(call)["commands"]][-1] == "end-call"


@pytest.mark.parametrize(
    "command",
    [
        {"type": "say", "content": "x"},
        {"type": "inject-context", "content": "x"},
        {"type": "transfer", "destination": "0612345678"},
        {"type": "transfer"},
        {"type": "dance"},
        {},
    ],
)
def test_a_command_that_is_not_understood_is_400(world: World, command: dict[str, Any]) -> None:
    world.callee(script=[], hangs_up=False)
    call = world.place(agent_id=world.agent())
    world.advance(3)
    answer = world.steer(call, **command)
    assert answer.status_code == 400
    if command.get("type") == "dance":
        assert answer.json()["message"] == "type must be one of inject-context, say, end-call, transfer"
    assert world.raw(call)["commands"] == []


def test_say_and_transfer_can_end_a_call(world: World) -> None:
    world.callee(script=[], hangs_up=False)
    calls = [world.place(agent_id=world.agent()) for _ in range(2)]
    world.advance(3)
    world.steer(calls[0], type="say", content="Bye", end_after=True)
    world.steer(calls[1], type="transfer", destination="sip:desk@example.com", message="One moment")
    assert [world.show(call)["status"] for call in calls] == ["ended", "ended"]
    assert [world.raw(call)["end_reason"] for call in calls] == ["agent_hangup", "transferred"]
    assert world.said(calls[1])[-1] == "a: One moment"


def test_a_realtime_agent_takes_few_commands(world: World) -> None:
    world.callee(script=[], hangs_up=False)
    call = world.place(agent_config={"llm_config": {"provider": "xai_realtime", "model": "grok-realtime-v1"}})
    world.advance(3)
    assert world.steer(call, type="say", content="x", end_after=False).status_code == 400
    assert world.steer(call, type="inject-context", content="x", trigger_response=True).status_code == 400
    assert world.steer(call, type="transfer", destination="+31201234567", message="x").status_code == 200
    assert world.said(call) == []


def test_the_eleventh_command_in_a_minute_is_429_and_each_call_has_its_own_ten(world: World) -> None:
    world.callee(script=[], hangs_up=False)
    calls = [world.place(agent_id=world.agent()) for _ in range(2)]
    world.advance(3)
    say = {"type": "say", "content": "x", "end_after": False}
    assert [world.steer(calls[0], **say).status_code for _ in range(10)] == [200] * 10
    refused = world.steer(calls[0], **say)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert world.steer(calls[1], **say).status_code == 200
    world.advance(60)
    assert world.steer(calls[0], **say).status_code == 200


def test_a_control_route_steers_any_call_by_the_rules_of_the_api(world: World) -> None:
    world.callee(script=[], hangs_up=False)
    call = world.place(agent_id=world.agent(first_message=None))
    say = {"type": "say", "content": "From the console", "end_after": False}
    assert world.control.post(f"/calls/{call}/control", json=say).status_code == 400
    world.advance(3)
    answers = [world.control.post(f"/calls/{call}/control", json=say).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    assert world.said(call) == ["a: From the console"] * 10
    world.advance(60)
    assert world.control.post(f"/calls/{call}/control", json={"type": "dance"}).status_code == 400
    assert world.control.post(f"/calls/{call}/control", json={"type": "end-call"}).status_code == 200
    assert world.raw(call)["end_reason"] == "control_hangup"
    (listed,) = world.control.get("/calls?all=true&brief=true&limit=1").json()["calls"]
    assert (listed["id"], "messages" in listed) == (call, False)


def test_the_list_has_filters_and_pages_and_the_newest_first(world: World) -> None:
    world.callee(script=[], hangs_up=False)
    agent = world.agent()
    calls = []
    for _ in range(5):
        calls.append(world.place(agent_id=agent))
        world.advance(60)
    world.steer(calls[0], type="end-call")

    def listed(**query: Any) -> list[str]:
        answer = world.api.get("/calls", params=query)
        assert answer.status_code == 200, answer.text
        return [call["id"] for call in answer.json()["calls"]]

    assert listed() == calls[::-1]
    assert listed(limit=2, offset=1) == [calls[3], calls[2]]
    assert world.api.get("/calls?limit=5000").json()["pagination"] == {"total": 5, "limit": 1000, "offset": 0}
    assert listed(status="ended") == [calls[0]]
    assert listed(status="in-progress", limit=1) == [calls[4]]
    second = world.show(calls[1])["created_at"]
    assert listed(start_date=second) == calls[:0:-1]
    assert listed(end_date=second) == [calls[1], calls[0]]
    assert "messages" not in world.api.get("/calls").json()["calls"][0]
    for wrong in ({"status": "lost"}, {"start_date": "yesterday"}, {"end_date": "2026-01-01"}):
        assert world.api.get("/calls", params=wrong).status_code == 400
    assert world.api.get("/usage", params={"start_date": "x"}).status_code == 400


PLAN = {
    "enabled": True,
    "schema": {
        "type": "object",
        "properties": {
            "mood": {"type": "string", "enum": ["calm", "angry"]},
            "due": {"type": "string", "format": "date"},
            "count": {"type": "integer", "minimum": 3},
            "agreed": {"type": "boolean"},
            "items": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "who": {"anyOf": [{"type": "object", "properties": {"code": {"type": "string", "minLength": 2}}}]},
        },
    },
}
FOUND = {"mood": "calm", "due": "2026-01-01", "count": 3, "agreed": False, "items": [""], "who": {"code": "xx"}}


@pytest.mark.parametrize("plan", ["structuredDataPlan", "structured_data_plan"])
def test_the_analysis_fills_the_schema_and_the_script_may_know_better(world: World, plan: str) -> None:
    world.callee(analysis={"agreed": True}, summary="A good talk.")
    agent = world.agent(analysis_plan={plan: PLAN})
    call = world.place(agent_id=agent)
    world.control.post("/clock", json={"until": "quiet"})
    shown = world.show(call)
    assert shown["analysis_result"] == {**FOUND, "agreed": True}
    assert shown["summary"] == "A good talk."
    world.callee(script=[])
    short = world.place(agent_id=agent)
    world.advance(60)
    assert world.show(short)["analysis_result"] is None


def test_a_call_that_comes_in_is_answered_by_the_agent_of_its_number(world: World) -> None:
    ring = {"from": DESTINATION, "to": NUMBER, "caller": {"script": ["I am here"], "after_s": 1}}
    rejected = world.control.post("/calls", json=ring).json()["call"]
    assert (world.show(rejected["id"])["status"], rejected["error"]) == (
        "rejected",
        "no active agent answers this number",
    )
    agent = world.agent(first_message="Welcome")
    world.api.patch(f"/numbers/{world.number['id']}", json={"agent_id": agent})
    answer = world.control.post("/calls", json=ring)
    assert answer.status_code == 201
    call = answer.json()["call"]["id"]
    assert call.startswith(f"call-_{DESTINATION}_")
    shown = world.show(call.replace("+", "%2B"))
    assert (shown["status"], shown["caller_phone"], shown["agent_id"]) == ("connecting", DESTINATION, agent)
    world.advance(30)
    assert world.said(call) == ["a: Welcome", "u: I am here", "a: You said: I am here"]
    world.control.put("/settings", json={"minutes_balance": 0})
    assert world.show(world.control.post("/calls", json=ring).json()["call"]["id"])["status"] == "rejected"
    assert world.control.post("/calls", json={**ring, "to": "+31850000000"}).status_code == 404


def test_a_successor_says_more_of_a_call(world: World) -> None:
    world.control.put("/settings", json={"dialect": "successor"})
    world.callee(script=[], hangs_up=False)
    agent = world.agent()
    call = world.place(assistant_id=agent, assistant_override={"first_message": "Override"})
    world.advance(3)
    assert world.said(call) == ["a: Override"]
    world.steer(call, type="transfer", destination="+31201234567")
    world.advance(2)
    shown = world.show(call)
    expected = {"status": "transferred", "end_reason": "transferred", "direction": "outbound", "assistant_id": agent}
    assert {name: shown[name] for name in expected} == expected
    (listed,) = world.api.get("/calls?status=transferred").json()["calls"]
    assert listed == shown
    usage = world.api.get("/usage").json()
    assert (usage["logs"], usage["summary"]["total_calls"]) == ([], 0)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/clock", {"advance_s": -1}),
        ("/clock", {}),
        ("/clock", {"to": "2020-01-01T00:00:00Z"}),
        ("/clock", {"to": "soon"}),
        ("/calls", {"from": "1", "to": NUMBER}),
    ],
)
def test_a_control_request_that_is_not_understood_is_400(calling: httpx.Client, path: str, body: Any) -> None:
    assert calling.post(path, json=body).status_code == 400


def test_callees_are_set_one_by_one_or_all_at_once(calling: httpx.Client) -> None:
    calling.put("/callees", json={"default": {"picks_up": "busy"}, DESTINATION: {"script": ["x"]}}).raise_for_status()
    calling.put("/callees/default", json={}).raise_for_status()
    assert calling.delete(f"/callees/{DESTINATION}").json() == {"callees": {"default": {}}}
    assert calling.delete(f"/callees/{DESTINATION}").status_code == 404
    for number, callee in (("0612", {}), ("default", {"script": [{"tool": {}}]}), ("default", {"x": 1})):
        assert calling.put(f"/callees/{number}", json=callee).status_code == 400
    assert calling.delete("/callees").json() == {"callees": {}}


def test_the_clock_goes_to_an_instant(calling: httpx.Client) -> None:
    before = calling.get("/clock").json()
    assert (before["clock"], before["ahead_s"]) == ("manual", 0)
    calling.post("/clock", json={"advance_s": 86_400}).raise_for_status()
    later = calling.get("/clock").json()
    assert later["now"][:10] > before["now"][:10]
    moved = calling.post("/clock", json={"to": later["now"].replace("20", "20", 1)[:-1] + "+00:00"})
    assert moved.status_code == 400, "a moment that has passed"
    calling.post("/reset")
    assert calling.get("/clock").json()["ahead_s"] == 0


def test_with_a_real_clock_a_call_goes_on_by_itself() -> None:
    with (
        server.running(clock="real", check_answers=True) as emulator,
        client_of(emulator) as api,
        httpx.Client(base_url=emulator.control_url) as control,
    ):
        world = World(api, control)
        world.callee(after_s=0.1, script=[{"says": "Hi", "after_s": 0.1, "hangs_up": True, "reply": None}])
        call = world.place(agent_id=world.agent())
        until = time.monotonic() + 10
        while world.show(call)["status"] != "ended" and time.monotonic() < until:
            time.sleep(0.05)
        assert world.said(call) == ["a: Hi {{name}}", "u: Hi"]


def test_a_call_does_not_outlive_the_emulator(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with server.running(data=file) as emulator, client_of(emulator, "fl_test_lost") as api:
        api.post("/numbers", json={"phone_number": NUMBER})
        config = {"llm_config": LLM, "stt_config": STT, "tts_config": TTS}
        body = {"destination": DESTINATION, "agent_config": config}
        call = api.post("/calls/outbound", json=body).json()["call_id"]
    with server.running(data=file) as emulator, client_of(emulator, "fl_test_lost") as api:
        shown = api.get(f"/calls/{call}").json()
        assert (shown["status"], shown["error"]) == ("failed", "the emulator was stopped")


def test_calls_and_usage_that_are_put_in_from_outside_are_listed(world: World) -> None:
    key = {"Authorization": world.api.headers["Authorization"]}
    used = {"duration_seconds": 61, "minutes_used": 2, "cost": 0.14}
    for n in range(3):
        at = {"created_at": f"2026-01-0{n + 1}T00:00:00.000Z"}
        world.control.post("/objects/calls", json={"status": "ended", **at}, headers=key).raise_for_status()
        world.control.post("/objects/usage", json={**used, **at}, headers=key).raise_for_status()
    for dialect in ("dec2025", "successor"):
        world.control.put("/settings", json={"dialect": dialect})
        assert world.api.get("/calls?limit=1").json()["calls"][0]["created_at"].startswith("2026-01-03")
        assert world.api.get("/usage?limit=1").json()["summary"]["total_calls"] == 3


def test_a_call_whose_row_is_taken_away_disturbs_nobody(world: World) -> None:
    agent = world.agent()
    lost, kept = world.place(agent_id=agent), world.place(agent_id=agent)
    world.advance(4)
    world.control.delete(f"/objects/calls/{lost}").raise_for_status()
    world.advance(60)
    assert world.api.get(f"/calls/{lost}").status_code == 404
    assert world.show(kept)["summary"] is not None
