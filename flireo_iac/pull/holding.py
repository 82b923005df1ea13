"""What the items of a loaded stack hold, in values that can be compared with the account's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flireo_iac.kinds import Kind, map_secrets
from flireo_iac.stacks.load import LoadedStack
from flireo_iac.stacks.values import ItemRef, SecretRef, Text, Unresolved

HIDDEN = "\0secret"
"""Stands for the value of a secret, which is not compared."""


class Unknown:
    """Stands for a value of which a part is a secret, or is known only after a deployment."""


UNKNOWN = Unknown()


def held(stack: LoadedStack, ids: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Give what each item holds, by its name in the stack.

    Args:
        stack: The loaded stack.
        ids: Id of the object that an item is, by the item's name in the stack.
    """
    return {
        key: {name: _value(value, stack, ids) for name, value in hidden(item.kind, item.inputs).items()}
        for key, item in stack.items.items()
    }


def hidden(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values with every secret field hidden."""
    return map_secrets(kind.model, values, lambda value: HIDDEN)


def holds_unknown(value: Any) -> bool:
    """Tell whether a part of a value is unknown."""
    match value:
        case Unknown():
            return True
        case Mapping():
            return any(map(holds_unknown, value.values()))
        case list():
            return any(map(holds_unknown, value))
        case _:
            return False


def _value(value: Any, stack: LoadedStack, ids: Mapping[str, str]) -> Any:
    match value:
        case ItemRef():
            return _referred(value, stack, ids)
        case Text():
            parts = [_value(part, stack, ids) for part in value.parts]
            return "".join(parts) if all(isinstance(part, str) for part in parts) else UNKNOWN
        case SecretRef() | Unresolved():
            return UNKNOWN
        case Mapping():
            return {key: _value(each, stack, ids) for key, each in value.items()}
        case list() | tuple():
            return [_value(each, stack, ids) for each in value]
        case _:
            return value


def _referred(reference: ItemRef, stack: LoadedStack, ids: Mapping[str, str]) -> Any:
    if reference.field == "id":
        return ids.get(reference.key, UNKNOWN)
    item = stack.items.get(reference.key)
    if item is None or reference.field not in item.inputs:
        return UNKNOWN
    return _value(hidden(item.kind, item.inputs)[reference.field], stack, ids)
