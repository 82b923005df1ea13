"""What an answer to a webhook means. Source: api notes, section 14; a tool that fails is told to the model in words."""

from __future__ import annotations

import json
from typing import Any

from flireo_iac.emulator.webhooks.delivery import Delivered, NotDeliveredError


def _value(answer: Delivered) -> Any:
    """Give the JSON value of an answer; of any other text the text, of none None."""
    text = answer.body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text or None


def assistant(answer: Delivered | NotDeliveredError) -> dict[str, Any]:
    """Read who is to answer a call; empty for the saved agent, also when the answer is late, bad or no object.

    Args:
        answer: What came, or why nothing did.
    """
    if isinstance(answer, NotDeliveredError) or not 200 <= answer.status < 300:
        return {}
    value = _value(answer)
    return value if isinstance(value, dict) else {}


def failure(answer: Delivered | NotDeliveredError) -> str | None:
    """Say why no result can have come; None when one can."""
    if isinstance(answer, NotDeliveredError):
        return str(answer)
    return None if 200 <= answer.status < 300 else f"the tool answered {answer.status}"


def result(answer: Delivered | NotDeliveredError, call_id: str) -> Any:
    """Read the result of a tool: one of a list, a single one, an error, or bare data.

    Args:
        answer: What came, or why nothing did.
        call_id: Id of the tool call.
    """
    wrong = failure(answer)
    if isinstance(answer, NotDeliveredError) or wrong is not None:
        return {"error": wrong}
    value = _value(answer)
    if not isinstance(value, dict):
        return value
    results = value.get("results")
    if isinstance(results, list):
        for each in results:
            if isinstance(each, dict) and call_id in {each.get("toolCallId"), each.get("tool_call_id")}:
                return each.get("result", {"error": each["error"]} if "error" in each else None)
        return {"error": "the tool's answer has no result for this call"}
    if "error" in value:
        return {"error": value["error"]}
    return value.get("result", value)
