"""Which object of the account each item is that the state does not hold yet, and what the state is to say of it.

An object is an item's when a person said so, when the record of a pull says so, or when it alone has the item's natural
key, and the item alone, too. An object that a state holds already is nobody else's. What the state is to say is what a
create followed by a refresh would have left: the inputs as far as the object holds them, so that the next run changes
the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from flireo_iac.core.canonical import canonical, is_server_default, same
from flireo_iac.core.diff import diff, own
from flireo_iac.core.existing import Existing, existing
from flireo_iac.core.inside import differences
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.ports import Listing, Row
from flireo_iac.core.refresh import absent_keys, answer_digests, forget_write_only, refreshed
from flireo_iac.core.settle import has_key, natural_key
from flireo_iac.kinds import Kind, our_name

_NO_DIGEST = ""
"""Stands for the digest of an answer that nobody has seen."""


class Verdict(StrEnum):
    """What comes of an item."""

    ADOPT = "adopt"
    """Its object goes into the state."""
    ASK = "ask"
    """A person has to say which object is meant."""
    REFUSE = "refuse"
    """Its object is another item's."""
    NEW = "new"
    """The account has no object for it: the next run creates it."""


@dataclass(frozen=True)
class Item:
    """An item that the program registers and the state does not hold.

    Args:
        urn: URN of the resource.
        kind: What it is.
        inputs: Its inputs as the program sends them, secrets in clear.
    """

    urn: str
    kind: Kind
    inputs: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Pulumi's name of the resource."""
        return self.urn.rpartition("::")[2]

    @property
    def key(self) -> str:
        """Name of the item in its stack, such as ``agents.receptionist``."""
        return f"{self.kind.folder}.{self.name}"


@dataclass(frozen=True)
class Match:
    """What comes of one item.

    Args:
        item: The item.
        verdict: What.
        reason: How its object was told, or why there is none, as words without a full stop.
        row: Its object; None unless it is adopted.
        candidates: Objects that it could be.
    """

    item: Item
    verdict: Verdict
    reason: str
    row: Row | None = None
    candidates: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Known:
    """What is known before the account is looked at.

    Args:
        said: Id by item or URN, as a person said.
        recorded: Id by item, as a pull has kept it.
        held: Who holds an object, in words, by the kind's name and the id: an item of this state, or of another one.
    """

    said: Mapping[str, str] = field(default_factory=dict)
    recorded: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def said_of(self, item: Item) -> str | None:
        """Give the id that a person named for an item; None when none was named."""
        return self.said.get(item.urn, self.said.get(item.key))


@dataclass(frozen=True)
class Adopted:
    """What the state is to say of an adopted object.

    Args:
        existing: The resource.
        differences: Places where the object holds something else than the item wants.
        assumed: Inputs that the server never gives back, and that count as applied.
        is_replaced: True when the next run can make it right with another object only.
    """

    existing: Existing
    differences: tuple[str, ...]
    assumed: tuple[str, ...]
    is_replaced: bool


class Adopter:
    """Matches items with objects, and says what the state is to hold.

    Args:
        inventory: What the account holds; one list is read for each kind in use.
        account: Id of the account; None where the server has no such thing.
        is_unknown: Tells a value that is known only after a run.
    """

    def __init__(self, inventory: Inventory, account: str | None, is_unknown: Callable[[Any], bool]) -> None:
        self._inventory = inventory
        self._account = account
        self._is_unknown = is_unknown

    def match(self, items: Sequence[Item], known: Known) -> tuple[Match, ...]:
        """Say which object each item is.

        Args:
            items: Items that the state does not hold.
            known: What is known before.

        Raises:
            ApiError: The account cannot be read.
            TransportError: No answer came.
        """
        by_id = {item.urn: each for item in items if (each := self._by_id(item, known)) is not None}
        named = {(each.item.kind.name, str(each.row["id"])) for each in by_id.values() if each.row is not None}
        rest = [item for item in items if item.urn not in by_id]
        by_key = {item.urn: self._by_key(item, rest, known, named) for item in rest}
        found = [(by_id.get(item.urn) or by_key[item.urn]) for item in items]
        return tuple(_refused_twice(each, found) for each in found)

    def _by_id(self, item: Item, known: Known) -> Match | None:
        said, recorded = known.said_of(item), known.recorded.get(item.key)
        if said is not None:
            row, _ = self._inventory.find(item.kind, said)
            if row is None:
                reason = f"the account holds no {item.kind.title} with the id {said}"
                return Match(item, Verdict.ASK, reason, candidates=self._candidates(item))
            return self._own(item, row, "as you said", known)
        rows = {str(row["id"]): row for row in self._listing(item).rows}
        if recorded is None or recorded not in rows:
            return None
        return self._own(item, rows[recorded], "by the record", known)

    def _by_key(self, item: Item, rest: Iterable[Item], known: Known, named: set[tuple[str, str]]) -> Match:
        kind = item.kind
        words = " and ".join(name.replace("_", " ") for name in kind.natural_key)
        key = natural_key(kind, item.inputs)
        if any(value is None or self._is_unknown(value) for value in key.values()):
            return Match(item, Verdict.NEW, f"its {words} is not known before a run, so no object can be told")
        others = {id_ for name, id_ in known.recorded.items() if name != item.key}
        candidates = [
            row
            for row in self._candidates(item)
            if (kind.name, str(row["id"])) not in named and str(row["id"]) not in others
        ]
        free = [row for row in candidates if (kind.name, str(row["id"])) not in known.held]
        if not candidates:
            return Match(item, Verdict.NEW, "the account holds no object for it: the next up creates it")
        if not free:
            return self._own(item, candidates[0], "", known)
        rivals = [other.key for other in rest if other.urn != item.urn and self._shares(item, other, key)]
        if len(free) == 1 and not rivals and self._listing(item).is_complete:
            return self._own(item, free[0], f"by its {words}", known)
        if rivals:
            reason = f"{', '.join(rivals)} has the same {words}"
        elif len(free) > 1:
            reason = f"{len(free)} objects have its {words}"
        else:
            reason = f"the list of {kind.title}s does not say whether it is whole"
        return Match(item, Verdict.ASK, reason, candidates=tuple(free))

    def _candidates(self, item: Item) -> tuple[Row, ...]:
        key = natural_key(item.kind, item.inputs)
        return tuple(row for row in self._listing(item).rows if has_key(item.kind, key, row))

    def _listing(self, item: Item) -> Listing:
        """Give what the item's object may be among; nothing as long as the parent that it is within is not known."""
        if not item.kind.endpoint.within:
            return self._inventory.listing(item.kind)
        parent = item.inputs.get(item.kind.endpoint.within)
        return self._inventory.listing(item.kind, parent) if isinstance(parent, str) else Listing((), True)

    @staticmethod
    def _shares(item: Item, other: Item, key: Mapping[str, Any]) -> bool:
        return other.kind is item.kind and has_key(item.kind, key, other.inputs)

    @staticmethod
    def _own(item: Item, row: Row, how: str, known: Known) -> Match:
        holder = known.held.get((item.kind.name, str(row["id"])))
        if holder is not None:
            return Match(item, Verdict.REFUSE, f"{row['id']} is {holder} already", candidates=(row,))
        return Match(item, Verdict.ADOPT, how, row)

    def adopt(self, item: Item, row: Row) -> Adopted:
        """Say what the state is to hold of an object.

        The list is believed as long as it agrees with the item; what differs is confirmed by the object itself.

        Args:
            item: The item that it becomes.
            row: The object.

        Raises:
            ApiError: The object cannot be read.
            TransportError: No answer came.
        """
        kind = item.kind
        inputs = self._in_force(item, row)
        if diff(kind, inputs, item.inputs, self._is_unknown) and kind.endpoint.style == "collection":
            asked = self._inventory.ask(kind, str(row["id"])) or row
            if absent_keys(kind, item.inputs, asked) != absent_keys(kind, item.inputs, row):
                self._inventory.distrust_list(kind)
            row, inputs = asked, self._in_force(item, asked)
        changes = diff(kind, inputs, item.inputs, self._is_unknown)
        made = existing(kind, inputs, row, answer_digests(kind, inputs, row), self._account)
        paths = tuple(each.path for each in differences(kind, changes, inputs, item.inputs))
        assumed = tuple(sorted(inputs.keys() - forget_write_only(kind, inputs).keys()))
        return Adopted(made, paths, assumed, any(change.is_replacement for change in changes))

    def _in_force(self, item: Item, row: Row) -> Mapping[str, Any]:
        """Lay the object over the inputs that the program sends; what it never gives back counts as applied."""
        kind = item.kind
        theirs = canonical(kind.model, row)
        wanted: dict[str, Any] = {}
        for key, value in item.inputs.items():
            name = our_name(kind.model, key)
            if not self._holds_unknown(value):
                wanted[key] = value
            elif theirs.get(name) is not None:
                wanted[key] = theirs[name]
        shown = {our_name(kind.model, key): value for key, value in own(wanted).items()}
        # What the object does not show is empty, unless nothing was asked for but what the server fills in.
        unseen = {name: _NO_DIGEST for name, value in shown.items() if not is_server_default(kind.model, name, value)}
        return refreshed(kind, wanted, row, unseen, is_whole=True).inputs

    def _holds_unknown(self, value: Any) -> bool:
        if self._is_unknown(value):
            return True
        if isinstance(value, Mapping):
            return any(map(self._holds_unknown, value.values()))
        return isinstance(value, list | tuple) and any(map(self._holds_unknown, value))


def _refused_twice(match: Match, found: Iterable[Match]) -> Match:
    """Refuse an object that two items would be."""
    if match.row is None:
        return match
    twins = [
        other.item.key
        for other in found
        if other.row is not None
        and other.item.urn != match.item.urn
        and other.item.kind is match.item.kind
        and same(other.row["id"], match.row["id"])
    ]
    if not twins:
        return match
    return Match(match.item, Verdict.REFUSE, f"{match.row['id']} would be {', '.join(twins)} too")
