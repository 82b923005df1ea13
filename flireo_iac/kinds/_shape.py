"""The shape of a value, read from a pydantic annotation: a block, a list, one of several blocks, or a plain value.

Whoever walks a value along its model (spellings, defaults, secrets) asks for its shape here, so that text inside
free JSON, such as the parameters of a tool, is never taken for a field of ours.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Discriminator, Tag
from pydantic.fields import FieldInfo

from flireo_iac.kinds._markers import Spelling, marker


@dataclass(frozen=True)
class Shape:
    """What a value looks like.

    Args:
        block: Model of a mapping; None when it is no block.
        item: Shape of each entry of a list; None when it is no list.
        choose: For one of several blocks: from the value to the name of its variant.
        variants: For one of several blocks: the model of each variant.
    """

    block: type[BaseModel] | None = None
    item: Shape | None = None
    choose: Callable[[Any], Any] | None = None
    variants: Mapping[str, type[BaseModel]] | None = None

    def model_of(self, value: Any) -> type[BaseModel] | None:
        """Give the model that a mapping of this shape follows; None when it follows none."""
        if self.block is not None:
            return self.block
        if self.choose is not None and self.variants is not None:
            return self.variants.get(self.choose(value))
        return None


PLAIN = Shape()


def shape_of(info: FieldInfo) -> Shape:
    """Give the shape of a field's value."""
    return _shape(info.annotation, tuple(info.metadata))


def _shape(annotation: Any, metadata: tuple[Any, ...] = ()) -> Shape:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _shape(inner, (*metadata, *more))
    if origin in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        chooser = next((mark for mark in metadata if isinstance(mark, Discriminator)), None)
        if chooser is not None and callable(chooser.discriminator):
            return Shape(choose=chooser.discriminator, variants=dict(_tagged(member) for member in members))
        return _shape(members[0], metadata) if len(members) == 1 else PLAIN
    if origin is list:
        return Shape(item=_shape(get_args(annotation)[0]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Shape(block=annotation)
    return PLAIN


def _tagged(member: Any) -> tuple[str, type[BaseModel]]:
    model, *metadata = get_args(member)
    return next(mark.tag for mark in metadata if isinstance(mark, Tag)), model


@cache
def fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """Give the fields of a model by the API's name, which differs where Python reserves a word."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


@cache
def shapes(model: type[BaseModel]) -> Mapping[str, Shape]:
    """Give the shape of each field of a model, by the API's name."""
    return {name: shape_of(info) for name, info in fields(model).items()}


@cache
def _our_names(model: type[BaseModel]) -> Mapping[str, str]:
    names: dict[str, str] = {}
    for name, info in fields(model).items():
        spelling = marker(info, Spelling)
        names |= dict.fromkeys(spelling.others if spelling else (), name)
    return names


def our_name(model: type[BaseModel] | None, key: str) -> str:
    """Give the contract's spelling of a key."""
    return key if model is None else _our_names(model).get(key, key)
