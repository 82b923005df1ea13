"""What the files want of each item, in values that can be held against the state and the account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flireo_iac.drift.model import Applied
from flireo_iac.kinds import Kind
from flireo_iac.stacks.load import Item, LoadedStack
from flireo_iac.stacks.values import ItemRef, SecretRef, Text, is_marker, markers


@dataclass(frozen=True)
class Wanted:
    """One item as the files have it.

    Args:
        kind: What it is.
        name: Its name in the stack.
        inputs: Its inputs; markers stand where a value is not known here.
        secrets: Texts of it that hold a secret, as far as they are known.
    """

    kind: Kind
    name: str
    inputs: Mapping[str, Any] = field(repr=False)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def key(self) -> str:
        """Name of the item in its stack."""
        return f"{self.kind.folder}.{self.name}"


def wanted_items(stack: LoadedStack, applied: Mapping[str, Applied], secrets: Mapping[str, str]) -> dict[str, Wanted]:
    """Give every item of the files, with references and secrets filled in as far as they are known.

    Args:
        stack: The loaded stack.
        applied: What was last applied, by the item's name in the stack.
        secrets: Values of secrets by their names, those that could be looked up.
    """
    return {key: _Filling(stack, applied, secrets).wanted(item) for key, item in stack.items.items()}


@dataclass
class _Filling:
    stack: LoadedStack
    applied: Mapping[str, Applied]
    secrets: Mapping[str, str]
    found: set[str] = field(default_factory=set)

    def wanted(self, item: Item) -> Wanted:
        before = self.applied.get(item.key)
        inputs = {}
        for name, value in item.inputs.items():
            filled = self._value(value)
            inputs[name] = _settled(filled, before.inputs.get(name) if before is not None else None)
            self.found |= set(_secret_texts(value, inputs[name]))
        return Wanted(item.kind, item.name, inputs, frozenset(self.found))

    def _value(self, value: Any) -> Any:
        match value:
            case ItemRef():
                return self._referred(value)
            case SecretRef():
                return self.secrets.get(value.name, value)
            case Text(parts):
                found = [self._value(each) for each in parts]
                texts = [each for each in found if isinstance(each, str)]
                return "".join(texts) if len(texts) == len(found) else Text(tuple(found))
            case Mapping():
                return {key: self._value(each) for key, each in value.items()}
            case list() | tuple():
                return [self._value(each) for each in value]
            case _:
                return value

    def _referred(self, reference: ItemRef) -> Any:
        held, item = self.applied.get(reference.key), self.stack.items.get(reference.key)
        if reference.field == "id":
            return held.id if held is not None else reference
        if item is not None and reference.field in item.inputs:
            return self._value(item.inputs[reference.field])
        return held.outputs.get(reference.field, reference) if held is not None else reference


def _settled(value: Any, applied: Any) -> Any:
    """Replace what is not known: a secret by what was applied in its place, anything else by what the file says."""
    if is_marker(value):
        is_secret = any(isinstance(each, SecretRef) for each in markers(value))
        return applied if is_secret and isinstance(applied, str) else str(value)
    if isinstance(value, Mapping):
        below = applied if isinstance(applied, Mapping) else {}
        return {key: _settled(each, below.get(key)) for key, each in value.items()}
    if isinstance(value, list):
        entries = applied if isinstance(applied, list) and len(applied) == len(value) else [None] * len(value)
        return [_settled(each, one) for each, one in zip(value, entries, strict=True)]
    return value


def _secret_texts(value: Any, filled: Any) -> Iterator[str]:
    """Give the texts that a secret of the files went into."""
    if is_marker(value):
        if isinstance(filled, str) and any(isinstance(each, SecretRef) for each in markers(value)):
            yield filled
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _secret_texts(each, filled[key])
    elif isinstance(value, list | tuple):
        for each, one in zip(value, filled, strict=True):
            yield from _secret_texts(each, one)
