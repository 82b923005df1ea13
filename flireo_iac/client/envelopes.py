"""Where an answer keeps its objects: from the JSON value to rows, by a kind's envelope and style.

Rows always carry ``id``. A slot's row is made here: the slot's name is its id (api notes, section 11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flireo_iac.client.answers import MismatchError
from flireo_iac.kinds import Kind
from flireo_iac.rows import Row


@dataclass(frozen=True)
class Page:
    """One answer of a list.

    Args:
        rows: The objects, in the server's order.
        total: How many there are in all; None when the answer does not say.
    """

    rows: tuple[Row, ...]
    total: int | None


def read_page(kind: Kind, value: Any) -> Page:
    """Read a list of a collection. Source: api notes, sections 4 and 5.

    Args:
        kind: Kind of the objects.
        value: JSON value of the answer.

    Raises:
        MismatchError: There is no list, or an entry is no object with an id.
    """
    if isinstance(value, list) and kind.envelope.is_bare_allowed:
        return Page(tuple(_row(entry) for entry in value), None)
    body = _mapping(value)
    for key in (*kind.envelope.many, "data"):
        if isinstance(body.get(key), list):
            return Page(tuple(_row(entry) for entry in body[key]), _total(body))
    raise MismatchError(f'the list "{kind.envelope.many[0]}" is missing')


def read_one(kind: Kind, value: Any) -> Row:
    """Read one object of a collection. Source: api notes, section 5.

    Args:
        kind: Kind of the object.
        value: JSON value of the answer.

    Raises:
        MismatchError: There is no object with an id.
    """
    body = _mapping(value)
    for key in (*kind.envelope.one, "data"):
        if isinstance(body.get(key), dict):
            return _row(body[key])
    if kind.envelope.is_bare_allowed and "id" in body:
        return _row(body)
    raise MismatchError(f'the object "{kind.envelope.one[0]}" is missing')


def read_single(kind: Kind, value: Any) -> tuple[Row, ...]:
    """Read the only object of an account: one row, or none. Source: api notes, section 11 (domains).

    Args:
        kind: Kind of the object.
        value: JSON value of the answer.

    Raises:
        MismatchError: The answer neither holds an object nor says that there is none.
    """
    body = _mapping(value)
    if any(key in body and body[key] is None for key in kind.envelope.one):
        return ()
    return (read_one(kind, body),)


def read_slots(kind: Kind, value: Any) -> tuple[Row, ...]:
    """Read the slots that hold a value. Source: api notes, sections 5 and 11 (BYOK).

    Args:
        kind: Kind of the slots.
        value: JSON value of the answer; each write answers all slots.

    Raises:
        MismatchError: There are no slots in it.
    """
    body = _mapping(value)
    slots = next((body[key] for key in (*kind.envelope.one, "data") if isinstance(body.get(key), dict)), None)
    if slots is None:
        raise MismatchError(f'"{kind.envelope.one[0]}" is missing')
    endpoint = kind.endpoint
    before, after = endpoint.slot_key.split("{slot}")
    rows = []
    for key, held in slots.items():
        if held is not None and key.startswith(before) and key.endswith(after) and len(key) > len(before + after):
            slot = key[len(before) : len(key) - len(after)]
            rows.append({"id": slot, endpoint.slot_field: slot, endpoint.slot_output: held})
    return tuple(rows)


def read_slot(kind: Kind, slot: str, value: Any) -> Row:
    """Read the slot that was just written.

    Args:
        kind: Kind of the slots.
        slot: Name of the slot.
        value: JSON value of the answer.

    Raises:
        MismatchError: The slot holds nothing.
    """
    for row in read_slots(kind, value):
        if row["id"] == slot:
            return row
    raise MismatchError(f'the slot "{slot}" is still empty')


def read_deleted(value: Any) -> None:
    """Read the answer to a delete: ``{"success": true}``, or nothing. Source: api notes, section 5.

    Args:
        value: JSON value of the answer; None for an empty body.

    Raises:
        MismatchError: It says something else.
    """
    if value is not None and _mapping(value).get("success", True) is not True:
        raise MismatchError('"success" is not true')


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MismatchError("the body is empty" if value is None else "the body is no object")
    return value


def _row(value: Any) -> Row:
    if not isinstance(value, dict) or not isinstance(value.get("id"), str) or not value["id"]:
        raise MismatchError("an object in it has no id")
    return value


def _total(body: Mapping[str, Any]) -> int | None:
    pagination = body.get("pagination")
    source = pagination if isinstance(pagination, dict) else body
    total = source.get("total")
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None
