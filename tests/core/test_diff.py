"""What counts as a change, and what a write carries."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flireo_iac.core.canonical import canonical
from flireo_iac.core.diff import changed_paths, create_body, diff, patch
from flireo_iac.kinds import KINDS

AGENT = KINDS["agent"]
NUMBER = KINDS["phone_number"]
TRUNK = KINDS["sip_trunk"]

LLM = {"provider": "openai", "model": "gpt-4o-mini"}

SAME: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "whole float": ({"max_duration_seconds": 300}, {"max_duration_seconds": 300.0}),
    "nested whole float": ({"llm_config": {**LLM, "temperature": 1}}, {"llm_config": {**LLM, "temperature": 1.0}}),
    "other spelling of a key": (
        {"tts_config": {"provider": "openai", "voiceId": "alloy"}},
        {"tts_config": {"provider": "openai", "voice_id": "alloy"}},
    ),
    "other spelling of a value": (
        {"llm_config": {**LLM, "tools": [{"type": "endCall"}]}},
        {"llm_config": {**LLM, "tools": [{"type": "end_call"}]}},
    ),
    "alias of a provider": ({"tts_config": {"provider": "11labs"}}, {"tts_config": {"provider": "elevenlabs"}}),
    "order of an unordered list": (
        {"webhook_events": ["tool-calls", "status-update"]},
        {"webhook_events": ["status-update", "tool-calls"]},
    ),
    "line endings": ({"first_message": "one\r\ntwo"}, {"first_message": "one\ntwo"}),
    "default written out in a block": ({"llm_config": LLM}, {"llm_config": {**LLM, "temperature": 0.7, "tools": []}}),
    "null in a block": ({"llm_config": LLM}, {"llm_config": {**LLM, "voice": None}}),
    "null at the top": ({}, {"first_message": None}),
    "Pulumi's own keys": ({"__provider": "a"}, {"__provider": "b"}),
    "analysis plan in the later dialect": (
        {"analysis_plan": {"structuredDataPlan": {"enabled": True}, "minMessagesThreshold": 3}},
        {"analysis_plan": {"structured_data_plan": {"enabled": True}, "min_messages_threshold": 3}},
    ),
}

DIFFERENT: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "added": ({}, {"first_message": "Hi"}, "add"),
    "changed": ({"first_message": "Hi"}, {"first_message": "Ho"}, "change"),
    "removed": ({"first_message": "Hi"}, {}, "remove"),
    "true is not 1": ({"first_message": True}, {"first_message": 1}, "change"),
    "top-level default written out": ({}, {"is_active": True}, "add"),
    "order of an ordered list": (
        {"llm_config": {**LLM, "messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}},
        {"llm_config": {**LLM, "messages": [{"role": "user", "content": "b"}, {"role": "user", "content": "a"}]}},
        "change",
    ),
    "a key of free JSON that looks like a field of ours": (
        {"llm_config": {**LLM, "tools": [{"name": "f", "description": "", "parameters": {"async_response": 1}}]}},
        {"llm_config": {**LLM, "tools": [{"name": "f", "description": "", "parameters": {"asyncResponse": 1}}]}},
        "change",
    ),
    "trailing space": ({"first_message": "Hi"}, {"first_message": "Hi "}, "change"),
    "unknown key in a block": ({"llm_config": LLM}, {"llm_config": {**LLM, "new_thing": 1}}, "change"),
}


@pytest.mark.parametrize(("old", "new"), SAME.values(), ids=SAME)
def test_values_that_mean_the_same_need_no_write(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert diff(AGENT, old, new) == ()
    assert diff(AGENT, new, old) == ()


@pytest.mark.parametrize(("old", "new", "operation"), DIFFERENT.values(), ids=DIFFERENT)
def test_values_that_differ_are_a_change(old: dict[str, Any], new: dict[str, Any], operation: str) -> None:
    assert [change.operation for change in diff(AGENT, old, new)] == [operation]


def test_an_unknown_value_counts_as_a_change() -> None:
    unknown = object()
    changes = diff(NUMBER, {"agent_id": "a"}, {"agent_id": unknown}, lambda value: value is unknown)
    assert [(change.name, change.operation, change.is_replacement) for change in changes] == [
        ("agent_id", "change", False)
    ]


def test_a_field_that_no_update_accepts_replaces() -> None:
    (change,) = diff(NUMBER, {"phone_number": "+31201234567"}, {"phone_number": "+31201234568"})
    assert change.is_replacement
    (change,) = diff(TRUNK, {"name": "a", "auth_password": "one"}, {"name": "a", "auth_password": "two"})
    assert change.is_replacement
    assert (change.name, change.written) == ("password", "auth_password")


def test_a_patch_carries_changed_keys_whole_blocks_and_explicit_null() -> None:
    old = {"name": "A", "first_message": "Hi", "is_active": False, "silence_timeout_seconds": 8, "llm_config": LLM}
    new = {"name": "A", "llm_config": {**LLM, "temperature": 1.0}}
    wanted = patch(AGENT, diff(AGENT, old, new), new)
    assert wanted.body == {
        "first_message": None,
        "is_active": True,
        "llm_config": {**LLM, "temperature": 1},
    }
    assert wanted.kept == ("silence_timeout_seconds",)


def test_a_body_is_spelled_as_the_user_wrote_it() -> None:
    inputs = {"name": "A", "tts_config": {"provider": "openai", "voice_id": "alloy"}, "__provider": "x", "first": None}
    assert create_body(AGENT, inputs) == {"name": "A", "tts_config": {"provider": "openai", "voice_id": "alloy"}}


def test_a_body_leaves_out_what_the_create_takes_no_notice_of() -> None:
    inputs = {"name": "Renewals", "agent_id": "1", "status": "scheduled"}
    assert create_body(KINDS["campaign"], inputs) == {"name": "Renewals", "agent_id": "1"}
    assert create_body(KINDS["campaign"], {**inputs, "status": "draft"})["status"] == "draft"


def test_changed_paths_name_the_places_inside_a_block() -> None:
    old = {"llm_config": {**LLM, "messages": [{"role": "system", "content": "one"}]}, "name": "A"}
    new = {"llm_config": {**LLM, "messages": [{"role": "system", "content": "two"}]}, "name": "A", "first_message": "x"}
    assert changed_paths(AGENT, old, new) == ("first_message", "llm_config.messages[0].content")


scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2, allow_nan=False) | st.text(max_size=5)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
fields = st.sampled_from([*AGENT.inputs, "voice_id", "unknown"])
inputs = st.dictionaries(fields, values, max_size=5)


@given(inputs)
def test_nothing_differs_from_itself(one: dict[str, Any]) -> None:
    assert diff(AGENT, one, one) == ()


@given(inputs, inputs)
def test_a_patch_applied_to_the_old_inputs_leaves_nothing_to_do(old: dict[str, Any], new: dict[str, Any]) -> None:
    wanted = patch(AGENT, diff(AGENT, old, new), new)
    after = {**old, **wanted.body}
    for key in wanted.kept:
        after.pop(key)
    left = {change.name for change in diff(AGENT, after, new)}
    # What went back to a server default is there, and the user did not write it.
    assert left <= {key for key, value in wanted.body.items() if value is not None and new.get(key) is None}


@given(inputs)
def test_spelling_twice_changes_nothing_more(one: dict[str, Any]) -> None:
    once = canonical(AGENT.model, one)
    assert canonical(AGENT.model, once) == once
