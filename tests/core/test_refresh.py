"""What a refresh believes, and what it calls drift."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flireo_iac.core.diff import diff
from flireo_iac.core.refresh import answer_digests, refreshed
from flireo_iac.kinds import KINDS

AGENT = KINDS["agent"]
KEY = KINDS["byok_key"]
TRUNK = KINDS["sip_trunk"]

LLM = {"provider": "openai", "model": "gpt-4o-mini", "messages": [{"role": "system", "content": "Hello\r\n"}]}
INPUTS = {"name": "A", "llm_config": LLM, "__provider": "constant"}


def row(**changes: Any) -> dict[str, Any]:
    filled = {
        "id": "1",
        "name": "A",
        "first_message": None,
        "is_active": True,
        "llm_config": {**LLM, "temperature": 0.7},
    }
    return {**filled, **changes}


def test_what_the_user_did_not_write_is_no_drift() -> None:
    result = refreshed(AGENT, INPUTS, row(first_message="Set in the dashboard"), {})
    assert result.drifted == ()
    assert result.inputs == INPUTS


def test_a_change_outside_is_drift_and_keeps_the_spelling_of_the_rest() -> None:
    ours = {"name": "A", "tts_config": {"provider": "openai", "voice_id": "alloy", "speed": 1.0}}
    theirs = row(tts_config={"provider": "openai", "voiceId": "alloy", "speed": 1.5})
    result = refreshed(AGENT, ours, theirs, {})
    assert result.drifted == ("tts_config",)
    assert result.inputs["tts_config"] == {"provider": "openai", "voice_id": "alloy", "speed": 1.5}


def test_a_field_emptied_outside_is_drift() -> None:
    result = refreshed(AGENT, {"name": "A", "first_message": "Hi"}, row(first_message=None), {})
    assert result.drifted == ("first_message",)
    assert "first_message" not in result.inputs


def test_a_key_added_to_an_owned_block_is_drift() -> None:
    result = refreshed(AGENT, INPUTS, row(llm_config={**LLM, "temperature": 0.7, "new_thing": "on"}), {})
    assert result.drifted == ("llm_config",)
    assert result.inputs["llm_config"]["new_thing"] == "on"


def test_a_default_that_no_page_states_is_learned_from_the_answer() -> None:
    answered = row(llm_config={**LLM, "temperature": 0.7, "filled_by_a_newer_server": 3})
    digests = answer_digests(AGENT, INPUTS, answered)
    assert refreshed(AGENT, INPUTS, answered, digests).drifted == ()
    moved = row(llm_config={**LLM, "temperature": 0.7, "filled_by_a_newer_server": 4})
    assert refreshed(AGENT, INPUTS, moved, digests).drifted == ("llm_config",)


def test_a_value_the_server_rewrites_is_learned_from_the_answer() -> None:
    ours = {"name": "A", "webhook_url": "https://EXAMPLE.com"}
    answered = row(webhook_url="https://example.com/")
    assert refreshed(AGENT, ours, answered, {}).drifted == ("webhook_url",)
    assert refreshed(AGENT, ours, answered, answer_digests(AGENT, ours, answered)).inputs == ours


def test_a_tool_that_the_platform_adds_is_no_drift() -> None:
    ours = {**INPUTS, "autonomous_silence_handling": True}
    theirs = row(autonomous_silence_handling=True, llm_config={**LLM, "tools": [{"type": "end_call"}]})
    assert refreshed(AGENT, ours, theirs, {}).drifted == ()
    off = row(autonomous_silence_handling=False, llm_config={**LLM, "tools": [{"type": "endCall"}]})
    assert "llm_config" in refreshed(AGENT, ours, off, {}).drifted


def test_a_secret_that_is_never_given_back_stays() -> None:
    ours = {"name": "T", "host": "sip.example.com", "password": "canary"}
    theirs = {"id": "1", "name": "T", "host": "sip.example.com", "port": 5060}
    assert refreshed(TRUNK, ours, theirs, {}).inputs == ours


def test_another_place_in_the_vault_means_another_key() -> None:
    ours = {"provider": "openai", "api_key": "canary"}
    theirs = {"id": "openai", "provider": "openai", "secret_id": "two"}
    assert refreshed(KEY, ours, theirs, {}, slot_before="two").drifted == ()
    result = refreshed(KEY, ours, theirs, {}, slot_before="one")
    assert result.drifted == ("api_key",)
    assert [change.operation for change in diff(KEY, result.inputs, ours)] == ["add"]


def test_a_field_the_server_does_not_know_stays() -> None:
    ours = {"phone_number": "+31201234567", "name": "Desk"}
    theirs = {"id": "1", "phone_number": "+31201234567"}
    assert refreshed(KINDS["phone_number"], ours, theirs, {}).inputs == ours


def test_an_answer_without_a_field_that_every_object_has_says_too_little() -> None:
    ours = {"phone_number": "+31201234567", "name": "Desk"}
    number = KINDS["phone_number"]
    digests = answer_digests(number, ours, {"id": "1", **ours})
    assert refreshed(number, ours, {"id": "1", "name": "Desk"}, digests, is_whole=True).inputs == ours
    assert refreshed(
        number, ours, {"id": "1", "phone_number": ours["phone_number"]}, digests, is_whole=True
    ).drifted == ("name",)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)
blocks = st.dictionaries(st.sampled_from(["provider", "model", "messages", "tools", "temperature", "odd"]), json_values)


@given(blocks, blocks)
def test_drift_undone_is_no_drift_and_drift_taken_over_is_none_either(ours: Any, theirs: Any) -> None:
    inputs, answered = {"name": "A", "llm_config": ours}, row(llm_config=theirs)
    result = refreshed(AGENT, inputs, answered, {})
    if not result.drifted:
        assert result.inputs == inputs
        return
    again = refreshed(AGENT, result.inputs, answered, {})
    assert again.drifted == ()
    # The next run of the unchanged stack sees the drift, and brings back what it wants.
    assert diff(AGENT, result.inputs, inputs)
