"""What drifted, as plain data without secrets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from flireo_iac.core.threeway import Mover, Place
from flireo_iac.kinds import Kind
from flireo_iac.rows import Row


@dataclass(frozen=True)
class Applied:
    """A resource as it was last applied, secrets in clear.

    Args:
        urn: Its URN.
        kind: What it is.
        name: Its name in Pulumi.
        id: Id of the object.
        inputs: Inputs as last applied.
        outputs: Outputs, the hidden ones too.
        is_of_files: True when the stack's files made it; False for one that the program made beside them.
        secrets: Texts that the state keeps as secrets.
    """

    urn: str
    kind: Kind
    name: str
    id: str
    inputs: Mapping[str, Any] = field(repr=False)
    outputs: Mapping[str, Any] = field(repr=False)
    is_of_files: bool = True
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def key(self) -> str:
        """Name of the item in its stack, such as ``agents.receptionist``."""
        return f"{self.kind.folder}.{self.name}"


@dataclass(frozen=True)
class Held:
    """What the account holds of a resource.

    Args:
        inputs: Its inputs as the account has them, in the spelling of the state; None when the object is gone.
        row: The object; None when it is gone.
    """

    inputs: Mapping[str, Any] | None = field(default=None, repr=False)
    row: Row | None = field(default=None, repr=False)


class Fate(StrEnum):
    """What became of an object as a whole."""

    GONE = "gone"
    ADOPTED_GONE = "adopted but gone"
    NOT_MADE = "not yet made"
    TO_DELETE = "to be deleted"
    UNMANAGED = "unmanaged"


DRIFTING = (Mover.DASHBOARD, Mover.CONFLICT)
"""Classes of a field that count as drift: somebody moved the account."""
LOST = (Fate.GONE, Fate.ADOPTED_GONE, Fate.UNMANAGED)
"""Classes of an object that count as drift."""


@dataclass(frozen=True)
class FieldDrift:
    """One place that somebody moved, secrets masked.

    Args:
        place: The place with its three values.
        note: What else a person should know about it; may be empty.
        is_replacement: True when what the files want makes a new object.
    """

    place: Place
    note: str = ""
    is_replacement: bool = False


@dataclass(frozen=True)
class ItemDrift:
    """What drifted in one item.

    Args:
        kind: What it is.
        name: Its name in the stack; for an unmanaged object what people call it.
        id: Id of the object; empty when there is none.
        fate: What became of it as a whole; None when it is where it should be.
        fields: Places that moved.
        note: What else a person should know; may be empty.
    """

    kind: Kind
    name: str
    id: str = ""
    fate: Fate | None = None
    fields: tuple[FieldDrift, ...] = ()
    note: str = ""

    @property
    def key(self) -> str:
        """Name of the item in its stack."""
        return f"{self.kind.folder}.{self.name}"

    @property
    def title(self) -> str:
        """Kind and name, as a person reads them."""
        return f'{self.kind.title} "{self.name}"'

    def of(self, mover: Mover) -> tuple[FieldDrift, ...]:
        """Give the places of one class."""
        return tuple(each for each in self.fields if each.place.mover is mover)


@dataclass(frozen=True)
class Ignored:
    """A place that moved and is not to count.

    Args:
        item: Name of the item.
        path: The place.
        reason: Why.
        where: Where the file says so, ``file:line``.
    """

    item: str
    path: str
    reason: str
    where: str


@dataclass(frozen=True)
class Drift:
    """What drifted in one stack.

    Args:
        stack: Name of the Pulumi stack.
        items: Items with anything to tell: what moved the account first.
        ignored: What moved and does not count.
        notes: What else a person should know, in sentences.
        looked_at: How many resources of the state were looked at.
    """

    stack: str
    items: tuple[ItemDrift, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    notes: tuple[str, ...] = ()
    looked_at: int = 0

    @property
    def is_drifted(self) -> bool:
        """Whether somebody moved the account."""
        return any(each.fate in LOST or any(one.place.mover in DRIFTING for one in each.fields) for each in self.items)

    @property
    def counts(self) -> Counter[str]:
        """Items by what happened to them; one with fields of several classes counts in each."""
        found: Counter[str] = Counter()
        for each in self.items:
            movers = {str(one.place.mover) for one in each.fields}
            found.update({*movers, *([str(each.fate)] if each.fate is not None else [])})
        return found
