"""Who moved: each place of an object as it was last applied, as the files have it, and as the account holds it.

Values are those of ``canonical.comparable``, so two that need no write are equal. Blocks are walked side by side, and
entries of lists by what names them, so that the two sides can move different places of one block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flireo_iac.core.canonical import same
from flireo_iac.core.inside import ABSENT, named_entries

ORDER = " (order)"
"""End of the path of a list whose entries stand in another order."""


class Mover(StrEnum):
    """Who moved a place away from what was last applied."""

    REPO = "repo ahead"
    DASHBOARD = "dashboard ahead"
    CONFLICT = "conflict"
    SAME = "same"


@dataclass(frozen=True)
class Place:
    """One place that somebody moved.

    Args:
        path: The place, such as ``llm_config.tools[book].url``.
        mover: Who moved it; ``SAME`` when both moved it to one value.
        applied: Value as last applied; ``ABSENT`` when there was none. The same holds for the other two.
        files: Value as the files have it.
        account: Value as the account holds it.
    """

    path: str
    mover: Mover
    applied: Any
    files: Any
    account: Any

    @property
    def field(self) -> str:
        """Name of the property of the resource that the place is in."""
        return property_of(self.path)

    @property
    def is_inside(self) -> bool:
        """Whether the place is inside a block or a list."""
        return self.path != self.field


def property_of(path: str) -> str:
    """Give the property of a resource that a path leads into."""
    return path.partition(".")[0].partition("[")[0].removesuffix(ORDER)


def mover_of(applied: Any, files: Any, account: Any) -> Mover | None:
    """Tell who moved a value; None when nobody did.

    Args:
        applied: Value as last applied; ``ABSENT`` when there was none. The same holds for the other two.
        files: Value as the files have it.
        account: Value as the account holds it.
    """
    if _equal(files, account):
        return None if _equal(applied, files) else Mover.SAME
    if _equal(applied, account):
        return Mover.REPO
    return Mover.DASHBOARD if _equal(applied, files) else Mover.CONFLICT


def places(path: str, applied: Any, files: Any, account: Any) -> Iterator[Place]:
    """Find the places inside a value that somebody moved.

    Args:
        path: Path of the value.
        applied: Value as last applied; ``ABSENT`` when there was none. The same holds for the other two.
        files: Value as the files have it.
        account: Value as the account holds it.
    """
    sides = (applied, files, account)
    if all(isinstance(each, Mapping) for each in sides):
        for key in dict.fromkeys(key for each in sides for key in each):
            yield from places(f"{path}.{key}", *(each.get(key, ABSENT) for each in sides))
    elif all(map(_holds_mappings, sides)) and any(sides):
        entries = [named_entries(each) for each in sides]
        for name in dict.fromkeys(name for each in entries for name in each):
            yield from places(f"{path}[{name}]", *(each.get(name, ABSENT) for each in entries))
        common = set(entries[0]).intersection(*entries)
        yield from _place(f"{path}{ORDER}", *([name for name in each if name in common] for each in entries))
    else:
        yield from _place(path, applied, files, account)


def _place(path: str, applied: Any, files: Any, account: Any) -> Iterator[Place]:
    mover = mover_of(applied, files, account)
    if mover is not None:
        yield Place(path, mover, applied, files, account)


def _holds_mappings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, Mapping) for each in value)


def _equal(one: Any, other: Any) -> bool:
    return one is other or (one is not ABSENT and other is not ABSENT and same(one, other))
