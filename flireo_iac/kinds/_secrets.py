"""Finds the secret fields of a value along its model, nested ones and other spellings too.

Everything that masks, encrypts or forgets secrets walks here, so that no two places disagree on what is secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from flireo_iac.kinds._markers import Secret, marker
from flireo_iac.kinds._shape import Shape, fields, our_name, shapes

Change = Callable[[Any], Any]
Opaque = Callable[[Callable[[Any], Any], Any], Any]


def map_secrets(
    model: type[BaseModel], values: Mapping[str, Any], change: Change, opaque: Opaque | None = None
) -> dict[str, Any]:
    """Give a mapping with the value of each secret field changed.

    Args:
        model: What the mapping follows; its fields say what is secret.
        values: The mapping, in any dialect.
        change: From a secret's value to what takes its place; not called for None.
        opaque: For a value that cannot be looked into yet (a Pulumi output) and may hold a secret: takes what has to
            be done with it once it is known, and the value; None leaves such values as they are.
    """
    result: dict[str, Any] = {}
    for key, value in values.items():
        name = our_name(model, key)
        info = fields(model).get(name)
        if value is not None and info is not None and marker(info, Secret) is not None:
            result[key] = change(value)
        else:
            result[key] = _below(shapes(model).get(name), value, change, opaque)
    return result


def _below(shape: Shape | None, value: Any, change: Change, opaque: Opaque | None) -> Any:
    if shape is None or not _may_hold_secret(shape):
        return value
    if isinstance(value, list | tuple):
        return [_below(shape.item, each, change, opaque) for each in value]
    if isinstance(value, Mapping):
        model = shape.model_of(dict(value))
        return value if model is None else map_secrets(model, value, change, opaque)
    if opaque is not None and value is not None and not isinstance(value, str | int | float):
        return opaque(lambda known: _below(shape, known, change, opaque), value)
    return value


@cache
def _holds_secret(model: type[BaseModel]) -> bool:
    return any(
        marker(info, Secret) is not None or _may_hold_secret(shapes(model)[name])
        for name, info in fields(model).items()
    )


def _may_hold_secret(shape: Shape) -> bool:
    if shape.item is not None:
        return _may_hold_secret(shape.item)
    models = [shape.block] if shape.block is not None else list((shape.variants or {}).values())
    return any(_holds_secret(model) for model in models)


def secret_texts(model: type[BaseModel], values: Mapping[str, Any]) -> frozenset[str]:
    """Give every text in a secret field of a mapping."""
    found: set[str] = set()

    def collect(value: Any) -> Any:
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, Mapping):
            for each in value.values():
                collect(each)
        elif isinstance(value, list | tuple):
            for each in value:
                collect(each)
        return value

    map_secrets(model, values, collect)
    return frozenset(found)
