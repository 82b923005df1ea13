"""What speaks in a call: a saved agent, one that was sent with the call, or the first with parts of the second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.store import Organization, Row

REALTIME = frozenset({"xai_realtime", "google_realtime", "openai_live"})
LONGEST_S = 600
"""Of a call whose agent has no ``max_duration_seconds`` (inferred: api notes, section 16.5)."""
_SPELLINGS = {
    "firstMessage": "first_message",
    "analysisPlan": "analysis_plan",
    "maxDurationSeconds": "max_duration_seconds",
}
_BUILT_IN = {"end_call": "endCall", "transfer_call": "transferCall"}


def of_request(organization: Organization, given: Row) -> tuple[Row | None, Row]:
    """Give the saved agent that a request names, and what speaks.

    Args:
        organization: Whose agents.
        given: The body of ``POST /calls/outbound``, checked against the contract.

    Returns:
        The saved agent, None for one that was sent along; and the whole configuration.

    Raises:
        RefusedError: 404, no such agent; 400, it is inactive or not complete.
    """
    for field in ("agent_config", "assistant"):
        if field in given:
            return None, _complete(field, given[field])
    agent_id: str = given.get("agent_id") or given["assistant_id"]
    agent = saved(organization, agent_id)
    return agent, overridden(agent, given.get("assistant_override", {}))


def _complete(field: str, sent: Row) -> Row:
    for block in ("stt_config", "tts_config"):
        if block not in sent and not is_realtime(sent):
            param = f"{field}.{block}"
            raise RefusedError(400, f"{param} is required, the agent is not a realtime one", param=param)
    return dict(sent)


def saved(organization: Organization, agent_id: str) -> Row:
    """Give a saved agent that may speak.

    Raises:
        RefusedError: 404, it is not there; 400, it is inactive.
    """
    agent = organization.get("agents", agent_id.lower())
    if agent is None:
        raise RefusedError(404, "agent_id names no object in agents", param="agent_id")
    if not agent.get("is_active", True):
        raise RefusedError(400, "the agent is inactive", param="agent_id")
    return agent


def overridden(agent: Row, override: Mapping[str, Any]) -> Row:
    """Put blocks in the place of those of the same name, spelled either way."""
    return {**agent, **{_SPELLINGS.get(name, name): value for name, value in override.items()}}


def instructed(agent: Row, instructions: str) -> Row:
    """Give a configuration whose system message is another (inferred: how a campaign's template is used)."""
    block = agent.get("llm_config") or {}
    others = [each for each in block.get("messages") or [] if each.get("role") != "system"]
    return {**agent, "llm_config": {**block, "messages": [{"role": "system", "content": instructions}, *others]}}


def is_realtime(agent: Row) -> bool:
    """Say whether one model hears and speaks at once."""
    return (agent.get("llm_config") or {}).get("provider") in REALTIME


def longest_s(agent: Row) -> float:
    """Give the seconds after which the agent hangs up."""
    return agent.get("max_duration_seconds") or LONGEST_S


def tool(agent: Row, name: str) -> Row | None:
    """Find a tool of the agent by the name that the model knows it by; None when it has none."""
    wanted = _BUILT_IN.get(name, name)
    for each in (agent.get("llm_config") or {}).get("tools") or []:
        function = each.get("function") or {}
        kind = _BUILT_IN.get(each.get("type"), each.get("type"))
        if wanted in {each.get("name"), function.get("name"), kind}:
            return dict(each)
    return None


def number_to_call_from(organization: Organization, number_id: str | None) -> Row:
    """Give the number that a call comes from.

    Args:
        organization: Whose numbers.
        number_id: Which; None for the first that is active, as the server picks any.

    Raises:
        RefusedError: 404, it is not there; 400, it is inactive, or there is none to pick.
    """
    if number_id is None:
        active = (row for row in organization.rows("numbers") if row.get("is_active", True))
        found = next(active, None)
        if found is None:
            raise RefusedError(400, "there is no active number to call from")
        return found
    number = organization.get("numbers", number_id.lower())
    if number is None:
        raise RefusedError(404, "number_id names no object in numbers", param="number_id")
    if not number.get("is_active", True):
        raise RefusedError(400, "the number is inactive", param="number_id")
    return number
