"""Holds the three versions of a stack against each other: who moved which field, and what became of each object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flireo_iac.core.canonical import canonical, comparable, same
from flireo_iac.core.diff import own
from flireo_iac.core.inside import ABSENT
from flireo_iac.core.refresh import refreshed
from flireo_iac.core.threeway import Mover, Place, places
from flireo_iac.drift.files import Wanted
from flireo_iac.drift.model import Applied, Fate, FieldDrift, Held, ItemDrift
from flireo_iac.kinds import Kind, fields, marker, shapes
from flireo_iac.kinds._markers import Immutable, Reference, Secret, ServerDefault
from flireo_iac.kinds._shape import Shape
from flireo_iac.review.mask import Mask
from flireo_iac.rows import Listing, Row

_OTHER = "a value that the account never shows"
"""Stands for what somebody stored in a slot, which no answer tells."""
_WIPED = "a write of {} wipes it"
_OVERWRITTEN = "the next up writes {}, and overwrites it"


@dataclass(frozen=True)
class Versions:
    """The three versions of a stack.

    Args:
        applied: What was last applied.
        held: What the account holds of it, by URN.
        wanted: What the files want, by the item's name in the stack.
        record: Id of each item that was pulled, by its name in the stack.
        listing: Gives all objects of a kind.
    """

    applied: Sequence[Applied]
    held: Mapping[str, Held]
    wanted: Mapping[str, Wanted]
    record: Mapping[str, str] = field(default_factory=dict)
    listing: Callable[[Kind], Listing] = lambda kind: Listing((), False)


def compare(versions: Versions) -> tuple[ItemDrift, ...]:
    """Find everything that moved; secrets are masked.

    Args:
        versions: The three versions.
    """
    return tuple(_Comparison(versions).items())


@dataclass
class _Sides:
    """The three versions of one item, by the contract's names, in values that can be compared."""

    kind: Kind
    applied: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    account: dict[str, Any] = field(default_factory=dict)

    def each(self) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        return self.applied, self.files, self.account


class _Comparison:
    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._names = {(each.kind.name, each.id): f"${{{each.key}.id}}" for each in versions.applied}
        self._sides = {each.urn: self._sides_of(each) for each in versions.applied}
        all_sides = [(each.kind, one) for each in self._sides.values() for one in each.each()]
        secrets = [each.secrets for each in versions.applied] + [each.secrets for each in versions.wanted.values()]
        self._mask = Mask(all_sides, (text for texts in secrets for text in texts))

    def items(self) -> Iterator[ItemDrift]:
        for each in self._versions.applied:
            found = self._item(each)
            if found.fate is not None or found.fields:
                yield found
        made = {each.key for each in self._versions.applied}
        for key, wanted in self._versions.wanted.items():
            if key not in made:
                yield self._not_made(wanted)

    def _item(self, applied: Applied) -> ItemDrift:
        held = self._versions.held[applied.urn]
        is_named = self._wanted(applied) is not None
        if held.row is None:
            note = "" if is_named else "No file names it any more."
            return ItemDrift(applied.kind, applied.name, applied.id, Fate.GONE, note=note)
        fate = None if is_named else Fate.TO_DELETE
        return ItemDrift(applied.kind, applied.name, applied.id, fate, tuple(self._fields(applied)))

    def _wanted(self, applied: Applied) -> Mapping[str, Any] | None:
        """Give what is wanted of a resource: by the files, or as it was where a program made it beside them."""
        found = self._versions.wanted.get(applied.key)
        if found is not None and found.kind is applied.kind:
            return found.inputs
        return None if applied.is_of_files else applied.inputs

    def _sides_of(self, applied: Applied) -> _Sides:
        kind, held = applied.kind, self._versions.held[applied.urn]
        sides = _Sides(kind)
        if held.inputs is None or held.row is None:
            return sides
        wanted = self._wanted(applied)
        before, account = (canonical(kind.model, own(each)) for each in (applied.inputs, held.inputs))
        files = canonical(kind.model, own(applied.inputs if wanted is None else wanted))
        if same(before, files) and same(files, account):
            return sides
        shown = canonical(kind.model, held.row)
        laid = refreshed(kind, files, held.row, {})
        for name in dict.fromkeys([*before, *files]):
            one, want, now = (each.get(name, ABSENT) for each in (before, files, account))
            if now is ABSENT and one is not ABSENT and _is_write_only(kind, name):
                now = _OTHER
            if want is ABSENT:
                want = _reset(kind, name)
            elif name in shown:
                if name not in laid.drifted:
                    now = want
                elif one is ABSENT:
                    now = laid.inputs.get(name, ABSENT)
            if one is ABSENT:
                one = now  # what no file named was the dashboard's
            compared = [
                value if value is ABSENT else self._named(kind, name, comparable(kind.model, name, value))
                for value in (one, want, now)
            ]
            for side, value in zip(sides.each(), _with_defaults(shapes(kind.model).get(name), compared), strict=True):
                if value is not ABSENT:
                    side[name] = value
        return sides

    def _named(self, kind: Kind, name: str, value: Any) -> Any:
        """Give a reference by name: ids say nothing to a person."""
        info = kind.inputs.get(name)
        target = marker(info, Reference) if info is not None else None
        return self._names.get((target.kind, value), value) if target is not None and isinstance(value, str) else value

    def _fields(self, applied: Applied) -> Iterator[FieldDrift]:
        kind, sides = applied.kind, self._sides[applied.urn]
        if sides.applied == sides.files == sides.account:
            return
        masked = [self._mask.inputs(kind, each) for each in sides.each()]
        names = dict.fromkeys(name for each in masked for name in each)
        found = [
            place
            for name in sorted(names, key=[*kind.inputs, *names].index)
            for place in places(name, *(each.get(name, ABSENT) for each in masked))
            if place.mover is not Mover.SAME
        ]
        written = {each.field for each in found if each.mover in (Mover.REPO, Mover.CONFLICT)}
        for place in found:
            info = kind.inputs.get(place.field)
            is_fixed = info is not None and marker(info, Immutable) is not None and place.mover is Mover.REPO
            yield FieldDrift(place, _note(kind, place, written), is_fixed)

    def _not_made(self, wanted: Wanted) -> ItemDrift:
        made = ItemDrift(wanted.kind, wanted.name, fate=Fate.NOT_MADE)
        if wanted.kind.endpoint.within:
            return made
        listing = self._versions.listing(wanted.kind)
        by_id = {str(row["id"]): row for row in listing.rows}
        recorded = self._versions.record.get(wanted.key)
        if recorded is not None and recorded not in by_id and listing.is_complete:
            text = "It was pulled, never adopted, and is not in the account any more."
            return replace(made, id=recorded, fate=Fate.ADOPTED_GONE, note=text)
        owned = {each.id for each in self._versions.applied if each.kind is wanted.kind}
        alike = [recorded] if recorded in by_id else _alike(wanted, listing.rows, owned)
        if not alike:
            return made
        text = (
            f"The account holds {alike[0]}, which may be it: flireo adopt takes it over, an up would make a second one."
            if len(alike) == 1
            else f"The account holds {len(alike)} of that name: flireo adopt can take over one of them."
        )
        return replace(made, note=text)


def _alike(wanted: Wanted, rows: Sequence[Row], owned: set[str]) -> list[str]:
    """Give the ids of objects that have the natural key of an item and that no resource of the state is."""
    spelled = canonical(wanted.kind.model, own(wanted.inputs))
    key = {name: spelled.get(name) for name in wanted.kind.natural_key}
    if not key or not all(isinstance(each, str) for each in key.values()):
        return []
    found = [row for row in rows if str(row["id"]) not in owned]
    return [str(row["id"]) for row in found if key.items() <= canonical(wanted.kind.model, row).items()]


def _with_defaults(shape: Shape | None, sides: Sequence[Any]) -> Sequence[Any]:
    """Write out a server's default that another side of a block does not have: who reads it sees a value, not a gap."""
    blocks = [each for each in sides if isinstance(each, Mapping)]
    model = shape.model_of(dict(blocks[0])) if shape is not None and blocks else None
    if model is None:
        return sides
    names = dict.fromkeys(name for each in blocks for name in each)
    filled: list[Any] = [dict(each) if isinstance(each, Mapping) else each for each in sides]
    for name in names:
        info = fields(model).get(name)
        default = marker(info, ServerDefault) if info is not None else None
        here = [each.get(name, ABSENT if default is None else default.value) for each in blocks]
        made = iter(_with_defaults(shapes(model).get(name), here))
        for each in filled:
            if isinstance(each, dict) and (value := next(made)) is not ABSENT:
                each[name] = value
    return filled


def _reset(kind: Kind, name: str) -> Any:
    """Give what an update writes for a field that the files do not name any more; ``ABSENT`` when it empties it."""
    info = kind.inputs.get(name)
    default = marker(info, ServerDefault) if info is not None else None
    return ABSENT if default is None else default.value


def _is_write_only(kind: Kind, name: str) -> bool:
    info = kind.inputs.get(name)
    secret = marker(info, Secret) if info is not None else None
    return secret is not None and not secret.is_returned


def _note(kind: Kind, place: Place, written: set[str]) -> str:
    if place.mover is not Mover.DASHBOARD:
        return ""
    if _is_write_only(kind, place.field):
        return "somebody stored another value, which nobody can read back"
    if place.is_inside and place.field in written:
        return _OVERWRITTEN.format(place.field)
    return _WIPED.format(place.field) if place.is_inside and place.applied is ABSENT else ""
