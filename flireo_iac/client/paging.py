"""Lists, followed until it is proven that nothing is missing.

A list that states its total is read page by page until it has them all. One that states none is everything at once
(api notes, section 4), except where a kind names a page size. A first answer of exactly that many is asked for more,
once: a server that does not page repeats itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from flireo_iac.client.envelopes import Page
from flireo_iac.errors import InvalidRequestError
from flireo_iac.rows import Listing, Row

LARGEST_PAGE = 100
"""What every paged list allows as ``limit``. Source: api notes, section 4."""


def read_all(page_size: int | None, fetch: Callable[[Mapping[str, int]], Page]) -> Listing:
    """Read a whole list, in one request where that is enough.

    Args:
        page_size: Objects on a page of a list that may page without saying so; None for a list that does not.
        fetch: From the query to one page of it.
    """
    first = fetch({})
    if first.total is None:
        return _untotalled(first, page_size, fetch)
    rows = {str(row["id"]): row for row in first.rows}
    seen, page = len(first.rows), first
    while page.rows and seen < first.total:
        page = fetch({"limit": LARGEST_PAGE, "offset": seen})
        new = [row for row in page.rows if str(row["id"]) not in rows]
        if not new or page.total != first.total:
            return Listing(tuple({**rows, **_by_id(new)}.values()), is_complete=False)
        rows.update(_by_id(new))
        seen += len(page.rows)
    return Listing(tuple(rows.values()), is_complete=len(rows) == seen == first.total)


def _untotalled(page: Page, size: int | None, fetch: Callable[[Mapping[str, int]], Page]) -> Listing:
    rows = _by_id(page.rows)
    is_complete = len(rows) == len(page.rows)
    seen = len(page.rows)
    while is_complete and size is not None and page.rows and len(page.rows) == size:
        try:
            page = fetch({"limit": size, "offset": seen})
        except InvalidRequestError:
            return Listing(tuple(rows.values()), is_complete=False)
        new = _by_id(row for row in page.rows if str(row["id"]) not in rows)
        if not new:
            break
        is_complete = len(new) == len(page.rows)
        rows.update(new)
        seen += len(page.rows)
    return Listing(tuple(rows.values()), is_complete=is_complete)


def _by_id(rows: Iterable[Row]) -> dict[str, Row]:
    return {str(row["id"]): row for row in rows}
