"""From nodes to the plain inputs of a resource, by the types of its kind.

Where a field wants text, a plain scalar is taken as it is written: ``phone_number: +31201234567`` and ``name: 2024``
need no quotes.
"""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from flireo_iac.core.check import Form
from flireo_iac.errors import Problem
from flireo_iac.kinds import KINDS, fields, marker, our_name, shapes
from flireo_iac.kinds._markers import Reference, Secret
from flireo_iac.kinds._shape import PLAIN, Shape
from flireo_iac.stacks.nodes import ListNode, MapNode, Node, ScalarNode
from flireo_iac.stacks.values import ItemRef, SecretRef, Unresolved, markers


def _leaf_types(annotation: Any) -> set[Any]:
    """Give the plain types that a field takes; those of its entries when it is a list or a mapping of one type."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _leaf_types(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return set().union(*(_leaf_types(member) for member in get_args(annotation)))
    if origin is list:
        return _leaf_types(get_args(annotation)[0])
    if origin is dict:
        return _leaf_types(get_args(annotation)[1])
    if origin is Literal:
        return {type(value) for value in get_args(annotation)}
    return {annotation}


def _is_of_one_type(annotation: Any) -> bool:
    """Tell whether a field is a mapping whose values have one type, and nothing else but empty."""
    members = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    return all(get_origin(each) is dict or each is type(None) for each in members)


class Inputs:
    """Makes the inputs of one item.

    Args:
        kind: What the item is.
        name: Its name.
        problems: Where problems go: FL127 for a reference to the wrong kind, FL130 for a secret in clear.
    """

    def __init__(self, kind: Form, name: str, problems: list[Problem]) -> None:
        self._kind = kind
        self._subject = f'{kind.title} "{name}"'
        self._problems = problems

    def of(self, node: MapNode) -> dict[str, Any]:
        """Give the inputs that a tree holds."""
        return self._mapping(node, self._kind.model)

    def _mapping(
        self, node: MapNode, model: type[BaseModel] | None, of_values: FieldInfo | None = None
    ) -> dict[str, Any]:
        if model is None:
            return {key: self._value(entry.node, PLAIN, of_values) for key, entry in node.entries.items()}
        values: dict[str, Any] = {}
        for key, entry in node.entries.items():
            name = our_name(model, key)
            info = fields(model).get(name)
            values[key] = self._value(entry.node, shapes(model).get(name, PLAIN), info)
            if info is not None:
                self._check_field(key, info, entry.node, values[key])
        return values

    def _value(self, node: Node, shape: Shape, info: FieldInfo | None) -> Any:
        match node:
            case MapNode():
                chosen = {
                    key: each.node.value for key, each in node.entries.items() if isinstance(each.node, ScalarNode)
                }
                chosen |= {key: {} for key, each in node.entries.items() if isinstance(each.node, MapNode)}
                of_values = info if info is not None and _is_of_one_type(info.annotation) else None
                return self._mapping(node, shape.model_of(chosen), of_values)
            case ListNode():
                return [self._value(item, shape.item or PLAIN, info) for item in node.items]
            case ScalarNode():
                wanted = _leaf_types(info.annotation) if info is not None else {Any}
                is_other = isinstance(node.value, bool | int | float) and type(node.value) not in wanted
                if is_other and str in wanted and not (isinstance(node.value, int) and float in wanted):
                    return node.written
                return node.value

    def _check_field(self, key: str, info: FieldInfo, node: Node, value: Any) -> None:
        secret = marker(info, Secret)
        is_secret = any(isinstance(found, SecretRef) for found in markers(value))
        if secret is not None and value and not is_secret and not isinstance(value, Unresolved):
            text = f"{self._subject}: {key} stands in the file in clear{node.note}, expected ${{secret.<name>}}."
            self._problems.append(node.place.problem("FL130", text, "warning"))
        target = marker(info, Reference)
        if target is not None and isinstance(value, ItemRef):
            folder = KINDS[target.kind].folder
            if value.folder != folder or value.field != "id":
                text = f"{self._subject}: {key} is {value}{node.note}, expected ${{{folder}.<item>.id}}."
                self._problems.append(node.place.problem("FL127", text))
