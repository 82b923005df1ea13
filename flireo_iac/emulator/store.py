"""What the emulator holds: rows of each organization, ids, timestamps, and the file they are kept in.

A row is a JSON object and is never changed in place: a change puts a new row. All of it belongs to one server.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flireo_iac.emulator import storage

Row = dict[str, Any]


class Organization:
    """The rows of one organization, by collection, in the order of their creation.

    Args:
        id: Its id, the same for the same key.
        changed: Called after every change.
    """

    def __init__(self, id: str, changed: Callable[[], None]) -> None:  # noqa: A002 - the API's word
        self.id = id
        self._changed = changed
        self.collections: dict[str, dict[str, Row]] = {}
        self._texts: dict[tuple[str, str], str] = {}

    def rows(self, collection: str) -> list[Row]:
        """Give all rows of a collection, oldest first."""
        return list(self.collections.get(collection, {}).values())

    def get(self, collection: str, row_id: str) -> Row | None:
        """Give a row; None when there is none."""
        return self.collections.get(collection, {}).get(row_id)

    def put(self, collection: str, row: Row) -> Row:
        """Add a row, or put it in the place of the one with its id."""
        self.collections.setdefault(collection, {})[row["id"]] = row
        self._texts.pop((collection, row["id"]), None)
        self._changed()
        return row

    def remove(self, collection: str, row_id: str) -> None:
        """Take a row away; it must be there."""
        del self.collections[collection][row_id]
        self._texts.pop((collection, row_id), None)
        self._changed()

    def text(self) -> str:
        """Write the organization as JSON, a line a row; rows that did not change are not written anew."""
        parts = []
        for collection, rows in self.collections.items():
            lines = []
            for row_id, row in rows.items():
                place = (collection, row_id)
                if place not in self._texts:
                    self._texts[place] = json.dumps(row, ensure_ascii=False)
                lines.append(self._texts[place])
            if lines:
                parts.append(json.dumps(collection) + ": [\n" + ",\n".join(lines) + "\n]")
        return "{" + ",\n".join(parts) + "}"


class Store:
    """All organizations of one server.

    Args:
        file: Where to keep them; None to keep them in memory only.
        seed: Makes ids the same for the same sequence of requests; None for random ids.
        clock: Unix time in seconds.

    Attributes:
        changes: Grows with every change.

    Raises:
        EmulatorError: The file cannot be read or written, or is not a state of an emulator.
    """

    def __init__(
        self, file: Path | None = None, *, seed: int | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._seed = seed
        self._clock = clock
        self._ids = 0
        self._dirty = False
        self.changes = 0
        self.organizations: dict[str, Organization] = {}
        self._storage = storage.Storage(file) if file is not None else None
        if self._storage is not None:
            found = self._storage.read()
            if found is not None:
                self.replace(found)
            self._storage.write(self.text())
            self._dirty = False

    def organization(self, key: str) -> Organization:
        """Give the organization of an API key; a key that was never seen has an empty one.

        Args:
            key: The key. Only the id made from it is kept.
        """
        return self._by_id(organization_id(key))

    def _by_id(self, organization_id: str) -> Organization:
        if organization_id not in self.organizations:
            self.organizations[organization_id] = Organization(organization_id, self._note_change)
        return self.organizations[organization_id]

    def _note_change(self) -> None:
        self._dirty = True
        self.changes += 1

    def new_id(self) -> str:
        """Make an id that no row has."""
        self._ids += 1
        if self._seed is None:
            return str(uuid.uuid4())
        digest = hashlib.sha256(f"{self._seed}:{self._ids}".encode()).digest()[:16]
        return str(uuid.UUID(bytes=digest, version=4))

    def now(self, after: str | None = None) -> str:
        """Give the present as the API writes it: UTC, milliseconds, Z.

        Args:
            after: A timestamp that the new one must be later than; None when there is none.
        """
        moment = datetime.fromtimestamp(self._clock(), tz=UTC)
        text = _stamp(moment)
        if after is not None and text <= after:
            return later(after, 0.001)
        return text

    def save(self) -> None:
        """Write what has changed to the file; nothing when nothing has, or when there is no file."""
        if self._dirty and self._storage is not None:
            self._storage.write(self.text())
        self._dirty = False

    def text(self) -> str:
        """Write everything as one JSON document, as it is kept in the file."""
        organizations = ",\n".join(
            f"{json.dumps(each.id)}: {each.text()}"
            for each in self.organizations.values()
            if any(each.collections.values())
        )
        return f'{{"version": 1, "ids": {self._ids}, "organizations": {{{organizations}}}}}\n'

    def replace(self, state: dict[str, Any]) -> None:
        """Hold this state and no other.

        Args:
            state: A document as ``text`` writes it, already checked against ``storage.problem``.
        """
        self.organizations = {}
        self._ids = state.get("ids", 0)
        for organization_id, collections in state["organizations"].items():
            organization = self._by_id(organization_id)
            for collection, rows in collections.items():
                for row in rows:
                    organization.put(collection, row)
        self._note_change()

    def clear(self) -> None:
        """Hold nothing."""
        self.replace({"organizations": {}})

    def close(self) -> None:
        """Let the file go."""
        self.save()
        if self._storage is not None:
            self._storage.close()


def organization_id(key: str) -> str:
    """Give the id of the organization of an API key.

    Args:
        key: The key, which cannot be found out from the id.
    """
    digest = hashlib.sha256(key.encode()).digest()[:16]
    return str(uuid.UUID(bytes=digest, version=4))


def later(timestamp: str, seconds: float) -> str:
    """Give the timestamp that comes some seconds after another."""
    return _stamp(datetime.fromisoformat(timestamp) + timedelta(seconds=seconds))


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
