"""Which object of the account is which item of the stack."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flireo_iac.kinds import KINDS, Kind
from flireo_iac.pull.account import Account
from flireo_iac.pull.naming import free, readable
from flireo_iac.rows import Row


@dataclass(frozen=True)
class Match:
    """An object with its item.

    Args:
        kind: What it is.
        name: Name of the item in its folder.
        row: The object.
        is_new: True when the stack has no such item yet.
    """

    kind: Kind
    name: str
    row: Row
    is_new: bool

    @property
    def key(self) -> str:
        """Name of the item in its stack."""
        return f"{self.kind.folder}.{self.name}"


@dataclass
class Matches:
    """What was found.

    Args:
        found: Every object with its item, new ones with the name they get.
        gone: Items of the record whose object the account holds no more.
        unsure: Items that several objects could be, each with the ids of those.
    """

    found: list[Match] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    unsure: dict[str, list[str]] = field(default_factory=dict)


def match(
    account: Account, items: Mapping[str, Mapping[str, Any]], record: Mapping[str, str], taken: frozenset[str]
) -> Matches:
    """Match objects with items: by the record, then by a name or number that only one of each has, else anew.

    Args:
        account: What the account holds.
        items: What each item of the stack holds, by its name in the stack.
        record: Id of each item that was pulled.
        taken: Names that no new item may have, by their names in the stack.
    """
    matches = Matches()
    for name, rows in account.rows.items():
        _match_kind(KINDS[name], rows, items, record, taken, matches)
    return matches


def _match_kind(
    kind: Kind,
    rows: tuple[Row, ...],
    items: Mapping[str, Mapping[str, Any]],
    record: Mapping[str, str],
    taken: frozenset[str],
    matches: Matches,
) -> None:
    mine = {key: value for key, value in items.items() if key.startswith(f"{kind.folder}.")}
    recorded = {key: id_ for key, id_ in record.items() if key.startswith(f"{kind.folder}.")}
    ids = {str(row["id"]) for row in rows}
    known = {id_: key for key, id_ in recorded.items() if id_ in ids}
    matches.gone += sorted(key for key, id_ in recorded.items() if id_ not in ids)
    rest = [row for row in rows if str(row["id"]) not in known]
    known |= _by_nature(kind, rest, {key: each for key, each in mine.items() if key not in known.values()}, matches)
    names = {key.partition(".")[2] for key in [*taken, *known.values()] if key.startswith(f"{kind.folder}.")}
    for row in rows:
        key = known.get(str(row["id"]))
        if key is None:
            name = free(readable(kind, row), names)
            names.add(name)
        else:
            name = key.partition(".")[2]
        matches.found.append(Match(kind, name, row, f"{kind.folder}.{name}" not in items))


def _by_nature(kind: Kind, rows: list[Row], items: Mapping[str, Mapping[str, Any]], matches: Matches) -> dict[str, str]:
    """Match by natural key, where one item and one object have it."""
    objects: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row in rows:
        objects[_nature(kind, row)].append(str(row["id"]))
    wanted = {key: _nature(kind, each) for key, each in items.items()}
    shared = Counter(wanted.values())
    found = {}
    for key, nature in wanted.items():
        candidates = objects.get(nature, [])
        if len(candidates) == 1 and shared[nature] == 1:
            found[candidates[0]] = key
        elif candidates:
            matches.unsure[key] = candidates
    return found


def _nature(kind: Kind, values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(value if isinstance(value := values.get(key), str) else None for key in kind.natural_key)
