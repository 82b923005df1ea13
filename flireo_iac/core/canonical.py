"""One spelling for values that mean the same: dialects, whole floats, unordered lists, line endings, defaults.

``canonical`` changes spelling only; what it gives can be checked and read by name. ``comparable`` goes on and drops
what makes no difference, so that two values are equal exactly when no write is needed. Both follow the model of the
kind: text inside free JSON, such as the parameters of a tool, is left alone.

Source: api notes, section 0 (dialects) and section 6 (defaults).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from flireo_iac.kinds import fields, marker, our_name, shapes
from flireo_iac.kinds._markers import ServerDefault, TimeOfDay, Unordered, ValueSpelling
from flireo_iac.kinds._shape import Shape


def whole(value: Any) -> Any:
    """Turn whole floats into integers: Pulumi sends every number as a float."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: whole(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [whole(each) for each in value]
    return value


def canonical(model: type[BaseModel], value: Mapping[str, Any]) -> dict[str, Any]:
    """Spell the keys and values of a mapping the contract's way.

    Args:
        model: What the mapping follows.
        value: The mapping, in any dialect. When it holds both spellings of a key, the contract's wins and the other
            stays as it is.
    """
    result: dict[str, Any] = {}
    for key, each in value.items():
        name = our_name(model, key)
        if name != key and name in value:
            name = key
        info = fields(model).get(name)
        spelled = info and marker(info, ValueSpelling)
        if spelled and isinstance(each, str):
            each = spelled.canonical.get(each, each)
        if info and marker(info, TimeOfDay) and isinstance(each, str) and len(each) == len("09:00"):
            each = f"{each}:00"
        result[name] = _canonical(shapes(model).get(name), each)
    return result


def _canonical(shape: Shape | None, value: Any) -> Any:
    if shape is not None and isinstance(value, Mapping):
        model = shape.model_of(dict(value))
        if model is not None:
            return canonical(model, value)
    if isinstance(value, list | tuple):
        item = shape.item if shape is not None else None
        return [_canonical(item, each) for each in value]
    return whole(value)


def comparable(model: type[BaseModel], name: str, value: Any) -> Any:
    """Give a form of one property's value that is equal for values between which no write is needed.

    Args:
        model: Model of the resource.
        name: Property, spelled the contract's way.
        value: Its value, in any dialect.
    """
    whole_value = canonical(model, {name: value})[name]
    return _comparable_field(model, name, whole_value)


def comparable_item(shape: Shape | None, value: Any) -> Any:
    """Do the same for an entry of a list, which has a shape and no name."""
    return _comparable(shape, _canonical(shape, value))


def _comparable_field(model: type[BaseModel], name: str, value: Any) -> Any:
    info = fields(model).get(name)
    result = _comparable(shapes(model).get(name), value)
    if info is not None and marker(info, Unordered) is not None and isinstance(result, list):
        return sorted(result, key=_sort_key)
    return result


def _comparable(shape: Shape | None, value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\r\n", "\n")
    if isinstance(value, Mapping):
        model = shape.model_of(value) if shape is not None else None
        if model is None:
            return {key: _comparable(None, each) for key, each in value.items()}
        return {
            key: compared
            for key, each in value.items()
            if each is not None and not is_server_default(model, key, compared := _comparable_field(model, key, each))
        }
    if isinstance(value, list):
        item = shape.item if shape is not None else None
        return [_comparable(item, each) for each in value]
    return value


def is_server_default(model: type[BaseModel], name: str, value: Any) -> bool:
    """Tell whether a value is what the server fills in when the key is left out."""
    info = fields(model).get(name)
    default = info and marker(info, ServerDefault)
    return default is not None and same(default.value, value)


def same(one: Any, other: Any) -> bool:
    """Compare JSON values: true is not 1, 1 is 1.0."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    return _sort_key(whole(one)) == _sort_key(whole(other))


def _sort_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
