"""Every issue of a resource at once, with its path and rule, and without the value of a secret."""

from __future__ import annotations

from typing import Any

import pytest

from flireo_iac.core.check import check, dotted
from flireo_iac.kinds import KINDS, Kind

LLM = {"provider": "openai", "model": "gpt-4o-mini"}

CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("agent", {"name": "A", "first_mesage": "x"}, "FL103", 'first_mesage: unknown field "first_mesage"; did you mean'),
    ("agent", {"name": "A", "is_active": "yes"}, "FL104", "is_active: is text, expected true or false"),
    ("agent", {"name": "A", "max_duration_seconds": 1.5}, "FL104", "expected a whole number"),
    ("agent", {"name": "A", "llm_config": []}, "FL104", "llm_config: is a list, expected a mapping"),
    ("agent", {}, "FL105", "name: is missing"),
    ("agent", {"name": ""}, "FL106", "name: is empty"),
    ("agent", {"name": "A", "silence_timeout_seconds": 0}, "FL106", "is 0, expected at least 1"),
    ("agent", {"name": "A", "webhook_url": "ftp://x"}, "FL106", "expected a URL"),
    ("agent", {"name": "A", "notification_email": "me"}, "FL106", "expected an e-mail address"),
    ("agent", {"name": "A", "webhook_events": ["calls"]}, "FL106", 'webhook_events[0]: is "calls", expected'),
    ("agent", {"name": "A", "llm_config": {**LLM, "tools": [{"type": "hangup"}]}}, "FL106", "tools[0].type"),
    (
        "agent",
        {"name": "A", "llm_config": {**LLM, "tools": [{"type": "end_call"}, {"name": "a b", "description": "d"}]}},
        "FL106",
        "llm_config.tools[1].name: is not valid",
    ),
    ("agent", {"name": "A", "llm_config": {**LLM, "temprature": 1}}, "FL107", 'did you mean "temperature"?'),
    (
        "agent",
        {"name": "A", "tts_config": {"provider": "openai", "voiceId": "a", "voice_id": "b"}},
        "FL108",
        "two spell",
    ),
    ("agent", {"name": "A", "tts_config": {"provider": "openai", "voice_id": 3}}, "FL104", "tts_config.voice_id: is a"),
    ("agent", {"name": "A", "created_at": "now"}, "FL109", "set by the server"),
    ("agent", {"name": "A", "id": "1"}, "FL109", "set by the server"),
    ("agent", {"name": "A", "llm_config": {**LLM, "provider": "opnai"}}, "FL201", 'unknown provider "opnai"'),
    ("agent", {"name": "A", "tts_config": {"provider": "openai", "stability": 0.5}}, "FL202", "elevenlabs"),
    (
        "agent",
        {"name": "A", "llm_config": {**LLM, "provider": "xai_realtime"}, "tts_config": {"provider": "openai"}},
        "FL203",
        "hears and speaks itself",
    ),
    (
        "tool_template",
        {"name": "T", "tool_type": "function", "tool_config": {"name": "f", "parameters": {}}},
        "FL211",
        "description",
    ),
    ("agent", {"name": "A", "tts_config": {"provider": "11labs"}}, "FL106", 'is "11labs", a name that only'),
    ("tool_template", {"name": "T", "tool_type": "transfer_call", "tool_config": {}}, "FL211", "destinations"),
    ("tool_template", {"name": "T", "tool_type": "endCall", "tool_config": {"x": 1}}, "FL211", "tool_config.x"),
    ("phone_number", {"phone_number": "020"}, "FL106", "E.164"),
    ("sip_trunk", {"name": "T", "host": "h", "port": 70000}, "FL106", "is 70000, expected at most 65535"),
    ("byok_key", {"provider": "acme", "api_key": "x"}, "FL106", 'provider: is "acme"'),
    ("domain", {"domain_name": "not a domain"}, "FL106", "expected a domain name"),
]


@pytest.mark.parametrize(("kind", "inputs", "rule", "text"), CASES, ids=[f"{c[0]}-{c[2]}-{c[3][:24]}" for c in CASES])
def test_each_issue_is_found_and_named(kind: str, inputs: dict[str, Any], rule: str, text: str) -> None:
    (issue,) = check(KINDS[kind], inputs)
    assert issue.rule == rule
    assert text in str(issue)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_example_of_a_kind_has_no_issue(kind: Kind) -> None:
    assert check(kind, kind.example) == []


def test_all_issues_are_found_at_once_in_order_of_their_path() -> None:
    issues = check(KINDS["agent"], {"nam": "A", "is_active": 1, "llm_config": {"provider": "openai"}})
    assert [dotted(issue.path) for issue in issues] == ["is_active", "llm_config.model", "nam", "name"]


def test_nothing_is_said_about_values_that_are_not_known_yet() -> None:
    unknown = object()
    inputs = {"phone_number": unknown, "agent_id": unknown}
    assert check(KINDS["phone_number"], inputs, lambda value: value is unknown) == []
    assert check(KINDS["phone_number"], inputs) != []


def test_unknown_keys_of_a_block_are_kept_in_silence() -> None:
    assert check(KINDS["agent"], {"name": "A", "llm_config": {**LLM, "zebra_mode": {"deep": [1]}}}) == []


def test_the_value_of_a_secret_is_in_no_text() -> None:
    for kind, field in (("byok_key", "api_key"), ("sip_trunk", "password"), ("agent", "webhook_secret")):
        for value in (["canary-1"], {"x": "canary-1"}):
            issues = check(KINDS[kind], {**KINDS[kind].example, field: value})
            assert issues
            assert "canary-1" not in " ".join(map(str, issues))


def test_of_two_spellings_only_that_is_said() -> None:
    inputs = {"name": "T", "outbound_address": 3, "address": "sip.example.com", "host": 4}
    assert {issue.rule for issue in check(KINDS["sip_trunk"], inputs)} == {"FL108"}
