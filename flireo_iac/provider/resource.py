"""The base of the generated resource classes: a plain Pulumi custom resource with a constant provider string."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pydantic import BaseModel

from flireo_iac.core.canonical import our_name
from flireo_iac.core.refresh import ANSWER
from flireo_iac.kinds import KINDS, fields, marker, shapes
from flireo_iac.kinds._markers import Secret
from flireo_iac.kinds._shape import Shape
from flireo_iac.provider.pickled import provider_constant


class FlireoResource(pulumi.CustomResource):
    """One object of the account.

    Args:
        resource_name: Name in the program, unique within its type; it is not sent to the API.
        args: The inputs, by the API's names.
        opts: Pulumi's options.
    """

    KIND: ClassVar[str]

    def __init__(self, resource_name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        kind = KINDS[self.KIND]
        secrets = [name for name, info in kind.inputs.items() if marker(info, Secret) is not None]
        props = {
            **dict.fromkeys([*kind.inputs, *kind.outputs]),
            **_sealed_mapping(kind.model, args),
            "__provider": provider_constant(kind.name),
        }
        always = pulumi.ResourceOptions(additional_secret_outputs=[ANSWER, *secrets])
        super().__init__(
            f"pulumi-python:dynamic/flireo:{kind.token}",
            resource_name,
            props,
            pulumi.ResourceOptions.merge(opts, always),
        )


def _sealed_mapping(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Make a Pulumi secret of each value in a secret field, so that none reaches the state in clear."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        name = our_name(model, key)
        info = fields(model).get(name)
        if value is not None and info is not None and marker(info, Secret) is not None:
            result[key] = pulumi.Output.secret(value)
        else:
            result[key] = _sealed(shapes(model).get(name), value)
    return result


def _sealed(shape: Shape | None, value: Any) -> Any:
    if shape is None or not _may_hold_secret(shape):
        return value
    if isinstance(value, pulumi.Output):
        return value.apply(lambda known: _sealed(shape, known))
    if isinstance(value, list):
        return [_sealed(shape.item, each) for each in value]
    if isinstance(value, Mapping) and (model := shape.model_of(dict(value))) is not None:
        return _sealed_mapping(model, value)
    return value


def _may_hold_secret(shape: Shape) -> bool:
    """Tell whether a secret field can lie below; only then is a value looked through."""
    if shape.item is not None:
        return _may_hold_secret(shape.item)
    models = [shape.block] if shape.block is not None else list((shape.variants or {}).values())
    return any(
        marker(info, Secret) is not None or _may_hold_secret(shapes(model)[name])
        for model in models
        for name, info in fields(model).items()
    )
