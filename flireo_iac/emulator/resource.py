"""Create, read, update and delete of any collection; a behaviour adds only what this cannot say."""

from __future__ import annotations

from collections.abc import Mapping

from flireo_iac.emulator.exchange import Answer, Exchange, Handler, Page
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.store import Row

MAX_LIMIT = 100
DEFAULT_LIMIT = 50
MAX_CALLS = 1000


class Resource:
    """One collection of the API.

    Class attributes:
        collection: Name in the store and segment of the path, such as ``agents``.
        spellings: Other spellings of request keys.
        large: Fields that the items of a ``brief`` list leave out.
    """

    collection: str
    spellings: Mapping[str, tuple[str, ...]] = {}
    large: frozenset[str] = frozenset()

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Give the handlers; which of them are served, the contract says."""
        one = f"/{self.collection}/{{id}}"
        return {
            ("GET", f"/{self.collection}"): self.list,
            ("POST", f"/{self.collection}"): self.create,
            ("GET", one): self.read,
            ("PATCH", one): self.update,
            ("DELETE", one): self.delete,
        }

    def defaults(self, exchange: Exchange, given: Row) -> Row:
        """Give the fields that the server fills on create."""
        del exchange, given
        return {}

    def check(self, exchange: Exchange, given: Row, row: Row | None) -> None:
        """Refuse what the contract lets through and the server does not.

        Args:
            exchange: The request.
            given: Its fields.
            row: What is stored; None on create.

        Raises:
            RefusedError: The refusal.
        """

    def filled(self, exchange: Exchange, given: Row) -> Row:
        """Give the fields of a request with what the server fills inside them."""
        del exchange
        return given

    def shown(self, exchange: Exchange, row: Row) -> Row:
        """Give a row as it is answered: computed fields added, secrets left out."""
        del exchange
        return row

    def before_delete(self, exchange: Exchange, row: Row) -> None:
        """Settle what refers to a row that is about to go, or refuse."""

    def list(self, exchange: Exchange) -> Answer:
        """Answer a list, oldest first."""
        rows = exchange.organization.rows(self.collection)
        part = Page(len(rows), None, 0)
        if exchange.operation.takes_pages:
            part = page(exchange.query, len(rows), default=DEFAULT_LIMIT if exchange.successor else None)
            rows = part.of(rows)
        items = [self.shown(exchange, row) for row in rows]
        if exchange.settings.lists == "brief":
            items = [{name: value for name, value in item.items() if name not in self.large} for item in items]
        return Answer({exchange.operation.envelope: items}, page=part)

    def create(self, exchange: Exchange) -> Answer:
        """Create a row."""
        given = self.filled(exchange, exchange.accept(self.spellings))
        self.check(exchange, given, None)
        now = exchange.store.now()
        defaults = self.defaults(exchange, given)
        row = {"id": exchange.store.new_id(), **defaults, **given, "created_at": now, "updated_at": now}
        return self._answer(exchange, exchange.organization.put(self.collection, row))

    def read(self, exchange: Exchange) -> Answer:
        """Answer one row."""
        return self._answer(exchange, self.find(exchange))

    def update(self, exchange: Exchange) -> Answer:
        """Change the keys that are present; a body without any changes nothing, not even the timestamp."""
        row = self.find(exchange)
        given = self.filled(exchange, exchange.accept(self.spellings))
        self.check(exchange, given, row)
        if exchange.body:
            now = exchange.store.now(after=row["updated_at"])
            row = exchange.organization.put(self.collection, {**row, **given, "updated_at": now})
        return self._answer(exchange, row)

    def delete(self, exchange: Exchange) -> Answer:
        """Delete a row."""
        row = self.find(exchange)
        self.before_delete(exchange, row)
        exchange.organization.remove(self.collection, row["id"])
        return Answer({"success": True})

    def find(self, exchange: Exchange) -> Row:
        """Give the row that the path names.

        Raises:
            RefusedError: 404, also when another organization has it.
        """
        row = exchange.organization.get(self.collection, exchange.path["id"].lower())
        if row is None:
            raise RefusedError(404, f"no such object in {self.collection}")
        return row

    def _answer(self, exchange: Exchange, row: Row) -> Answer:
        return Answer({exchange.operation.envelope: self.shown(exchange, row)})


def page(query: Mapping[str, str], total: int, *, default: int | None, most: int = MAX_LIMIT) -> Page:
    """Read limit and offset; out of range is clamped, nonsense ignored (inferred: no 400 is documented).

    Args:
        query: The query of a request.
        total: Items in the whole list.
        default: Items of a page when the query does not say; None for all.
        most: Items of the largest page.
    """
    limit = _whole(query.get("limit"))
    offset = _whole(query.get("offset")) or 0
    if limit is None:
        limit = default
    return Page(total, None if limit is None else min(max(limit, 1), most), max(offset, 0))


def _whole(text: str | None) -> int | None:
    if text is None or not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 18:
        return None
    return int(text)
