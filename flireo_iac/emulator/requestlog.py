"""The log of API requests, kept for tests: how many were sent, which, by whom."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

KEPT = 100_000


@dataclass
class Entry:
    """One request.

    Args:
        time: When it came, as the API writes timestamps.
        key: Last four characters of the key; None when none was sent.
        method: HTTP method.
        path: Path below ``/api/v1``.
        status: Status that was answered; None while there is none, or when the connection ended without.
        query: The query as it was sent; empty when there was none.
        body_keys: Top-level keys of a JSON body; None when there was no JSON object.
        fault: Kind of the fault that it met; None when it met none.
    """

    time: str
    key: str | None
    method: str
    path: str
    status: int | None = None
    query: str = ""
    body_keys: list[str] | None = None
    fault: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Give the entry; what is absent is left out, except the status."""
        values: dict[str, Any] = {
            "time": self.time,
            "key": self.key,
            "method": self.method,
            "path": self.path,
            "status": self.status,
        }
        optional = {"query": self.query or None, "body_keys": self.body_keys, "fault": self.fault}
        return values | {name: value for name, value in optional.items() if value is not None}


@dataclass
class RequestLog:
    """The last requests, oldest first."""

    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=KEPT))

    def add(self, entry: Entry) -> Entry:
        """Append an entry; it may be completed later."""
        self.entries.append(entry)
        return entry


def masked(key: str | None) -> str | None:
    """Give the last four characters of a key; of a short one less, so that it stays hidden."""
    if key is None:
        return None
    return "…" + (key[-4:] if len(key) >= 11 else key[-1:])
