"""Webhooks of calls, as a server on this machine gets them."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from flireo_iac.emulator import contract
from flireo_iac.webhooks import verify
from tests.emulator.receiver import Receiver
from tests.emulator.world import DESTINATION, LLM, NUMBER, World

SECRET = "whsec-canary"
LATE = 30.0
"""Seconds that an answer takes, unless the test is over before."""
SHAPES = {
    "assistant-request": "AssistantRequestPayload",
    "tool-calls": "ToolCallsPayload",
    "status-update": "StatusUpdatePayload",
    "end-of-call-report": "EndOfCallReportPayload",
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.leaving.set()
        server.shutdown()
        thread.join(5)


def rung(world: World, agent: str, **caller: Any) -> str:
    """Have somebody call the number, and let the call go on to its end."""
    world.api.patch(f"/numbers/{world.number['id']}", json={"agent_id": agent})
    answer = world.control.post("/calls", json={"from": DESTINATION, "to": NUMBER, "caller": caller})
    call: str = answer.json()["call"]["id"]
    world.control.post("/clock", json={"until": "quiet"}).raise_for_status()
    return call


def _results(call_id: str) -> Any:
    return {"results": [{"toolCallId": call_id, "result": {"at": 10}}]}


BOOK = {"name": "book", "description": "Books"}
TOOL = {"script": [{"says": "Tuesday", "tool": {"name": "book", "arguments": {"day": "Tuesday"}}}]}


def test_a_call_tells_its_whole_story_signed_and_in_the_shape_of_the_contract(world: World, receiver: Receiver) -> None:
    receiver.answers["tool-calls"] = {"result": "10:00"}
    agent = world.agent(webhook_url=receiver.url, webhook_secret=SECRET, llm_config={**LLM, "tools": [BOOK]})
    call = rung(world, agent, **TOOL)
    story = ["assistant-request", "status-update", "tool-calls", "status-update", "end-of-call-report"]
    assert receiver.events() == story
    for (headers, body), event in zip(receiver.got, story, strict=True):
        assert (headers["X-Webhook-Event"], headers["User-Agent"]) == (event, "HMS-Sovereign/1.0")
        timestamp = headers["X-Webhook-Timestamp"]
        assert abs(int(timestamp) - time.time()) < 60
        by_hand = hmac.new(SECRET.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert headers["X-Webhook-Signature"] == by_hand
        verify(body, headers["X-Webhook-Signature"], timestamp, [SECRET])
        assert contract.load().schema(SHAPES[event]).problems(json.loads(body)) == []
        assert SECRET.encode() not in body
    asked, begun, tool, ended, report = receiver.messages()
    assert asked["call"] == {**asked["call"], "type": "inboundPhoneCall", "status": "ringing", "pipeline": "standard"}
    assert [each["call"]["status"] for each in (begun, ended)] == ["in-progress", "ended"]
    assert (asked["phoneNumber"]["number"], asked["customer"]) == (NUMBER, {"number": DESTINATION})
    (called,) = tool["toolCallList"]
    assert called["function"] == {"name": "book", "arguments": {"day": "Tuesday"}}
    assert (report["durationSeconds"], report["summary"]) == (4, world.show(call)["summary"])
    assert world.said(call)[1:] == ["u: Tuesday", "a: book: 10:00"]
    assert {each["call"]["id"] for each in receiver.messages()} == {world.raw(call)["webhook_call_id"]}
    (kept,) = world.raw(call)["tool_calls"]
    assert (kept["name"], kept["result"], kept["id"]) == ("book", "10:00", called["id"])


def test_a_script_may_bring_the_result_along_so_that_nobody_is_asked(world: World, receiver: Receiver) -> None:
    tools = [{**BOOK, "url": receiver.url}, {"name": "lost", "description": "Nowhere"}, {"type": "endCall"}]
    agent = world.agent(llm_config={**LLM, "tools": tools})
    turns = [
        {"tool": {"name": "book", "arguments": {"day": 1}, "result": None}, "reply": "{{result}}!"},
        {"tool": {"name": "lost", "result": "found"}, "reply": "{{result}}"},
        {"tool": {"name": "end_call"}},
    ]
    call = rung(world, agent, script=turns)
    assert receiver.events() == []
    assert world.said(call)[1] == "a: null!"
    assert "the tool has no url" in world.said(call)[2], "a tool that nobody can be asked about has no result either"
    assert [each["name"] for each in world.raw(call)["tool_calls"]] == ["book", "lost", "end_call"]
    assert world.raw(call)["end_reason"] == "agent_hangup"


def test_later_dialects_spell_it_otherwise_and_a_successor_says_more(world: World, receiver: Receiver) -> None:
    receiver.answers["assistant-request"] = {"assistant": {"metadata": {"ticket": 7}}}
    plan = {"structured_data_plan": {"enabled": True, "schema": {"properties": {"mood": {"const": "calm"}}}}}
    tools = {**LLM, "tools": [BOOK]}
    agent = world.agent(webhook_url=receiver.url, webhook_secret=SECRET, llm_config=tools, analysis_plan=plan)
    for dialect in ("jan2026", "successor"):
        receiver.got.clear()
        world.control.put("/settings", json={"dialect": dialect})
        call = rung(world, agent, **TOOL)
        asked, _, tool, _, report = receiver.messages()
        assert (asked["call"]["type"], asked["phone_number"]["number"]) == ("inbound_phone_call", NUMBER)
        assert tool["tool_call_list"][0]["function"]["name"] == "book"
        assert (report["duration_seconds"], report["analysis"]) == (4, {"mood": "calm"})
        assert not {"phoneNumber", "durationSeconds", "toolCallList"} & (report.keys() | tool.keys())
        assert receiver.got[0][0]["X-Webhook-Signature"].startswith("sha256=") == (dialect == "successor")
        assert ("end_reason" in report) == ("id" in report["phone_number"]) == (dialect == "successor")
    assert (report["end_reason"], report["metadata"]) == ("user_hangup", {"ticket": 7})
    assert report["assistant"] == {"id": agent, "name": "A"}
    assert (report["messages"], report["ended_at"]) == (world.show(call)["messages"], world.show(call)["ended_at"])


@pytest.mark.parametrize("spelling", ["firstMessage", "first_message"])
def test_the_answer_to_assistant_request_changes_the_call(world: World, receiver: Receiver, spelling: str) -> None:
    receiver.answers["assistant-request"] = {"assistant": {spelling: "Hello again"}, "maxDurationSeconds": 20}
    agent = world.agent(webhook_url=receiver.url, first_message="Welcome")
    call = rung(world, agent, script=[], hangs_up=False)
    assert world.said(call) == ["a: Hello again"]
    assert (world.raw(call)["end_reason"], world.show(call)["duration_seconds"]) == ("max_duration", 20)


def test_another_assistant_answers_when_the_webhook_says_so(world: World, receiver: Receiver) -> None:
    other = world.agent(first_message="I am the other one")
    receiver.answers["assistant-request"] = {
        "assistant_id": other,
        "assistant_override": {"llm_config": {**LLM, "model": "x"}},
    }
    call = rung(world, world.agent(webhook_url=receiver.url, first_message="Welcome"), script=[])
    assert world.said(call) == ["a: I am the other one"]
    assert world.raw(call)["agent_config"]["llm_config"]["model"] == "x"


def test_an_error_is_spoken_and_the_call_is_rejected(world: World, receiver: Receiver) -> None:
    receiver.answers["assistant-request"] = {"error": "We are closed"}
    call = rung(world, world.agent(webhook_url=receiver.url))
    shown = world.show(call)
    assert (shown["status"], shown["error"], world.said(call)) == ("rejected", "We are closed", ["a: We are closed"])
    last = receiver.messages()[1]
    assert (last["type"], last["call"]["status"], last["error"]) == (
        "status-update",
        "ended-with-error",
        "We are closed",
    )


@pytest.mark.parametrize("answer", [LATE, 500, b"no JSON", b"[]", {}])
def test_without_a_good_answer_in_time_the_saved_agent_answers(world: World, receiver: Receiver, answer: Any) -> None:
    world.control.put("/settings", json={"assistant_request_s": 0.2 if answer is LATE else 5})
    receiver.answers["assistant-request"] = answer
    call = rung(world, world.agent(webhook_url=receiver.url, first_message="Welcome"), script=[])
    assert world.said(call) == ["a: Welcome"]
    assert receiver.events().count("assistant-request") == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda message: _results(message["toolCallList"][0]["id"]), '{"at": 10}'),
        (lambda _: _results("other"), '{"error": "the tool\'s answer has no result for this call"}'),
        ({"result": "ten"}, "ten"),
        ({"at": 10}, '{"at": 10}'),
        (["ten"], '["ten"]'),
        (b"ten", "ten"),
        ({"error": "full"}, '{"error": "full"}'),
        (503, '{"error": "the tool answered 503"}'),
        (LATE, '{"error": "no answer within 0.2 s"}'),
    ],
)
def test_every_form_of_a_tools_answer_reaches_the_agent(
    world: World, receiver: Receiver, answer: Any, said: str
) -> None:
    world.control.put("/settings", json={"tool_calls_s": 0.2 if answer is LATE else 10})
    receiver.answers["tool-calls"] = answer
    agent = world.agent(webhook_url=receiver.url, webhook_events=["tool-calls"], llm_config={**LLM, "tools": [BOOK]})
    call = rung(world, agent, **TOOL)
    assert world.said(call)[-1] == f"a: book: {said}"
    assert receiver.events() == ["tool-calls"]


def test_a_tool_has_a_server_of_its_own_and_may_not_be_waited_for(world: World, receiver: Receiver) -> None:
    receiver.answers["tool-calls"] = {"result": "late"}
    own = {
        "type": "function",
        "function": {"name": "book"},
        "server": {"url": f"{receiver.url}/own", "secret": "other-canary"},
        "async": True,
        "async_response": "I am on it",
    }
    agent = world.agent(webhook_url=f"{receiver.url}/agent", webhook_secret=SECRET, llm_config={**LLM, "tools": [own]})
    call = rung(world, agent, **TOOL)
    assert world.said(call)[-1] == "a: book: I am on it"
    log = world.control.get("/webhooks", params={"call_id": call}).json()["webhooks"]
    (tool,) = [entry for entry in log if entry["event"] == "tool-calls"]
    assert (tool["url"], tool["status"], json.loads(tool["answer"])) == (f"{receiver.url}/own", 200, {"result": "late"})
    (got,) = [each for each in receiver.got if each[0]["X-Webhook-Event"] == "tool-calls"]
    verify(got[1], got[0]["X-Webhook-Signature"], got[0]["X-Webhook-Timestamp"], ["other-canary"])


def test_what_a_slow_tool_delays_comes_after_it(world: World, receiver: Receiver) -> None:
    receiver.answers["tool-calls"] = 0.2
    tools = {**LLM, "tools": [{**BOOK, "async": True}]}
    call = rung(
        world,
        world.agent(webhook_url=receiver.url, webhook_events=["tool-calls", "status-update"], llm_config=tools),
        script=[{"tool": {"name": "book"}, "reply": None, "hangs_up": True}],
    )
    log = world.control.get("/webhooks", params={"call_id": call}).json()["webhooks"]
    assert [entry["event"] for entry in log] == ["status-update", "tool-calls", "status-update"]


def test_a_tool_that_the_agent_has_not_or_that_has_no_server_is_an_error_to_the_agent(world: World) -> None:
    call = rung(world, world.agent(), **TOOL)
    assert world.said(call)[-1] == 'a: book: {"error": "the agent has no tool book"}'
    call = rung(world, world.agent(llm_config={**LLM, "tools": [BOOK]}), **TOOL)
    assert "has no url" in world.said(call)[-1]


def test_an_outbound_call_is_not_asked_about_and_a_failed_one_ends_with_an_error(
    world: World, receiver: Receiver
) -> None:
    agent = world.agent(webhook_url=receiver.url)
    world.callee(picks_up="busy")
    world.place(agent_id=agent)
    world.control.post("/clock", json={"until": "quiet"})
    assert receiver.events() == ["status-update", "end-of-call-report"]
    assert receiver.messages()[0]["error"] == "the line is busy"
    assert receiver.messages()[0]["call"]["type"] == "outboundPhoneCall"


def test_a_command_that_ends_a_call_is_told_at_once(world: World, receiver: Receiver) -> None:
    world.callee(script=[], hangs_up=False)
    call = world.place(agent_id=world.agent(webhook_url=receiver.url))
    world.advance(3)
    world.steer(call, type="end-call")
    world.advance(0)
    assert receiver.events() == ["status-update", "status-update"]


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("https://hooks.example.com/flireo", "not sent: hooks.example.com is not this machine"),
        ("http://127.0.0.1.example.com/", "not sent"),
        ("http://10.0.0.1:8080/", "not sent"),
        ("ftp://127.0.0.1/", "not sent"),
        ("http://127.0.0.1:1/", "cannot be reached"),
    ],
)
def test_no_other_machine_is_reached_and_the_log_says_so(
    world: World, caplog: pytest.LogCaptureFixture, url: str, error: str
) -> None:
    with caplog.at_level(logging.WARNING):
        call = rung(world, world.agent(webhook_url=url), script=[])
    log = world.control.get("/webhooks").json()["webhooks"]
    assert [entry["event"] for entry in log] == [
        "assistant-request",
        "status-update",
        "status-update",
        "end-of-call-report",
    ]
    assert {entry["status"] for entry in log} == {None}
    assert all(entry["error"].startswith(error) or error in entry["error"] for entry in log)
    warned = [record.getMessage() for record in caplog.records]
    assert warned == ([f"webhook {url}: {log[0]['error']}"] if error.startswith("not sent") else [])
    assert world.show(call)["status"] == "ended"
    assert world.control.delete("/webhooks").status_code == 200
    assert world.control.get("/webhooks").json() == {"webhooks": []}


def test_a_server_that_speaks_no_http_is_written_down(world: World) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def talk() -> None:
            for _ in range(4):
                connection, _ = listening.accept()
                connection.sendall(b"SSH-2.0-Other\r\n")
                connection.shutdown(socket.SHUT_WR)
                # To the end of what the other side sends: what is left unread would reset the connection.
                while connection.recv(10_000):
                    pass
                connection.close()

        thread = threading.Thread(target=talk)
        thread.start()
        rung(world, world.agent(webhook_url=f"http://127.0.0.1:{listening.getsockname()[1]}/"), script=[])
        thread.join(5)
    log = world.control.get("/webhooks").json()["webhooks"]
    assert {entry["error"].partition(" (")[0] for entry in log} == {"the answer is not HTTP"}
