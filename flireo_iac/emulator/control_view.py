"""What a control request looks at: whose rows, how many, and how much of each."""

from __future__ import annotations

from typing import Any, TypeVar

from starlette.requests import Request

from flireo_iac.emulator.contract import Schema
from flireo_iac.emulator.masking import masked
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.store import Organization, Row, Store

LONGEST = 200
"""Characters of a text that a brief row still has."""
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
    if request.query_params.get("brief") == "true":
        row = {name: value for name, value in row.items() if _is_brief(value)}
    if request.query_params.get("masked") == "true":
        seen: Row = masked(row)
        return seen
    return row


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


def _is_brief(value: Any) -> bool:
    return not isinstance(value, (dict, list)) and not (isinstance(value, str) and len(value) > LONGEST)
