"""Objects that exist already, and how one takes the place that a create would have filled."""

from __future__ import annotations

from dataclasses import dataclass

from flireo_iac.engine.files.backend import now
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.values import Properties, mark_outputs, mark_secrets


@dataclass(frozen=True)
class Taken:
    """An object that exists, for a resource that a program registers.

    Args:
        urn: URN of the resource.
        id: Id of the object.
        inputs: Inputs in force.
        outputs: What the provider would have answered.
    """

    urn: str
    id: str
    inputs: Properties
    outputs: Properties


def take_over(resource: Resource, taken: Taken) -> None:
    """Let a resource that was to be created hold an object instead.

    Args:
        resource: The resource, with the inputs that the program sent; they tell what is secret.
        taken: The object.
    """
    sent = resource.inputs
    resource.id = taken.id
    resource.inputs = mark_secrets(taken.inputs, sent)
    outputs = mark_secrets(taken.outputs, sent)
    resource.outputs = mark_outputs(outputs, resource.inputs, resource.additional_secret_outputs)
    resource.created = resource.modified = now()
