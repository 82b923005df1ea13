"""Answers to an assistant request and to tool calls, in either spelling.

Config blocks (``llm_config`` and the like) go out as they are given. Source: api notes, sections 0 and 14; contract,
AssistantRequestResponse and ToolCallsResponse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flireo_iac.webhooks.events import Spelling

_CAMEL = {
    "first_message": "firstMessage",
    "analysis_plan": "analysisPlan",
    "max_duration_seconds": "maxDurationSeconds",
}


@dataclass(frozen=True)
class Answer:
    """What a webhook answers, before it is spelled.

    Args:
        body: Keys of the answer, in snake_case.
        results: Result of each tool call by its id; None for an answer that has none.
    """

    body: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Any] | None = None

    def spelled(self, spelling: Spelling) -> dict[str, Any]:
        """Give the JSON object that is sent.

        Args:
            spelling: How the event was spelled, ``event.spelling``.
        """
        made = _spelled(self.body, spelling)
        if self.results is not None:
            made["results"] = [_result(id_, result, spelling) for id_, result in self.results.items()]
        return made


def keep() -> Answer:
    """Have the call answered as the agent is configured."""
    return Answer()


def answer_call(
    *,
    first_message: str | None = None,
    stt_config: Mapping[str, Any] | None = None,
    llm_config: Mapping[str, Any] | None = None,
    tts_config: Mapping[str, Any] | None = None,
    analysis_plan: Mapping[str, Any] | None = None,
    max_duration_seconds: int | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Answer:
    """Have a call answered with other words or settings than the agent's; what is None stays the agent's.

    Args:
        first_message: Opening line.
        stt_config: Speech to text, the whole block.
        llm_config: Model, prompt and tools, the whole block.
        tts_config: Text to speech, the whole block.
        analysis_plan: What to extract after the call, the whole block.
        max_duration_seconds: Longest call in seconds, 1 or more.
        metadata: Comes back in the later events of the call; only a successor does that.

    Raises:
        ValueError: The longest call is shorter than a second.
    """
    if max_duration_seconds is not None and max_duration_seconds < 1:
        raise ValueError("a call lasts at least a second")
    given = {
        "first_message": first_message,
        "stt_config": stt_config,
        "llm_config": llm_config,
        "tts_config": tts_config,
        "analysis_plan": analysis_plan,
        "metadata": metadata,
    }
    assistant = {key: value for key, value in given.items() if value is not None}
    body: dict[str, Any] = {"assistant": assistant} if assistant else {}
    if max_duration_seconds is not None:
        body["max_duration_seconds"] = max_duration_seconds
    return Answer(body)


def use_assistant(assistant_id: str, override: Mapping[str, Any] | None = None) -> Answer:
    """Have another saved agent answer the call; only a successor knows this.

    Args:
        assistant_id: Id of the agent.
        override: Top-level fields that replace those of the saved agent; None for none.
    """
    return Answer({"assistant_id": assistant_id, **({"assistant_override": dict(override)} if override else {})})


def reject(reason: str) -> Answer:
    """Turn a caller away.

    Args:
        reason: Spoken to the caller.
    """
    return Answer({"error": reason})


def answer_tools(results: Mapping[str, Any]) -> Answer:
    """Give the model what its tools found.

    Args:
        results: Result of each call by ``ToolCall.id``: text, or anything that JSON can say.
    """
    return Answer(results=dict(results))


def tool_failed(reason: str) -> Answer:
    """Tell the model that a tool did not work, so that it can say so.

    Args:
        reason: What went wrong, for the model.
    """
    return Answer({"error": reason})


def _spelled(body: Mapping[str, Any], spelling: Spelling) -> dict[str, Any]:
    """Spell the keys that belong to the answer; those inside config blocks stay as they are."""
    made = {}
    for key, value in body.items():
        made[_CAMEL.get(key, key) if spelling == "camel" else key] = (
            _spelled(value, spelling) if key == "assistant" else value
        )
    return made


def _result(id_: str, result: Any, spelling: Spelling) -> dict[str, Any]:
    # No later page says how the id is spelled, so that spelling gets both (inferred).
    return {"toolCallId": id_, **({"tool_call_id": id_} if spelling == "snake" else {}), "result": result}
