"""The log of API requests, kept for tests and for the console: how many were sent, which, by whom."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from flireo_iac.emulator import payload
from flireo_iac.emulator.masking import masked
from flireo_iac.emulator.problems import RefusedError

KEPT = 100_000
BODIES_KEPT = 500
LARGEST_BODY = 200_000


@dataclass
class Entry:
    """One request.

    Args:
        time: When it came, as the API writes timestamps.
        key: Last four characters of the key; None when none was sent.
        method: HTTP method.
        path: Path below ``/api/v1``.
        organization: Id of the organization of the key; None without a key that yields one.
        status: Status that was answered; None while there is none, or when the connection ended without.
        query: The query as it was sent, secrets masked; empty when there was none.
        body_keys: Top-level keys of a JSON body; None when there was no JSON object.
        fault: Kind of the fault that it met; None when it met none.
        ms: Milliseconds until it was answered; None while it is not.
        number: Its place in the log, from 1; 0 before it is in one.
        sent: The body as it was sent; None when it is not kept.
        answered: The body of the answer; None while there is none, and when it is not kept.
    """

    time: str
    key: str | None
    method: str
    path: str
    organization: str | None = None
    status: int | None = None
    query: str = ""
    body_keys: list[str] | None = None
    fault: str | None = None
    ms: float | None = None
    number: int = 0
    sent: bytes | None = None
    answered: bytes | None = None
    began: float = field(default_factory=perf_counter)

    def as_json(self) -> dict[str, Any]:
        """Give the entry; what is absent is left out, except the status."""
        values: dict[str, Any] = {
            "id": self.number,
            "time": self.time,
            "key": self.key,
            "method": self.method,
            "path": self.path,
            "status": self.status,
        }
        optional = {
            "query": self.query or None,
            "body_keys": self.body_keys,
            "fault": self.fault,
            "organization": self.organization,
            "ms": self.ms,
        }
        return values | {name: value for name, value in optional.items() if value is not None}

    def holds(self, words: list[str]) -> bool:
        """Say whether each word, in lower case, stands somewhere in what the log shows."""
        status = "none" if self.status is None else self.status
        text = f"{self.method} {self.path} {self.query} {status} {self.key or 'no key'} {self.fault or ''}".lower()
        return all(word in text for word in words)

    def with_bodies(self) -> dict[str, Any]:
        """Give the entry with both bodies, secrets masked; each is None when there is none to show."""
        return {**self.as_json(), "request": _shown(self.sent), "answer": _shown(self.answered)}


@dataclass
class RequestLog:
    """The last requests, oldest first, and the bodies of the last of those.

    Attributes:
        entries: At most 100,000; bodies are kept of 500, each up to 200,000 bytes.
        keys: The last key of each organization, as the log shows it.
        changes: Grows whenever there is something new to see.
    """

    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=KEPT))
    keys: dict[str, str | None] = field(default_factory=dict)
    changes: int = 0
    _added: int = 0

    def add(self, entry: Entry) -> Entry:
        """Append an entry; it may be completed later."""
        self._added += 1
        self.changes += 1
        entry.number = self._added
        self.entries.append(entry)
        if entry.organization is not None:
            self.keys[entry.organization] = entry.key
        if len(self.entries) > BODIES_KEPT:
            old = self.entries[-BODIES_KEPT - 1]
            old.sent = old.answered = None
        return entry

    def sent(self, entry: Entry, body: bytes) -> None:
        """Note the body of a request."""
        self.changes += 1
        entry.body_keys = _keys(body)
        entry.sent = body if self._keeps(entry, body) else None

    def answered(self, entry: Entry, status: int | None, body: bytes | None) -> None:
        """Note what was answered.

        Args:
            entry: To which request.
            status: The status; None when the connection ended without an answer.
            body: The body; None without an answer.
        """
        self.changes += 1
        entry.status = status
        entry.ms = round((perf_counter() - entry.began) * 1000, 1)
        entry.answered = body if self._keeps(entry, body) else None

    def last(self, most: int | None, words: list[str]) -> list[Entry]:
        """Give the last entries, oldest first.

        Args:
            most: How many at most; None for all.
            words: In lower case; each must stand somewhere in an entry.
        """
        fitting = (entry for entry in reversed(self.entries) if not words or entry.holds(words))
        return list(itertools.islice(fitting, most))[::-1]

    def find(self, number: int) -> Entry | None:
        """Give the entry of a number; None when there is none any more."""
        return next((entry for entry in reversed(self.entries) if entry.number == number), None)

    def clear(self) -> None:
        """Forget all entries."""
        self.changes += 1
        self.entries.clear()
        self.keys.clear()

    def _keeps(self, entry: Entry, body: bytes | None) -> bool:
        return entry.number > self._added - BODIES_KEPT and len(body or b"") <= LARGEST_BODY


def without_secret(key: str | None) -> str | None:
    """Give the last four characters of a key; of a short one less, so that it stays hidden."""
    if key is None:
        return None
    return "…" + (key[-4:] if len(key) >= 11 else key[-1:])


def _keys(raw: bytes) -> list[str] | None:
    """Give the top-level keys of a body; None when it is not a JSON object."""
    body = _value(raw)
    return list(body) if isinstance(body, dict) else None


def _value(raw: bytes) -> Any:
    try:
        return payload.read(raw, None)
    except RefusedError:
        return None


def _shown(raw: bytes | None) -> dict[str, Any] | None:
    """Give a body that is kept; what is not JSON might hold a secret anywhere, so only its size is told."""
    if not raw:
        return None
    size = {"bytes": len(raw)}
    value = _value(raw)
    return size if value is None else {**size, "json": masked(value)}
