"""Faults on order: what a network, a gateway or an overloaded server does to a request.

A fault says which requests it meets and how often. ``…-after-commit`` lets the request be carried out first:
the object is there, the caller does not learn of it.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flireo_iac.emulator.options import DIALECTS, Dialect

AFTER_COMMIT = "-after-commit"
HOLD_S = 30.0
_BEFORE = ("timeout", "disconnect-before", "html")
_AFTER = ("timeout", "disconnect", "html")
_SPOILED = (
    "empty",
    "truncated",
    "truncated-body",
    "duplicates",
    "wrong-envelope",
    *(f"dialect:{name}" for name in DIALECTS),
)
KIND = (
    r"^(status:[45][0-9][0-9](-after-commit)?"
    rf"|{'|'.join(_BEFORE)}|429|({'|'.join(_AFTER)})-after-commit|{'|'.join(_SPOILED)})\Z"
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
        "message": {"type": ["string", "null"]},
        "spreads": {"type": "boolean"},
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
        message: Of ``status:NNN`` and ``429``: what the answer says; None for the usual words.
        spreads: True when it meets everything from the first request that it met, whatever method, path and number.
    """

    kind: str
    method: str = "*"
    path: str = "*"
    times: int | None = 1
    after: int = 0
    retry_after: int | str | None = None
    status: int = 502
    message: str | None = None
    spreads: bool = False

    @property
    def action(self) -> str:
        """The kind without its details: ``status``, ``timeout``, ``disconnect``, ``429``, ``dialect`` and so on."""
        return re.sub(r":.*|-after-commit$|-before$", "", self.kind)

    @property
    def commits(self) -> bool:
        """True when the request is carried out all the same."""
        return self.kind.endswith(AFTER_COMMIT) or self.kind in _SPOILED

    @property
    def code(self) -> int:
        """HTTP status of the answer that the fault gives."""
        given = re.match(r"status:(\d+)", self.kind)
        return int(given[1]) if given else self.status

    @property
    def dialect(self) -> Dialect | None:
        """Spelling of the answer; None for the emulator's own."""
        return next((name for name in DIALECTS if self.kind == f"dialect:{name}"), None)

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
            "message": self.message,
            "spreads": self.spreads,
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
            if fault.spreads:
                fault.method, fault.path, fault.times = "*", "*", None
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
    return _with_list(body, lambda items: items[: len(items) // 2])


def repeated(body: Any) -> dict[str, Any] | None:
    """Put the first item of the list in an answer in the place of the last, as a page that moved does.

    Args:
        body: The JSON value of an answer.

    Returns:
        The same number of items, or twice the only one; None when there is no list.
    """
    return _with_list(body, lambda items: [*items[:-1], items[0]] if len(items) > 1 else items * 2)


def _with_list(body: Any, change: Callable[[list[Any]], list[Any]]) -> dict[str, Any] | None:
    if not isinstance(body, dict):
        return None
    name = next((key for key, value in body.items() if isinstance(value, list) and value), None)
    return None if name is None else {**body, name: change(body[name])}
