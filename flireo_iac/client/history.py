"""Lists that grow while they are read, calls and usage: followed page by page, newest first or not.

What was there at the start is proven to be read: a page that moves because something new came repeats rows, and never
leaves one out. Source: api notes, section 4 (limit, offset, pagination with the total).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from flireo_iac.client.answers import MismatchError
from flireo_iac.client.reading import Record, mapping, record

R = TypeVar("R", bound=Record)

PAGE = 200
"""Rows that are asked for at once; the API allows 1000."""

Params = Mapping[str, int | str]


@dataclass(frozen=True)
class HistoryPage(Generic[R]):
    """One answer.

    Args:
        rows: What it holds, in the server's order.
        total: How many there are in all; None when it does not say.
        body: The whole of it.
    """

    rows: tuple[R, ...]
    total: int | None
    body: Mapping[str, Any]


@dataclass(frozen=True)
class History(Generic[R]):
    """What was read.

    Args:
        rows: The objects, in the server's order, each once.
        total: How many the server had at the start, by its own filters; None when it did not say.
        is_complete: True when nothing that was there at the start, from the offset on, is missing.
        body: The first answer.
    """

    rows: tuple[R, ...]
    total: int | None
    is_complete: bool
    body: Mapping[str, Any]


def read_history(
    fetch: Callable[[Params], HistoryPage[R]],
    identity: Callable[[R], str],
    *,
    most: int | None,
    offset: int = 0,
    keep: Callable[[R], bool] | None = None,
) -> History[R]:
    """Read a list until it is whole, or until enough is found.

    Args:
        fetch: From the query to one page.
        identity: What tells two rows apart.
        most: Rows to find, 1 or more; None for all.
        offset: Rows of the server to pass over, 0 or more.
        keep: Whether a row counts; None for every row.
    """
    size = PAGE if most is None or keep is not None else min(most, PAGE)
    seen: dict[str, R] = {}
    found: list[R] = []
    first: HistoryPage[R] | None = None
    at = offset
    while True:
        page = fetch({"limit": size, "offset": at})
        first = first or page
        new = {identity(row): row for row in page.rows if identity(row) not in seen}
        seen.update(new)
        found += [row for row in new.values() if keep is None or keep(row)]
        at += len(page.rows)
        is_over = at >= page.total if page.total is not None else len(page.rows) < size
        is_enough = most is not None and len(found) >= most
        if is_enough or is_over or not new:
            is_whole = is_over if first.total is None else len(seen) >= first.total - offset
            is_cut = most is not None and len(found) > most
            return History(tuple(found[:most]), first.total, is_whole and not is_cut, first.body)


def history_page(model: type[R], keys: tuple[str, ...], value: Any) -> HistoryPage[R]:
    """Read one page.

    Args:
        model: What its rows are.
        keys: Keys that may hold the list, the usual one first.
        value: JSON value of the answer.

    Raises:
        MismatchError: There is no list, or a row is something else.
    """
    body = mapping(value)
    for key in (*keys, "data"):
        if isinstance(body.get(key), list):
            pagination = body.get("pagination")
            total = (pagination if isinstance(pagination, dict) else body).get("total")
            is_number = isinstance(total, int) and not isinstance(total, bool) and total >= 0
            return HistoryPage(tuple(record(model, row) for row in body[key]), total if is_number else None, body)
    raise MismatchError(f'the list "{keys[0]}" is missing')


def instant(moment: datetime) -> str:
    """Spell a moment as the API does, in UTC; one without a zone is taken to be in it.

    Args:
        moment: A point in time.
    """
    in_utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return in_utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
