"""Takes what nobody may read out of a plan before it is shown: secret fields, values of headers, what looks like a key.

Two values that differ get two numbers, so that a change is seen and the values are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flireo_iac.kinds import Kind, map_secrets, secret_texts
from flireo_iac.lint.shapes import is_key_header, is_open_header, without_keys
from flireo_iac.plan.model import SECRET, Plan

_SHORTEST_MASKED = 6
"""A shorter text in a secret field is not looked for elsewhere: it would hide common words."""


class Mask:
    """Masks inputs of items, all with the same numbers.

    Args:
        items: Kind and inputs of every item, before and after.
        texts: Further secrets, whatever field they stand in.
    """

    def __init__(self, items: Iterable[tuple[Kind, Mapping[str, Any]]], texts: Iterable[str] = ()) -> None:
        self._numbers: dict[str, str] = {}
        self._whole = frozenset(filter(None, texts))
        for text in sorted(self._whole):
            self._number(text)
        for kind, inputs in items:
            for text in [*sorted(secret_texts(kind.model, inputs)), *_keys_of_headers(inputs)]:
                self._number(text)
        found = (text for text in self._numbers if len(text) >= _SHORTEST_MASKED and not _is_reference(text))
        self._anywhere = sorted(found, key=len, reverse=True)

    def inputs(self, kind: Kind, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Give inputs without secrets."""
        masked = map_secrets(kind.model, inputs, self._secret)
        return {key: self._below(key, value) for key, value in masked.items()}

    def _number(self, text: str) -> str:
        return self._numbers.setdefault(text, f"{SECRET[:-1]} {len(self._numbers) + 1}]")

    def _secret(self, value: Any) -> Any:
        if not isinstance(value, str):
            return SECRET
        return value if _is_reference(value) or value.startswith(SECRET[:-1]) else self._number(value)

    def _below(self, name: str, value: Any) -> Any:
        if name == "headers" and isinstance(value, Mapping):
            return {key: self._header(str(key), each) for key, each in value.items()}
        if isinstance(value, Mapping):
            return {self._key(key): self._below(str(key), each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._below(name, each) for each in value]
        return self._text(value) if isinstance(value, str) else value

    def _header(self, name: str, value: Any) -> Any:
        if is_open_header(name) or (isinstance(value, str) and "${secret." in value):
            return self._below("", value)
        return value if value is None else self._secret(value)

    def _key(self, key: Any) -> Any:
        return self._text(key) if isinstance(key, str) else key

    def _text(self, text: str) -> str:
        if text in self._whole:
            return self._numbers[text]
        for secret in self._anywhere:
            text = text.replace(secret, self._numbers[secret])
        return without_keys(text, self._number)


def _is_reference(text: str) -> bool:
    return text.startswith("${secret.") and text.endswith("}")


def _keys_of_headers(value: Any) -> Iterable[str]:
    """Give the values of headers that are named like one for a key."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            if name == "headers" and isinstance(below, Mapping):
                yield from (each for key, each in below.items() if isinstance(each, str) and is_key_header(str(key)))
            else:
                yield from _keys_of_headers(below)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _keys_of_headers(each)


def masked(plan: Plan) -> Plan:
    """Give a plan that an engine made without what looks like a key; its secret fields are masked already."""
    sides = [(step.kind, side) for step in plan.steps if step.kind is not None for side in (step.old, step.new)]
    mask = Mask(sides)
    return replace(
        plan,
        steps=tuple(
            step
            if step.kind is None
            else replace(step, old=mask.inputs(step.kind, step.old), new=mask.inputs(step.kind, step.new))
            for step in plan.steps
        ),
    )


def told(text: str) -> str:
    """Give a sentence without what looks like a key."""
    return without_keys(text, lambda key: SECRET)
