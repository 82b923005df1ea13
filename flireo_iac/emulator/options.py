"""What can be set on an emulator, at the start and while it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from flireo_iac.emulator.limits import WINDOW_S

Dialect = Literal["dec2025", "jan2026", "successor"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)


@dataclass
class Settings:
    """Settings that may change while the emulator runs.

    Args:
        latency_ms: Milliseconds, from 0, that each request waits before it is handled.
        requests_per_minute: Requests that a key may send in a minute; 0 for no limit.
        window_s: Seconds that such a minute lasts, from 1; shorter ones make tests of limits quick.
        dialect: Spelling of the answers: ``dec2025``, ``jan2026`` or ``successor``.
        lists: ``full`` when a list holds whole objects, ``brief`` when its items leave the large fields out.
        errors: ``documented`` (flat or nested by status), ``flat`` or ``nested``.
        deletes: Status of a delete, 200 with a body or 204 without one, as two pages of the documentation differ.
        clock: ``real`` when calls take their time, ``manual`` when their time passes only by a control request.
        minutes_balance: Minutes that each organization has bought; below 0 is possible.
        commands_per_minute: Commands that a call takes in a minute; 0 for no limit.
        assistant_request_s: Seconds that an assistant-request webhook has to answer.
        tool_calls_s: Seconds that a tool-calls webhook has to answer.
        check_answers: True to hold each answer against the contract; one that breaks it becomes a 500.
    """

    latency_ms: float = 0
    requests_per_minute: int = 100
    window_s: float = WINDOW_S
    dialect: Dialect = "dec2025"
    lists: Literal["full", "brief"] = "full"
    errors: Literal["documented", "flat", "nested"] = "documented"
    deletes: Literal[200, 204] = 200
    clock: Literal["real", "manual"] = "real"
    minutes_balance: float = 1000
    commands_per_minute: int = 10
    assistant_request_s: float = 5
    tool_calls_s: float = 10
    check_answers: bool = False

    def as_json(self) -> dict[str, Any]:
        """Give the settings as a JSON object."""
        return asdict(self)

    def change(self, values: dict[str, Any]) -> None:
        """Take new values.

        Args:
            values: Some of the settings, already checked against ``SCHEMA``.
        """
        for name, value in values.items():
            setattr(self, name, value)


SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "latency_ms": {"type": "number", "minimum": 0, "maximum": 600_000},
        "requests_per_minute": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        "window_s": {"type": "number", "minimum": 1, "maximum": 3_600},
        "dialect": {"enum": list(DIALECTS)},
        "lists": {"enum": ["full", "brief"]},
        "errors": {"enum": ["documented", "flat", "nested"]},
        "deletes": {"enum": [200, 204]},
        "clock": {"enum": ["real", "manual"]},
        "minutes_balance": {"type": "number", "minimum": -1e9, "maximum": 1e9},
        "commands_per_minute": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        "assistant_request_s": {"type": "number", "minimum": 0.01, "maximum": 60},
        "tool_calls_s": {"type": "number", "minimum": 0.01, "maximum": 60},
        "check_answers": {"type": "boolean"},
    },
}
