"""Takes what the dashboard says into the files, field by field, through the writer of ``flireo pull``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flireo_iac.core.inside import named_entries
from flireo_iac.core.refresh import refreshed
from flireo_iac.core.threeway import property_of
from flireo_iac.drift.choice import covers
from flireo_iac.drift.model import Applied, Held
from flireo_iac.kinds import Kind, marker, our_name, shapes
from flireo_iac.kinds._markers import Secret
from flireo_iac.kinds._shape import Shape
from flireo_iac.pull.copies import Copies
from flireo_iac.pull.existing import Files
from flireo_iac.pull.forms import Former, Names, owned
from flireo_iac.pull.holding import held as held_values
from flireo_iac.pull.holding import hidden, holds_unknown
from flireo_iac.pull.proof import unsaid
from flireo_iac.pull.result import FileChange, Remark
from flireo_iac.rows import Row
from flireo_iac.stacks.load import LoadedStack

_Place = tuple[str, str]
"""An item's name in the stack, and a place in it, or a field."""


@dataclass(frozen=True)
class Accepted:
    """What comes of taking the dashboard's values.

    Args:
        changes: The files that are to hold something else.
        fields: The fields that they take over, as ``agents.desk.first_message``.
        by_hand: What only a person should change, and why.
    """

    changes: tuple[FileChange, ...] = ()
    fields: tuple[str, ...] = ()
    by_hand: tuple[Remark, ...] = ()


def accept(
    folder: Path,
    stack: LoadedStack,
    applied: Sequence[Applied],
    held: Mapping[str, Held],
    chosen: Mapping[str, Sequence[str]],
) -> Accepted:
    """Decide what to write, so that the files say what the account holds; writes nothing.

    Args:
        folder: The stack's folder.
        stack: The stack as its files have it.
        applied: The resources of the state.
        held: What the account holds of them, by URN.
        chosen: Places to take, by item.

    Raises:
        StackError: Something else is wrong with the stack.
    """
    taking = _Taking(folder, stack, applied, held)
    places = [(key, path) for key, paths in chosen.items() for path in paths]
    good, by_hand = taking.without_stuck(places)
    found = taking.files(good)
    if taking.unsaid(found):
        good, more = taking.without_unsaid(good)
        by_hand += more
        found = taking.files(good)
    changes = [FileChange(path, _content(folder / path), after) for path, after in sorted(found.files.items())]
    return Accepted(tuple(changes), tuple(f"{key}.{path}" for key, path in good), tuple(sorted(set(by_hand))))


def _names(wrong: Mapping[tuple[str, str], str]) -> str:
    return ", ".join(f"{key}.{name}".rstrip(".") for key, name in sorted(wrong))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


@dataclass
class _Written:
    """One try to write some places.

    Args:
        changing: The files.
        wanted: What each item is to hold, by field as the user spells it.
        by_hand: What cannot be written.
    """

    changing: Files
    wanted: dict[str, dict[str, Any]]
    by_hand: list[Remark] = field(default_factory=list)

    @property
    def files(self) -> dict[str, bytes]:
        """The files that are to hold something else, by their paths."""
        return self.changing.changed()


@dataclass
class _Taking:
    """Takes places of the account into the files.

    Args:
        folder: The stack's folder.
        stack: The stack as its files have it.
        applied: The resources of the state.
        held: What the account holds of them, by URN.
    """

    folder: Path
    stack: LoadedStack
    applied: Sequence[Applied]
    held: Mapping[str, Held]

    def __post_init__(self) -> None:
        self.ids = {each.key: each.id for each in self.applied}
        self._by_key = {each.key: each for each in self.applied}
        self._now = held_values(self.stack, self.ids)

    def without_stuck(self, places: Sequence[_Place]) -> tuple[list[_Place], list[Remark]]:
        """Leave out the places that only a person should change: each is tried with those that can be written."""
        if not self.files(places).by_hand:
            return list(places), []
        good: list[_Place] = []
        by_hand: list[Remark] = []
        for each in places:
            found = self.files([*good, each]).by_hand
            if found:
                by_hand += found
            else:
                good.append(each)
        return good, by_hand

    def without_unsaid(self, places: Sequence[_Place]) -> tuple[list[_Place], list[Remark]]:
        """Leave out the places that would not be read back as they are meant, or that would change others."""
        good: list[_Place] = []
        by_hand: list[Remark] = []
        for key, path in places:
            wrong = self.unsaid(self.files([*good, (key, path)]))
            if not wrong:
                good.append((key, path))
                continue
            own = next((why for place, why in wrong.items() if place[0] == key), "")
            by_hand.append(Remark(key, path, own or f"it would change {_names(wrong)} too"))
        return good, by_hand

    def unsaid(self, found: _Written) -> dict[_Place, str]:
        """Name the fields that the files would not say as they are meant, with the reason."""
        files = found.files
        return unsaid(self.folder, self.stack.environment, files, found.wanted, self.ids) if files else {}

    def files(self, places: Sequence[_Place]) -> _Written:
        """Lay places of the account into the files."""
        found = _Written(Files(self.folder, self.stack), {key: dict(values) for key, values in self._now.items()})
        chosen: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for key, path in places:
            chosen[key, property_of(path)].append(path)
        for (key, name), paths in chosen.items():
            applied = self._by_key.get(key)
            row = self.held[applied.urn].row if applied is not None else None
            if applied is None or row is None or key not in self.stack.items:
                found.by_hand.append(Remark(key, "", "there is no object to take it from, or no file to take it into"))
            else:
                self._take(applied, row, name, paths, found)
        return found

    def _take(self, applied: Applied, row: Row, name: str, paths: Sequence[str], found: _Written) -> None:
        kind, key, now = applied.kind, applied.key, self._now[applied.key]
        spelled = next((each for each in now if our_name(kind.model, each) == name), name)
        why = _refusal(kind, name, now.get(spelled))
        if why is not None:
            found.by_hand.append(Remark(key, name, why))
            return
        want = _theirs(kind, row, spelled, now.get(spelled))
        if now.get(spelled) is not None:
            want = _patched(shapes(kind.model).get(name), name, now[spelled], want, paths)
        outcome = found.changing.write(key, spelled, now.get(spelled), want, self._former(applied))
        found.by_hand += [Remark(key, place, reason) for place, reason in outcome.stuck]
        if want is None:
            found.wanted[key].pop(spelled, None)
        else:
            found.wanted[key][spelled] = want

    def _former(self, applied: Applied) -> Former:
        items = {(each.kind.folder, each.id): each.name for each in self.applied}
        templates: defaultdict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
        for each in self.applied:
            row = self.held[each.urn].row
            if row is not None:
                templates[each.kind.name].append((each.name, owned(each.kind, row)))
        secrets = {name.upper().replace("-", "_") for name in self.stack.secrets}
        copies = Copies(templates["tool_template"], templates["analysis_template"])
        return Former(applied.kind, applied.name, Names(items, copies, secrets))


def _refusal(kind: Kind, name: str, now: Any) -> str | None:
    """Say why only a person can take a field over; None when it can be done."""
    info = kind.inputs.get(name)
    if info is not None and marker(info, Secret) is not None:
        return "it is a secret: set its value where the stack's secrets are, or run up to store yours again"
    if holds_unknown(now):
        return "a secret, or an item that is not deployed, is a part of it"
    return None


def _theirs(kind: Kind, row: Row, spelled: str, now: Any) -> Any:
    """Give the account's value of a field, in the user's spelling wherever the two mean the same; None when empty."""
    shown = hidden(kind, row)
    if now is None:
        return next((value for key, value in owned(kind, shown).items() if our_name(kind.model, key) == spelled), None)
    return refreshed(kind, {spelled: now}, shown, {}, is_whole=True).inputs.get(spelled)


def _patched(shape: Shape | None, path: str, now: Any, theirs: Any, chosen: Sequence[str]) -> Any:
    """Lay the chosen places of the account's value over the files' value.

    Args:
        shape: Shape of the value.
        path: Place of the value.
        now: What the files say.
        theirs: What the account says, in the user's spelling.
        chosen: The places to take.
    """
    if any(covers(each.removesuffix(" (order)"), path) for each in chosen):
        return theirs
    if not any(covers(path, each) for each in chosen):
        return now
    if now is None or theirs is None:  # an empty list or block that one of them leaves out
        empty: Any = [] if isinstance(now if theirs is None else theirs, list) else {}
        return _patched(shape, path, empty if now is None else now, empty if theirs is None else theirs, chosen) or None
    if isinstance(now, Mapping) and isinstance(theirs, Mapping):
        model = shape.model_of(dict(theirs)) if shape is not None else None
        result = {}
        for key in dict.fromkeys([*now, *theirs]):
            name = our_name(model, key)
            inner = shapes(model).get(name) if model is not None else None
            value = _patched(inner, f"{path}.{name}", now.get(key), theirs.get(key), chosen)
            if value is not None:
                result[key] = value
        return result
    if isinstance(now, list) and isinstance(theirs, list):
        return _patched_list(shape.item if shape is not None else None, path, now, theirs, chosen)
    return now


def _patched_list(
    shape: Shape | None, path: str, now: list[Any], theirs: list[Any], chosen: Sequence[str]
) -> list[Any]:
    if not all(isinstance(each, Mapping) for each in (*now, *theirs)):
        return now
    ours, others = named_entries(now), named_entries(theirs)
    result = []
    for name in dict.fromkeys([*ours, *others]):
        value = _patched(shape, f"{path}[{name}]", ours.get(name), others.get(name), chosen)
        if value is not None:
            result.append(value)
    return result
