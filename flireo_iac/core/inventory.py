"""What the account holds, read once for each kind in a run.

A refresh of many resources reads one list for each kind, not one object for each resource; threads that ask at the
same time wait for one request. Absence is believed only when the object itself answers that it is not there. Where a
list turns out to say less than the object does, that kind is read object by object for the rest of the run.

Source: api notes, sections 3 and 4.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from flireo_iac.core.canonical import canonical, whole
from flireo_iac.core.ports import Api, Listing, Row
from flireo_iac.errors import NotFoundError
from flireo_iac.kinds import KINDS, Kind, our_name

_LOOKS = 3
"""Looks at a list and at the number that its parent counts, before they count as different: the run itself may write
between the two."""

FRESH_S = 1.0
"""Seconds after which a list is too old to begin on what cannot be undone: it may be from before a question."""

OLD_S = 10.0
"""Seconds after which a list no longer tells whether something has happened to an object meanwhile."""

Place = tuple[str, str]
"""Name of a kind, and the id of the parent where its objects exist within one."""


class Inventory:
    """Rows of each kind, kept for one run and updated with what the run itself writes.

    Args:
        api: Where the rows come from.
        say: Takes a sentence for the reader, once for each finding.
    """

    def __init__(self, api: Api, say: Callable[[str], None] = lambda text: None) -> None:
        self._api = api
        self._say = say
        self._locks: defaultdict[Place, Lock] = defaultdict(Lock)
        self._rows: dict[Place, dict[str, Row]] = {}
        self._is_complete: dict[Place, bool] = {}
        self._read_at: dict[Place, float] = {}
        self._named: dict[Place, defaultdict[str, dict[str, None]]] = {}
        self._brief: set[str] = set()

    def listing(self, kind: Kind, within: str = "") -> Listing:
        """Give all objects of a kind, the run's own included; reads the list once in a run.

        Args:
            kind: Kind of the objects.
            within: Id of their parent, where they exist within one; empty for all others.
        """
        place = (kind.name, within)
        with self._locks[place]:
            if place not in self._rows:
                self._keep(place, self._read(kind, within))
            return Listing(tuple(self._rows[place].values()), self._is_complete[place])

    def is_complete(self, kind: Kind, within: str = "") -> bool:
        """Tell whether the list is proven to show everything; for the arguments see ``listing``."""
        place = (kind.name, within)
        if place not in self._is_complete:
            self.listing(kind, within)
        return self._is_complete[place]

    def _read(self, kind: Kind, within: str) -> Listing:
        try:
            for _ in range(_LOOKS):
                listing = self._api.list(kind, within)
                if not listing.is_complete or self._is_counted(kind, within, len(listing.rows)):
                    return listing
            return Listing(listing.rows, is_complete=False)
        except NotFoundError:
            if not within or self.find(KINDS[kind.parent], within)[0] is not None:
                raise
            # With its parent it is gone, as far as the list of the parents proves that.
            return Listing((), self.listing(KINDS[kind.parent]).is_complete)

    def _is_counted(self, kind: Kind, within: str, number: int) -> bool:
        """Tell whether the parent counts as many objects as its list shows: these cannot be asked one by one."""
        if not kind.endpoint.counted_by:
            return True
        parent = KINDS[kind.parent]
        known = self.find(parent, within)[0]
        if known is None or known.get(kind.endpoint.counted_by) != number:
            known = self.ask(parent, within)  # it may have changed since
        return known is not None and known.get(kind.endpoint.counted_by) == number

    def _keep(self, place: Place, listing: Listing) -> None:
        self._rows[place] = {str(row["id"]): row for row in listing.rows}
        self._is_complete[place] = listing.is_complete
        self._read_at[place] = time.monotonic()
        self._named.pop(place, None)

    def listing_of(self, kind: Kind, within: str, max_age_s: float) -> Listing:
        """Do the same as ``listing``, and read the list anew where it is older than so many seconds."""
        read_at = self._read_at.get((kind.name, within))
        is_old = read_at is not None and time.monotonic() - read_at > max_age_s
        return self.relist(kind, within) if is_old else self.listing(kind, within)

    def relist(self, kind: Kind, within: str = "") -> Listing:
        """Read the list anew, because it may have grown since."""
        place = (kind.name, within)
        with self._locks[place]:
            listing = self._read(kind, within)
            self._keep(place, listing)
            return listing

    def named(self, kind: Kind, key: Mapping[str, Any], within: str = "") -> tuple[Row, ...]:
        """Give the objects with a natural key, without a look at all the others.

        Args:
            kind: Kind of the objects.
            key: The natural key, spelled the contract's way.
            within: Id of their parent, where they exist within one.
        """
        self.listing(kind, within)
        place, wanted = (kind.name, within), key_text(kind, key)
        with self._locks[place]:
            rows = self._rows[place]
            if place not in self._named:
                self._named[place] = defaultdict(dict)
                for id_, row in rows.items():
                    self._named[place][key_text(kind, row)][id_] = None
            ids = self._named[place].get(wanted, {})
            return tuple(rows[id_] for id_ in ids if id_ in rows and key_text(kind, rows[id_]) == wanted)

    def find(self, kind: Kind, id_: str) -> tuple[Row | None, bool]:
        """Find an object.

        Returns:
            The row, or None when the object is gone; and True when the object itself was asked, False when the row
            comes from the list.
        """
        if kind.name not in self._brief:
            within = kind.parent_id(id_)
            self.listing(kind, within)
            row = self._rows[kind.name, within].get(id_)
            if row is not None or (within and self._is_complete[kind.name, within]):
                return row, False  # what is within a parent can only be looked up in the same list again
        return self.ask(kind, id_), True

    def ask(self, kind: Kind, id_: str) -> Row | None:
        """Ask the object itself; None when it says that it is not there."""
        if kind.endpoint.within:
            return {str(row["id"]): row for row in self.relist(kind, kind.parent_id(id_)).rows}.get(id_)
        row = self._api.get(kind, id_)
        if row is None:
            self.forget(kind, id_)
        else:
            self.remember(kind, row)
        return row

    def is_brief(self, kind: Kind) -> bool:
        """Tell whether this kind is read object by object."""
        return kind.name in self._brief

    def distrust_list(self, kind: Kind) -> None:
        """Read this kind object by object from now on, because its list says less than the objects do."""
        with self._locks[kind.name, ""]:
            is_news = kind.name not in self._brief
            self._brief.add(kind.name)
        if is_news:
            self._say(
                f"the list of {kind.endpoint.path} says less than its objects do: each {kind.title} is read by itself"
            )

    def remember(self, kind: Kind, row: Row) -> None:
        """Keep what a write or a read of one object answered."""
        id_ = str(row["id"])
        place = (kind.name, kind.parent_id(id_))
        with self._locks[place]:
            if place in self._rows:
                self._rows[place][id_] = row
                if place in self._named:
                    self._named[place][key_text(kind, row)][id_] = None

    def forget(self, kind: Kind, id_: str) -> None:
        """Drop an object that is gone."""
        place = (kind.name, kind.parent_id(id_))
        with self._locks[place]:
            if place in self._rows:
                self._rows[place].pop(id_, None)


def key_text(kind: Kind, values: Mapping[str, Any]) -> str:
    """Give a text that is the same for all objects with one natural key."""
    own = {name: value for name, value in values.items() if our_name(kind.model, name) in kind.natural_key}
    spelled = canonical(kind.model, own)
    key = [whole(spelled.get(name)) for name in kind.natural_key]
    return json.dumps(key, sort_keys=True, ensure_ascii=False, default=str)
