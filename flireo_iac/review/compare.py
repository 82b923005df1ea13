"""Two loaded stacks as a plan: what a run would do if the first one is what was deployed last.

The decisions are those of the engine: what changed comes from ``core.diff``, what makes a new object from the kinds.
Secrets in clear are masked before anything leaves this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flireo_iac.core.diff import diff
from flireo_iac.kinds import Kind, marker
from flireo_iac.kinds._markers import Secret
from flireo_iac.plan.model import Op, Plan, PlannedStep
from flireo_iac.review.mask import Mask
from flireo_iac.review.model import NOT_MADE
from flireo_iac.stacks.load import Item, LoadedStack
from flireo_iac.stacks.values import ItemRef, SecretRef, Text, Unresolved, markers


@dataclass(frozen=True)
class Comparison:
    """What one environment's stack turns into.

    Args:
        plan: What a run would do.
        notes: What a plan does not show, in sentences.
    """

    plan: Plan
    notes: tuple[str, ...]


def compare_stacks(before: LoadedStack | None, after: LoadedStack | None) -> Comparison:
    """Compare one environment of a stack before and after a change.

    Args:
        before: The stack as it was; None when the environment was not there.
        after: The stack as it will be; None when the environment is not there any more.
    """
    old = dict(before.items) if before is not None else {}
    new = dict(after.items) if after is not None else {}
    environment = next((each.environment or "" for each in (after, before) if each is not None), "")
    urns = {
        key: f"urn:pulumi:{environment}::stack::pulumi-python:dynamic/flireo:{item.kind.token}::{item.name}"
        for key, item in (old | new).items()
    }
    mask = Mask((item.kind, item.inputs) for item in [*old.values(), *new.values()])
    sides = _Side(old, mask), _Side(new, mask)
    replaced: set[str] = set()
    steps = []
    for key in [*new, *(key for key in reversed(old) if key not in new)]:
        item = new.get(key) or old[key]
        op = _operation(item.kind, old.get(key), new.get(key), sides, replaced)
        if op == "replace":
            replaced.add(key)
        steps.append(_step(op, key, item, sides, urns))
    return Comparison(Plan(tuple(steps), len(old)), tuple(_notes(old, new)))


class _Side:
    """One of the two stacks: its items as plain data."""

    def __init__(self, items: Mapping[str, Item], mask: Mask) -> None:
        self._items = items
        self._plain: dict[str, dict[str, Any]] = {}
        self.mask = mask

    def inputs(self, key: str) -> dict[str, Any]:
        """Give the inputs of an item, references and secrets as the user writes them; empty when it is not there."""
        if key not in self._items:
            return {}
        if key not in self._plain:
            self._plain[key] = {}  # what refers to it in a circle finds nothing
            self._plain[key] = {name: self._value(value) for name, value in self._items[key].inputs.items()}
        return self._plain[key]

    def is_protected(self, key: str) -> bool:
        """Tell whether the engine refuses to delete an item."""
        return key in self._items and self._items[key].is_protected

    def _field(self, reference: ItemRef) -> Any:
        """Give the value that a reference leads to, when the files say it and it is no secret."""
        item = self._items.get(reference.key)
        info = item.kind.inputs.get(reference.field) if item is not None else None
        if info is None or marker(info, Secret) is not None:
            return None
        return self.inputs(reference.key).get(reference.field)

    def shown(self, key: str, kind: Kind) -> dict[str, Any]:
        """Give the inputs without secrets."""
        return self.mask.inputs(kind, self.inputs(key))

    def _value(self, value: Any) -> Any:
        match value:
            case ItemRef():
                known = self._field(value)
                return known if isinstance(known, str | int | float) else str(value)
            case SecretRef():
                return str(value)
            case Text(parts):
                return "".join(str(self._value(part)) for part in parts)
            case Unresolved():
                return NOT_MADE
            case dict():
                return {key: self._value(each) for key, each in value.items()}
            case list():
                return [self._value(each) for each in value]
            case _:
                return value


def _operation(kind: Kind, old: Item | None, new: Item | None, sides: tuple[_Side, _Side], replaced: set[str]) -> Op:
    if old is None or new is None:
        return "create" if old is None else "delete"
    before, after = sides[0].inputs(old.key), sides[1].inputs(new.key)
    changes = diff(kind, before, after)
    known = (each for each in changes if NOT_MADE not in (before.get(each.name), after.get(each.name)))
    if any(change.is_replacement for change in known):
        return "replace"
    used = {each.key for each in markers(dict(new.inputs)) if isinstance(each, ItemRef) and each.field in _MADE_ANEW}
    return "update" if changes or used & replaced else "same"


_MADE_ANEW = frozenset({"id", "created_at", "updated_at"})
"""Fields of which a new object has other values."""


def _step(op: Op, key: str, item: Item, sides: tuple[_Side, _Side], urns: Mapping[str, str]) -> PlannedStep:
    needed = [*(each.key for each in markers(dict(item.inputs)) if isinstance(each, ItemRef)), *item.needs]
    return PlannedStep(
        op=op,
        urn=urns[key],
        kind=item.kind,
        id="" if op == "create" else f"${{{key}.id}}",
        old=sides[0].shown(key, item.kind),
        new=sides[1].shown(key, item.kind),
        needs=tuple(dict.fromkeys(urns[each] for each in needed if each in urns)),
        is_protected=sides[0].is_protected(key),
    )


def _notes(old: Mapping[str, Item], new: Mapping[str, Item]) -> Iterator[str]:
    for key, item in new.items():
        if key in old and old[key].is_protected != item.is_protected:
            title = f'{item.kind.title} "{item.name}"'
            if item.is_protected:
                yield f"The {title} becomes protected: it cannot be deleted or replaced."
            else:
                yield f"The {title} is not protected any more: a later run may delete or replace it."
