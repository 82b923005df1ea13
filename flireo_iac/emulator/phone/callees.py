"""Scripted people: who picks up, what they say, which tool that makes the agent call, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flireo_iac.emulator.store import Row

ANY = "default"
_SECONDS = {"type": "number", "minimum": 0, "maximum": 86_400}
_TOOL = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {"name": {"type": "string", "minLength": 1}, "arguments": {"type": "object"}, "result": {}},
}
_TURN = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": {
                "says": {"type": "string", "minLength": 1},
                "after_s": _SECONDS,
                "tool": _TOOL,
                "reply": {"type": ["string", "null"]},
                "hangs_up": {"type": "boolean"},
            },
        },
    ]
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "picks_up": {"enum": ["person", "voicemail", "nobody", "busy"]},
        "after_s": _SECONDS,
        "script": {"type": "array", "items": _TURN, "maxItems": 1000},
        "hangs_up": {"type": "boolean"},
        "analysis": {"type": "object"},
        "summary": {"type": "string"},
    },
}
ALL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "propertyNames": {"pattern": r"^(default|\+[1-9][0-9]{6,14})$"},
    "additionalProperties": SCHEMA,
}


@dataclass(frozen=True)
class Tool:
    """A tool that the agent calls.

    Args:
        name: Its name.
        arguments: With these arguments.
        result: What it answers without being asked; ``...`` for what its webhook says.
    """

    name: str
    arguments: Row
    result: Any = ...


@dataclass(frozen=True)
class Turn:
    """What happens next in a conversation.

    Args:
        says: What the person says; None for nothing.
        after_s: Seconds of silence before, from 0.
        tool: What the agent then calls; None for no tool.
        reply: What the agent then says: a text, None for nothing, ``...`` for what comes to its mind.
        hangs_up: True when the person then hangs up.
    """

    says: str | None = None
    after_s: float = 2.0
    tool: Tool | None = None
    reply: str | Any | None = ...
    hangs_up: bool = False


@dataclass(frozen=True)
class Callee:
    """One person at the other end.

    Args:
        picks_up: ``person``, ``voicemail``, ``nobody`` or ``busy``.
        after_s: Seconds until that is clear, from 0.
        script: What happens once they have picked up.
        hangs_up: True when the person hangs up at the end of the script, False when they stay silent.
        analysis: What the analysis finds, laid over what the schema alone gives.
        summary: Of the call; None for one made from its length.
    """

    picks_up: str = "person"
    after_s: float = 3.0
    script: tuple[Turn, ...] = (Turn("Hello?"), Turn("Thank you, goodbye."))
    hangs_up: bool = True
    analysis: Row = field(default_factory=dict)
    summary: str | None = None


def read(given: Mapping[str, Any]) -> Callee:
    """Read a callee that was checked against ``SCHEMA``."""
    values = dict(given)
    if "script" in values:
        values["script"] = tuple(_turn(each) for each in values["script"])
    return Callee(**values)


def _turn(given: str | Mapping[str, Any]) -> Turn:
    if isinstance(given, str):
        return Turn(given)
    values = dict(given)
    if "tool" in values:
        tool = values["tool"]
        values["tool"] = Tool(tool["name"], tool.get("arguments", {}), tool.get("result", ...))
    return Turn(**values)


class Callees:
    """The people of this emulator, by phone number, and one for all other numbers."""

    def __init__(self) -> None:
        self.scripts: dict[str, Row] = {}

    def of(self, number: str) -> Callee:
        """Give who answers at a number."""
        return read(self.scripts.get(number) or self.scripts.get(ANY) or {})
