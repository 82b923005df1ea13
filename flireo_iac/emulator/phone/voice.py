"""The stand-in for the model: it says what is written down, with the slots filled, and the same each time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_SLOT = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}")
_PAIR = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*[=:]\s*(.*?)\s*")


def fill(text: str, variables: Mapping[str, str]) -> str:
    """Put values into the ``{{slots}}`` of a text; a slot without a value stays as it is."""
    return _SLOT.sub(lambda slot: variables.get(slot[1], slot[0]), text)


def variables(context: str | None) -> dict[str, str]:
    """Read the values that the context of a call holds.

    Args:
        context: A JSON object, or lines of ``key=value`` or ``key: value``, or any text; None for nothing.

    Returns:
        The values by name, and the whole under ``context``.
    """
    if context is None:
        return {}
    return {**_values(context), "context": context}


def _values(context: str) -> dict[str, str]:
    try:
        value = json.loads(context)
    except ValueError:
        lines = [_PAIR.fullmatch(line) for line in context.splitlines() if line.strip()]
        return {pair[1]: pair[2] for pair in lines if pair} if all(lines) else {}
    return {name: as_text(each) for name, each in value.items()} if isinstance(value, dict) else {}


def as_text(value: Any) -> str:
    """Write a JSON value as it is spoken: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def echo(heard: str) -> str:
    """Say what comes to mind: what was just heard."""
    return f"You said: {heard}"


def acknowledge(context: str) -> str:
    """Say that a context was taken in."""
    return f"I now know: {context}"
