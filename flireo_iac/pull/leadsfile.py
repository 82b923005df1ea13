"""A file of leads, as the loader reads it back: numbers and variables in columns, each as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NUMBER = "phone_number"
MOST_INLINE = 20
"""Leads that stand in the file of their campaign; more of them get a file of their own."""

_QUOTED = frozenset(',;\t"\r\n')


def leads_file(leads: Sequence[Mapping[str, Any]]) -> str:
    """Give the text of a file of leads; what a cell cannot say, such as an empty variable, is not read back.

    Args:
        leads: The leads, each with its number and perhaps with variables.
    """
    names = list(dict.fromkeys(name for lead in leads for name in lead.get("variables") or {}))
    rows = [[NUMBER, *names]]
    rows += [[lead[NUMBER], *((lead.get("variables") or {}).get(name, "") for name in names)] for lead in leads]
    return "".join(f"{','.join(map(_cell, row))}\n" for row in rows)


def _cell(value: Any) -> str:
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED & set(text) else text
