"""Faults on order: what a network, a gateway or an overloaded server does to a request.

A fault says which requests it meets and how often. ``…-after-commit`` lets the request be carried out first:
the object is there, the caller does not learn of it.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import Any

AFTER_COMMIT = "-after-commit"
HOLD_S = 30.0
_BEFORE = ("timeout", "disconnect-before", "html")
_AFTER = ("timeout", "disconnect", "html")
_DROPPED = ("empty", "truncated", "truncated-body")
KIND = (
    r"^(status:[45][0-9][0-9](-after-commit)?"
    rf"|{'|'.join(_BEFORE)}|429|({'|'.join(_AFTER)})-after-commit|{'|'.join(_DROPPED)})\Z"
)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["kind"],
    "additionalProperties": False,
    "properties": {
        "method": {"type": "string"},
        "path": {"type": "string"},
        "kind": {"type": "string", "pattern": KIND},
        "times": {"type": ["integer", "null"], "minimum": 1},
        "after": {"type": "integer", "minimum": 0},
        "retry_after": {"type": ["integer", "string", "null"]},
        "status": {"type": "integer", "minimum": 200, "maximum": 599},
    },
}


@dataclass
class Fault:
    """One order.

    Args:
        kind: What happens, see ``docs/emulator.md``.
        method: Glob over the method.
        path: Glob over the path below ``/api/v1``.
        times: How many more requests it meets; None for all.
        after: How many matching requests pass before the first is met.
        retry_after: Of a ``429``: seconds, or a date; None to leave the header out.
        status: Of ``html``: the status of the page.
    """

    kind: str
    method: str = "*"
    path: str = "*"
    times: int | None = 1
    after: int = 0
    retry_after: int | str | None = None
    status: int = 502

    @property
    def action(self) -> str:
        """The kind without its timing: ``status``, ``timeout``, ``disconnect``, ``429``, ``html`` and so on."""
        return re.sub(r":\d+|-after-commit$|-before$", "", self.kind)

    @property
    def commits(self) -> bool:
        """True when the request is carried out all the same."""
        return self.kind.endswith(AFTER_COMMIT) or self.kind in _DROPPED

    @property
    def code(self) -> int:
        """HTTP status of the answer that the fault gives."""
        given = re.match(r"status:(\d+)", self.kind)
        return int(given[1]) if given else self.status

    def as_json(self) -> dict[str, Any]:
        """Give the order as it stands."""
        return {
            "method": self.method,
            "path": self.path,
            "kind": self.kind,
            "times": self.times,
            "after": self.after,
            "retry_after": self.retry_after,
            "status": self.status,
        }


class Faults:
    """All orders of one emulator, oldest first."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []

    def add(self, values: dict[str, Any]) -> Fault:
        """Take an order, already checked against ``SCHEMA``."""
        fault = Fault(**values)
        fault.path = fault.path.removeprefix("/api/v1")
        self._orders.append(fault)
        return fault

    def all(self) -> list[Fault]:
        """Give the orders that still meet requests."""
        return list(self._orders)

    def clear(self) -> None:
        """Forget all orders."""
        self._orders.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Give the fault that this request meets, and count it; None when it meets none.

        Args:
            method: Upper case.
            path: Path below ``/api/v1``.
        """
        for fault in self._orders:
            if not (fnmatch.fnmatchcase(method, fault.method.upper()) and fnmatch.fnmatchcase(path, fault.path)):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times == 0:
                    self._orders.remove(fault)
            return fault
        return None


def shortened(body: Any) -> dict[str, Any] | None:
    """Take the tail half off the list in an answer, at least one item; None when it holds no list.

    Args:
        body: The JSON value of an answer.
    """
    if not isinstance(body, dict):
        return None
    name = next((key for key, value in body.items() if isinstance(value, list) and value), None)
    return None if name is None else {**body, name: body[name][: len(body[name]) // 2]}
