"""What the account holds, read once for each kind in a run.

A refresh of many resources reads one list for each kind, not one object for each resource; threads that ask at the
same time wait for one request. Absence is believed only when the object itself answers that it is not there. Where a
list turns out to say less than the object does, that kind is read object by object for the rest of the run.

Source: api notes, sections 3 and 4.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from threading import Lock

from flireo_iac.core.ports import Api, Listing, Row
from flireo_iac.kinds import Kind


class Inventory:
    """Rows of each kind, kept for one run and updated with what the run itself writes.

    Args:
        api: Where the rows come from.
        say: Takes a sentence for the reader, once for each finding.
    """

    def __init__(self, api: Api, say: Callable[[str], None] = lambda text: None) -> None:
        self._api = api
        self._say = say
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)
        self._rows: dict[str, dict[str, Row]] = {}
        self._is_complete: dict[str, bool] = {}
        self._brief: set[str] = set()

    def listing(self, kind: Kind) -> Listing:
        """Give all objects of a kind, the run's own included; reads the list once in a run."""
        with self._locks[kind.name]:
            if kind.name not in self._rows:
                self._keep(kind, self._api.list(kind))
            return Listing(tuple(self._rows[kind.name].values()), self._is_complete[kind.name])

    def _keep(self, kind: Kind, listing: Listing) -> None:
        self._rows[kind.name] = {str(row["id"]): row for row in listing.rows}
        self._is_complete[kind.name] = listing.is_complete

    def relist(self, kind: Kind) -> Listing:
        """Read the list anew, because it may have grown since."""
        with self._locks[kind.name]:
            listing = self._api.list(kind)
            self._keep(kind, listing)
            return listing

    def find(self, kind: Kind, id_: str) -> tuple[Row | None, bool]:
        """Find an object.

        Returns:
            The row, or None when the object is gone; and True when the object itself was asked, False when the row
            comes from the list.
        """
        if kind.name not in self._brief:
            for row in self.listing(kind).rows:
                if str(row["id"]) == id_:
                    return row, False
        return self.ask(kind, id_), True

    def ask(self, kind: Kind, id_: str) -> Row | None:
        """Ask the object itself; None when it says that it is not there."""
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
        with self._locks[kind.name]:
            is_news = kind.name not in self._brief
            self._brief.add(kind.name)
        if is_news:
            self._say(
                f"the list of {kind.endpoint.path} says less than its objects do: each {kind.title} is read by itself"
            )

    def remember(self, kind: Kind, row: Row) -> None:
        """Keep what a write or a read of one object answered."""
        with self._locks[kind.name]:
            if kind.name in self._rows:
                self._rows[kind.name][str(row["id"])] = row

    def forget(self, kind: Kind, id_: str) -> None:
        """Drop an object that is gone."""
        with self._locks[kind.name]:
            if kind.name in self._rows:
                self._rows[kind.name].pop(id_, None)
