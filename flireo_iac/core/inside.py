"""What differs inside the changed properties of a resource: every place with its old and its new value.

``diff`` decides which properties changed; here they are looked into. Entries of a list are told apart by what names
them (a tool by its name, a message by its role), so that one entry more does not change all those behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flireo_iac.core.canonical import canonical, comparable, same
from flireo_iac.core.diff import Change, own
from flireo_iac.kinds import Kind

_NAMING = ("name", "type", "role", "provider", "number", "id")
"""Keys that tell the entries of a list apart, the best one first."""


class Absent:
    """Stands for a value that is not there, which is not the same as null."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


@dataclass(frozen=True)
class Difference:
    """One place that differs.

    Args:
        path: The place, such as ``llm_config.tools[book].url``.
        old: Value before; ``ABSENT`` when there was none.
        new: Value after; ``ABSENT`` when there is none.
        property: Name of the changed property of the resource, spelled the contract's way.
    """

    path: str
    old: Any
    new: Any
    property: str


def differences(
    kind: Kind, changes: Sequence[Change], old: Mapping[str, Any], new: Mapping[str, Any]
) -> tuple[Difference, ...]:
    """Look into changed properties.

    Args:
        kind: What the resource is.
        changes: What ``diff`` found between the two.
        old: Inputs before.
        new: Inputs after.

    Returns:
        The places that differ, in the order of the changes; one for a property of which no place differs.
    """
    found: list[Difference] = []
    for change in changes:
        one, other = (_value(kind, inputs, change.name) for inputs in (old, new))
        places = [Difference(path, a, b, change.name) for path, a, b in _differing(change.written, one, other)]
        found += places or [Difference(change.written, one, other, change.name)]
    return tuple(found)


def _value(kind: Kind, inputs: Mapping[str, Any], name: str) -> Any:
    value = canonical(kind.model, own(inputs)).get(name)
    return ABSENT if value is None else comparable(kind.model, name, value)


def _differing(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            yield from _differing(f"{path}.{key}", old.get(key, ABSENT), new.get(key, ABSENT))
    elif _is_list_of_mappings(old) and _is_list_of_mappings(new):
        yield from _differing_entries(path, named_entries(old), named_entries(new))
    elif old is ABSENT or new is ABSENT:
        if old is not new:
            yield path, old, new
    elif not same(old, new):
        yield path, old, new


def _differing_entries(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in dict.fromkeys([*old, *new]):
        yield from _differing(f"{path}[{name}]", old.get(name, ABSENT), new.get(name, ABSENT))
    before, after = [name for name in old if name in new], [name for name in new if name in old]
    if before != after:
        yield f"{path} (order)", before, after


def _is_list_of_mappings(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)


def named_entries(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give the entries of a list by what names them; the second of one name is ``name #2``."""
    seen: Counter[str] = Counter()
    named: dict[str, Any] = {}
    for entry in entries:
        name = next((str(entry[key]) for key in _NAMING if isinstance(entry.get(key), str)), "")
        seen[name] += 1
        again = f" #{seen[name]}" if seen[name] > 1 or not name else ""
        named[f"{name}{again}".strip()] = entry
    return named
