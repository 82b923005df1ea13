"""Events of both spellings become one model; answers go out in either."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from flireo_iac.webhooks import (
    Answer,
    AssistantRequest,
    EndOfCallReport,
    Event,
    EventError,
    Spelling,
    StatusUpdate,
    ToolCalls,
    answer_call,
    answer_tools,
    keep,
    parse,
    reject,
    tool_failed,
    use_assistant,
)
from flireo_iac.webhooks.samples import EVENTS, EventName, sample

AT = 1_767_225_600
CONTRACT = Path(__file__).parents[2] / "flireo_iac" / "emulator" / "openapi.yaml"
CLASSES: dict[EventName, type[Event]] = {
    "assistant-request": AssistantRequest,
    "tool-calls": ToolCalls,
    "status-update": StatusUpdate,
    "end-of-call-report": EndOfCallReport,
}
PAYLOADS: dict[EventName, str] = {
    "assistant-request": "AssistantRequestPayload",
    "tool-calls": "ToolCallsPayload",
    "status-update": "StatusUpdatePayload",
    "end-of-call-report": "EndOfCallReportPayload",
}


@functools.cache
def contract() -> Any:
    return yaml.safe_load(CONTRACT.read_text())


def body(message: dict[str, Any]) -> bytes:
    return json.dumps({"message": message}).encode()


def message(event: EventName, spelling: Spelling = "camel", **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(sample(event, spelling=spelling, sent_at=AT).body)["message"]
    return {**made, **changes}


@pytest.mark.parametrize("event", EVENTS)
def test_both_spellings_become_one_model(event: EventName) -> None:
    camel, snake = (parse(body(message(event, spelling))) for spelling in ("camel", "snake"))
    assert type(camel) is CLASSES[event]
    assert (camel.spelling, snake.spelling) == ("camel", "snake")
    assert camel.model_dump(exclude={"spelling"}) == snake.model_dump(exclude={"spelling"})
    assert camel.call.type == "inbound_phone_call"
    assert camel.phone_number is not None
    assert camel.phone_number.number == "+3197010200001"


@pytest.mark.parametrize("event", EVENTS)
def test_samples_are_what_the_contract_says(event: EventName) -> None:
    schema = {**contract(), "$ref": f"#/components/schemas/{PAYLOADS[event]}"}
    jsonschema.Draft202012Validator(schema).validate(json.loads(sample(event, sent_at=AT).body))


def test_what_no_model_names_is_kept() -> None:
    given = message("status-update", later={"a": 1}, call={**message("status-update")["call"], "room": "r1"})
    event = parse(body(given))
    assert event.model_extra == {"later": {"a": 1}}
    assert event.call.model_extra == {"room": "r1"}


def test_tool_calls_have_names_and_arguments_also_where_those_are_text() -> None:
    calls = message("tool-calls")["toolCallList"]
    as_text = [{**calls[0], "function": {"name": "book", "arguments": '{"day": "monday"}'}}]
    event = parse(body(message("tool-calls", toolCallList=as_text)))
    assert isinstance(event, ToolCalls)
    assert (event.tool_call_list[0].name, event.tool_call_list[0].arguments) == ("book", {"day": "monday"})


def test_a_web_call_of_a_successor_has_no_numbers() -> None:
    given = message("end-of-call-report", "snake", phone_number={"number": None, "id": None}, customer={"number": None})
    event = parse(body({**given, "call": {**given["call"], "type": "web_call"}, "end_reason": "user_hangup"}))
    assert isinstance(event, EndOfCallReport)
    assert (event.call.type, event.end_reason, event.duration_seconds) == ("web_call", "user_hangup", 84)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", 'no "message"'),
        (b'{"message": 1}', 'no "message"'),
        (body({"type": "hang-up"}), "hang-up|tag"),
        (body({"type": "status-update"}), "message.timestamp: Field required; message.call: Field required"),
        (body(message("tool-calls", toolCallList=[{"id": "1", "function": {"name": "x", "arguments": "no"}}])), "argu"),
    ],
)
def test_what_is_no_event_is_refused_in_plain_words(content: bytes, words: str) -> None:
    with pytest.raises(EventError, match=words) as caught:
        parse(content)
    assert "n event of the platform was expected." in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_no_value_of_a_body_enters_an_error() -> None:
    with pytest.raises(EventError) as caught:
        parse(body(message("end-of-call-report", summary=["canary-9c"], durationSeconds="canary-9c")))
    assert "canary-9c" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "camel", "snake"),
    [
        (keep(), {}, {}),
        (reject("We are closed."), {"error": "We are closed."}, {"error": "We are closed."}),
        (tool_failed("no such order"), {"error": "no such order"}, {"error": "no such order"}),
        (
            answer_call(first_message="Hi", max_duration_seconds=60, analysis_plan={"structuredDataPlan": {}}),
            {
                "assistant": {"firstMessage": "Hi", "analysisPlan": {"structuredDataPlan": {}}},
                "maxDurationSeconds": 60,
            },
            {
                "assistant": {"first_message": "Hi", "analysis_plan": {"structuredDataPlan": {}}},
                "max_duration_seconds": 60,
            },
        ),
        (
            answer_call(tts_config={"provider": "openai", "voiceId": "alloy"}),
            {"assistant": {"tts_config": {"provider": "openai", "voiceId": "alloy"}}},
            {"assistant": {"tts_config": {"provider": "openai", "voiceId": "alloy"}}},
        ),
        (
            use_assistant("a1", {"first_message": "Hi"}),
            {"assistant_id": "a1", "assistant_override": {"first_message": "Hi"}},
            {"assistant_id": "a1", "assistant_override": {"first_message": "Hi"}},
        ),
        (
            answer_tools({"c1": {"free": True}, "c2": "done"}),
            {"results": [{"toolCallId": "c1", "result": {"free": True}}, {"toolCallId": "c2", "result": "done"}]},
            {
                "results": [
                    {"toolCallId": "c1", "tool_call_id": "c1", "result": {"free": True}},
                    {"toolCallId": "c2", "tool_call_id": "c2", "result": "done"},
                ]
            },
        ),
    ],
)
def test_an_answer_is_spelled_as_the_event_was(answer: Answer, camel: Any, snake: Any) -> None:
    assert answer.spelled("camel") == camel
    assert answer.spelled("snake") == snake


def test_a_call_that_lasts_no_second_is_refused() -> None:
    with pytest.raises(ValueError, match="at least a second"):
        answer_call(max_duration_seconds=0)
