"""The spelling of answers: envelope keys and the shape of one list. Config blocks stay as they were sent.

Source: api notes, sections 0, 4, 5, 15 and 16.29.
"""

from __future__ import annotations

from typing import Any

from flireo_iac.emulator.contract import Operation
from flireo_iac.emulator.exchange import Answer
from flireo_iac.emulator.options import Dialect

_SNAKE = {
    "toolTemplate": "tool_template",
    "toolTemplates": "tool_templates",
    "analysisTemplate": "analysis_template",
    "analysisTemplates": "analysis_templates",
}
_ENVELOPES: dict[Dialect, dict[str, str]] = {
    "dec2025": {},
    "jan2026": _SNAKE,
    "successor": {**_SNAKE, "agent": "assistant", "agents": "assistants"},
}


def write(dialect: Dialect, operation: Operation, answer: Answer) -> dict[str, Any]:
    """Write an answer as a dialect spells it.

    Args:
        dialect: Which.
        operation: What was asked.
        answer: The answer in the contract's spelling.
    """
    if dialect == "successor" and operation.path.startswith("/analysis-templates") and operation.method != "DELETE":
        # The successor's endpoint pages show one bare, and many in a page.
        content: Any = answer.body[operation.envelope]
        if answer.page is None:
            bare: dict[str, Any] = content
            return bare
        page = answer.page
        return {"data": content, "total": page.total, "limit": page.limit, "offset": page.offset}
    names = _ENVELOPES[dialect]
    return {names.get(key, key): value for key, value in answer.body.items()}
