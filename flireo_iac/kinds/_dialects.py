"""The spelling of what is sent: keys and values of a body as a dialect writes them.

Text inside free JSON and keys that no model names are left alone. Source: api notes, sections 0, 11 and 15.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

from flireo_iac.kinds._markers import Dialect, Spelling, ValueSpelling, marker
from flireo_iac.kinds._shape import Shape, fields, our_name, shapes

DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
"""Every dialect, oldest first."""


def in_dialect(model: type[BaseModel], values: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Spell the keys and values of a mapping as a dialect does.

    Args:
        model: What the mapping follows.
        values: The mapping, in any dialect. A key that is given in two spellings is left as it is.
        dialect: Which.
    """
    given = [our_name(model, key) for key in values]
    result: dict[str, Any] = {}
    for key, value in values.items():
        name = our_name(model, key)
        written = key if given.count(name) > 1 else _key(model, name, dialect)
        result[written] = _value(model, name, value, dialect)
    return result


def _key(model: type[BaseModel], name: str, dialect: Dialect) -> str:
    info = fields(model).get(name)
    spelling = marker(info, Spelling) if info is not None else None
    if spelling is None or spelling.since is None or not _knows(dialect, spelling.since):
        return name
    return spelling.others[0]


def _value(model: type[BaseModel], name: str, value: Any, dialect: Dialect) -> Any:
    info = fields(model).get(name)
    spelling = marker(info, ValueSpelling) if info is not None else None
    if spelling is not None and isinstance(value, str):
        ours = spelling.canonical.get(value, value)
        if spelling.since is None or not _knows(dialect, spelling.since):
            return ours
        return next((other for other, canonical in spelling.canonical.items() if canonical == ours), ours)
    return _below(shapes(model).get(name), value, dialect)


def _below(shape: Shape | None, value: Any, dialect: Dialect) -> Any:
    if shape is None:
        return value
    if isinstance(value, list | tuple):
        return [_below(shape.item, each, dialect) for each in value]
    if isinstance(value, Mapping):
        model = shape.model_of(dict(value))
        return value if model is None else in_dialect(model, value, dialect)
    return value


def _knows(dialect: Dialect, since: Dialect) -> bool:
    return DIALECTS.index(dialect) >= DIALECTS.index(since)
