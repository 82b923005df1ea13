"""What changed between two sets of inputs, and what a write has to carry.

Only keys that the user wrote count. A config block is owned whole, because the API replaces blocks. Values that mean
the same are no change: another spelling, 300.0 for 300, the order of an unordered list, line endings, a default that
is written out inside a block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flireo_iac.core.canonical import canonical, comparable, is_server_default, same, whole
from flireo_iac.kinds import KINDS, Kind, marker, our_name
from flireo_iac.kinds._markers import Clearable, Immutable, OnlyOnCreate, ServerDefault


@dataclass(frozen=True)
class Change:
    """One property that differs.

    Args:
        name: The property, spelled the contract's way.
        written: The same as the user spelled it, in the new inputs, else in the old ones.
        operation: ``add``, ``change`` or ``remove``.
        is_replacement: True when no update endpoint accepts the change.
    """

    name: str
    written: str
    operation: Literal["add", "change", "remove"]
    is_replacement: bool


def own(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is Pulumi's own (two underscores in front) and what is empty."""
    return {key: value for key, value in inputs.items() if not key.startswith("__") and value is not None}


def diff(
    kind: Kind,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    is_unknown: Callable[[Any], bool] = lambda value: False,
) -> tuple[Change, ...]:
    """Compare the inputs of the last run with those of this one.

    Args:
        kind: What the resource is.
        old: Inputs as last applied.
        new: Inputs as wanted.
        is_unknown: Tells a value that is not known before the run; it counts as a change.

    Returns:
        The changes, in the order of the kind's model.
    """
    before, after = own(old), own(new)
    spelled = {our_name(kind.model, key): key for key in [*before, *after]}
    changes = []
    for name in sorted(spelled, key=[*kind.inputs, *spelled].index):
        one, other = _value(kind, before, name), _value(kind, after, name)
        if kind.is_only_on_create(name):
            continue
        if _holds_unknown(other, is_unknown):
            operation: Literal["add", "change", "remove"] = "add" if one is None else "change"
        elif (one is None and other is None) or _is_default_of_immutable(kind, name, one, other):
            continue
        elif one is None:
            operation = "add"
        elif other is None:
            operation = "remove"
        elif same(comparable(kind.model, name, one), comparable(kind.model, name, other)):
            continue
        else:
            operation = "change"
        info = kind.inputs.get(name)
        is_replacement = info is not None and marker(info, Immutable) is not None
        changes.append(Change(name, spelled[name], operation, is_replacement))
    return tuple(changes)


def brought(kind: Kind) -> tuple[tuple[str, Kind], ...]:
    """Give the properties that bring other objects along with the create, and the kinds of those."""
    marks = ((name, marker(info, OnlyOnCreate)) for name, info in kind.inputs.items())
    return tuple((name, KINDS[mark.kind]) for name, mark in marks if mark is not None)


def _is_default_of_immutable(kind: Kind, name: str, one: Any, other: Any) -> bool:
    """Tell whether a default was only written out, or left out again: nothing can have changed it meanwhile."""
    info = kind.inputs.get(name)
    if info is None or marker(info, Immutable) is None or (one is not None and other is not None):
        return False
    return is_server_default(kind.model, name, other if one is None else one)


def _value(kind: Kind, inputs: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in inputs.items() if our_name(kind.model, key) == name), None)


def _holds_unknown(value: Any, is_unknown: Callable[[Any], bool]) -> bool:
    if is_unknown(value):
        return True
    if isinstance(value, Mapping):
        return any(_holds_unknown(each, is_unknown) for each in value.values())
    if isinstance(value, list | tuple):
        return any(_holds_unknown(each, is_unknown) for each in value)
    return False


def create_body(kind: Kind, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the body of a create: the inputs as the user spelled them, whole floats as integers.

    What the create takes no notice of is left out: an update brings it.
    """
    later = kind.set_later(inputs)
    return {key: whole(value) for key, value in own(inputs).items() if key not in later}


@dataclass(frozen=True)
class Patch:
    """What an update sends.

    Args:
        body: Changed keys with their new values, null for what is cleared.
        kept: Fields that were removed from the inputs and that the API can neither clear nor reset: the server keeps
            the last value.
    """

    body: Mapping[str, Any]
    kept: tuple[str, ...]


def patch(kind: Kind, changes: tuple[Change, ...], new: Mapping[str, Any]) -> Patch:
    """Turn changes into the body of a PATCH: changed keys only, whole blocks, explicit null for what was removed.

    Source: api notes, section 6. A removed field that is not nullable goes back to the server's default.
    """
    body: dict[str, Any] = {}
    kept = []
    for change in changes:
        info = kind.inputs.get(change.name)
        if change.operation != "remove":
            body[change.written] = whole(new[change.written])
        elif info is not None and marker(info, Clearable) is not None:
            body[change.written] = None
        elif info is not None and (default := marker(info, ServerDefault)) is not None:
            body[change.written] = default.value
        else:
            kept.append(change.written)
    return Patch(body, tuple(kept))


def changed_paths(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the places inside the changed properties that differ, such as ``llm_config.messages[0].content``."""
    from deepdiff import DeepDiff  # here, because it takes longer to import than most runs need it

    paths: set[str] = set()
    for change in diff(kind, old, new):
        one, other = (_compared(kind, inputs, change.name) for inputs in (old, new))
        found = DeepDiff(one, other, ignore_numeric_type_changes=True, view="tree")
        nodes = [node.path(output_format="list") for nodes in found.values() for node in nodes]
        if change.operation != "change" or not nodes:
            paths.add(change.written)
            continue
        paths.update(_dotted([change.written, *node]) for node in nodes)
    return tuple(sorted(paths))


def _compared(kind: Kind, inputs: Mapping[str, Any], name: str) -> Any:
    value = canonical(kind.model, own(inputs)).get(name)
    return None if value is None else comparable(kind.model, name, value)


def _dotted(steps: list[Any]) -> str:
    head, *rest = steps
    return str(head) + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)
