"""What a control request looks at: whose rows, how many, and how much of each."""

from __future__ import annotations

from typing import Any, TypeVar

from starlette.requests import Request

from flireo_iac.emulator.contract import Schema
from flireo_iac.emulator.masking import masked
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.store import Organization, Row, Store

LONGEST = 200
"""Characters of a text in a brief row."""
_Item = TypeVar("_Item")


def organizations(request: Request, store: Store) -> list[Organization]:
    """Give the organization of the key that was sent, or that ``?organization=`` names; all of them without either.

    Raises:
        RefusedError: 404, no organization has this id.
    """
    key = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if key:
        return [store.organization(key)]
    wanted = request.query_params.get("organization")
    if wanted is None:
        return list(store.organizations.values())
    if wanted not in store.organizations:
        raise RefusedError(404, "no such organization", param="organization")
    return [store.organizations[wanted]]


def shown(request: Request, row: Row) -> Row:
    """Give a row as it is, or what ``?brief=true`` leaves of it, and ``?masked=true`` lets be seen."""
    brief = request.query_params.get("brief") == "true"
    return _cut(_seen(request, _flat(row))) if brief else _seen(request, row)


def limit(request: Request) -> int | None:
    """Give how many items ``?limit=`` asks for; None for all.

    Raises:
        RefusedError: 400, it is not a whole number from 1.
    """
    text = request.query_params.get("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0):
        raise RefusedError(400, "limit must be a whole number from 1", param="limit")
    return int(text)


def words(request: Request) -> list[str]:
    """Give the words that ``?text=`` looks for, in lower case; none without it."""
    return request.query_params.get("text", "").lower().split()


def matching(request: Request, rows: list[Row]) -> list[Row]:
    """Give the rows in which every word of ``?text=`` stands, anywhere outside their blocks that is shown."""
    wanted = words(request)
    if not wanted:
        return rows
    return [row for row in rows if _holds(" ".join(map(str, _cut(_seen(request, _flat(row))).values())), wanted)]


def last(request: Request, rows: list[Row]) -> list[Row]:
    """Give as many rows as ``?limit=`` asks for, from the end."""
    return rows[-(limit(request) or len(rows)) :]


def first(request: Request, items: list[_Item]) -> list[_Item]:
    """Give as many items as ``?limit=`` asks for, from the front."""
    return items[: limit(request)]


def need(schema: Schema, sent: Any) -> None:
    """Refuse a body that does not fit.

    Raises:
        RefusedError: 400 with the field at fault.
    """
    problems = schema.problems(sent)
    if problems:
        raise RefusedError(400, problems[0][1], param=problems[0][0] or None)


def _holds(text: str, wanted: list[str]) -> bool:
    text = text.lower()
    return all(word in text for word in wanted)


def _seen(request: Request, row: Row) -> Row:
    """Give what ``?masked=true`` lets be seen of a row."""
    if request.query_params.get("masked") != "true":
        return row
    seen: Row = masked(row)
    return seen


def _flat(row: Row) -> Row:
    """Leave blocks out."""
    return {name: value for name, value in row.items() if not isinstance(value, (dict, list))}


def _cut(row: Row) -> Row:
    """Cut long texts; only after secrets are masked, as half a secret is not known for one."""
    return {
        name: value[:LONGEST] + "…" if isinstance(value, str) and len(value) > LONGEST else value
        for name, value in row.items()
    }
