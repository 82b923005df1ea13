"""Rows and listings: what core asks for and the client gives, so that neither has to know the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
"""One object as the API shows it, always with its ``id``."""


@dataclass(frozen=True)
class Listing:
    """All objects of one kind.

    Args:
        rows: The objects, in the server's order.
        is_complete: True when the answer proves that no object is missing; absence is believed only then.
    """

    rows: tuple[Row, ...]
    is_complete: bool


NOW = "__now"
"""Output that holds what the platform has made of inputs by itself, such as ``completed`` of ``scheduled``."""

GONE = "__gone"
"""Output that is true for an object that was deleted outside, and is made anew only when that is asked for."""
