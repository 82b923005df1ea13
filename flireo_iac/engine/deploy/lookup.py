"""What a program may ask about while it runs: a resource that it registered, or its own stack's state.

Source: pulumi notes on the engine, section 1.
"""

from __future__ import annotations

from collections.abc import Mapping

from pulumi.runtime.proto import resource_pb2

from flireo_iac.engine.files.snapshot import Snapshot
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.values import Properties, write_struct
from flireo_iac.engine.planning.goal import RefusedError

_GET_RESOURCE = "pulumi:pulumi:getResource"
_READ_OUTPUTS = "pulumi:pulumi:readStackResourceOutputs"


def look_up(
    request: resource_pb2.ResourceInvokeRequest,
    registered: Mapping[str, Resource],
    base: Snapshot,
    *,
    stack: str,
    project: str,
) -> resource_pb2.ResourceInvokeResponse:
    """Answer a function call of the program.

    Args:
        request: The call.
        registered: What the program has registered by now, by URN.
        base: The former state.
        stack: Name of the stack.
        project: Name of the project.

    Raises:
        RefusedError: It is a call of another kind, or about something else.
    """
    arguments = request.args.fields
    if request.tok == _GET_RESOURCE:
        return _registered(arguments["urn"].string_value, registered)
    if request.tok == _READ_OUTPUTS:
        name = arguments["stackName"].string_value
        if name not in (stack, f"organization/{project}/{stack}"):
            raise RefusedError(f"reading the stack {name} is not supported by the local engine. Use --engine pulumi.")
        found = {each.urn: {"type": each.type, "outputs": each.outputs} for each in base.live().values()}
        return _answer({"name": name, "outputs": found})
    raise RefusedError(f"the function {request.tok} is not supported by the local engine. Use --engine pulumi.")


def _registered(urn: str, registered: Mapping[str, Resource]) -> resource_pb2.ResourceInvokeResponse:
    resource = registered.get(urn)
    if resource is None:
        raise RefusedError(f"the program looks for {urn}, which it did not register.")
    return _answer({"urn": urn, "id": resource.id, "provider": resource.provider, "state": resource.outputs})


def _answer(values: Properties) -> resource_pb2.ResourceInvokeResponse:
    response = resource_pb2.ResourceInvokeResponse()
    getattr(response, "return").CopyFrom(write_struct(values, for_program=True))  # the field is a keyword here
    return response
