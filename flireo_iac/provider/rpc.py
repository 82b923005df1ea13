"""The one place that reaches the engine's request behind a provider method.

Provider methods get only dicts. The caller's frame holds the gRPC request and context, with which an error becomes
one line instead of a traceback, an object that exists but is not finished is kept by its id, and warnings appear
under their resource. This relies on how the SDK calls a provider; where it is not found, the plain behaviour remains,
and a test for each supported SDK says so. Source: pulumi notes, "Reaching the RPC from a provider method".
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import FrameType
from typing import Any, NoReturn

import grpc
from google.rpc import error_details_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, status_pb2

_VERBS = frozenset({"Check", "Diff", "Create", "Update", "Delete", "Read"})
_STATUS_KEY = "grpc-status-details-bin"
_UNKNOWN_CODE = 2
"""The SDK ends every failed call with this code; details with another one are thrown away by the engine."""

UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED.name
"""Tells the engine that the key was not accepted."""

OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
"""Tells the local engine that the call may have made something; ``pulumi`` takes no notice."""


@dataclass(frozen=True)
class Call:
    """The engine's call behind a provider method.

    Args:
        verb: ``Check``, ``Diff``, ``Create``, ``Update``, ``Delete`` or ``Read``.
        request: The request as the engine sent it.
        context: The gRPC context of the call.
    """

    verb: str
    request: Any
    context: Any

    @property
    def urn(self) -> str:
        """URN of the resource; empty when the request has none."""
        return str(getattr(self.request, "urn", ""))

    @property
    def name(self) -> str:
        """Name of the resource; empty when the request has no URN."""
        return self.urn.rpartition("::")[2]

    @property
    def timeout_s(self) -> float:
        """Seconds that the program allows for the operation; 0 when it does not say."""
        return float(getattr(self.request, "timeout", 0.0))

    @property
    def old_inputs(self) -> dict[str, Any] | None:
        """Inputs of the last run; None when this engine does not send them."""
        field = "inputs" if self.verb == "Read" else "old_inputs"
        if not hasattr(self.request, field) or not self.request.HasField(field):
            return None
        found = rpc.deserialize_properties(getattr(self.request, field), keep_unknowns=True)
        return {key: rpc.unwrap_rpc_secret(value) for key, value in found.items()}


def current_call() -> Call | None:
    """Find the engine's call behind the running provider method; None when the SDK calls it in another way."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        names = frame.f_locals
        if frame.f_code.co_name in _VERBS and "request" in names and "context" in names:
            return Call(frame.f_code.co_name, names["request"], names["context"])
        frame = frame.f_back
    return None


class ProviderFailure(Exception):  # noqa: N818 - its name is what a user reads when the fallback is at work
    """What the provider raises; the engine shows only its text."""


def fail(call: Call | None, text: str, *reasons: str) -> NoReturn:
    """End the call with an error of one or more lines and no traceback.

    Args:
        call: The engine's call; None falls back to a plain exception.
        text: What the user reads, without secrets.
        reasons: Words for the engine, such as ``UNAUTHENTICATED``; each travels as ``google.rpc.ErrorInfo``.
    """
    _end(call, text, *(error_details_pb2.ErrorInfo(reason=reason, domain="flireo") for reason in reasons))


def fail_unfinished(
    call: Call | None, text: str, id_: str, outputs: Mapping[str, Any], inputs: Mapping[str, Any]
) -> NoReturn:
    """End a create or update whose object exists but is not as wanted: the state keeps it, the next run updates it.

    Args:
        call: The engine's call; None falls back to a plain exception, after which the state knows nothing of it.
        text: What is not as wanted.
        id_: Id of the object.
        outputs: What the state should hold.
        inputs: Inputs that are in force.
    """
    if call is None:
        _end(call, f"{text} It is {id_}.")
    properties = _struct(call, outputs)
    detail = provider_pb2.ErrorResourceInitFailed(
        id=id_, properties=properties, inputs=_struct(call, inputs), reasons=[text]
    )
    _end(call, text, detail)


def _struct(call: Call, values: Mapping[str, Any]) -> Any:
    """Put values on the wire, with the ``__provider`` that the SDK adds to good answers only."""
    sent = call.request.properties if call.verb == "Create" else call.request.news
    whole = {**values, "__provider": sent.fields["__provider"].string_value}
    return asyncio.run(rpc.serialize_properties(whole, {}))


def _end(call: Call | None, text: str, *details: Any) -> NoReturn:
    if call is not None:
        status = status_pb2.Status(code=_UNKNOWN_CODE, message=text)
        for detail in details:
            status.details.add().Pack(detail)
        call.context.set_trailing_metadata(((_STATUS_KEY, status.SerializeToString()),))
    raise ProviderFailure(text) from None


@cache
def _engine() -> engine_pb2_grpc.EngineStub | None:
    """Connect to the engine, whose address is the first argument of a dynamic provider process."""
    if len(sys.argv) < 2 or ":" not in sys.argv[1]:
        return None
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(sys.argv[1]))


_SEVERITIES = {
    "debug": engine_pb2.DEBUG,
    "info": engine_pb2.INFO,
    "warning": engine_pb2.WARNING,
}


def say(call: Call | None, severity: str, text: str, *, is_passing: bool = False) -> None:
    """Show a sentence under the resource.

    Args:
        call: The engine's call; None shows nothing.
        severity: ``debug``, ``info`` or ``warning``.
        text: The sentence, without secrets.
        is_passing: True shows it as the resource's status only while the operation runs.
    """
    engine = _engine()
    if call is None or engine is None:
        return
    request = engine_pb2.LogRequest(severity=_SEVERITIES[severity], message=text, urn=call.urn, ephemeral=is_passing)
    try:
        engine.Log(request, timeout=5)
    except grpc.RpcError:
        # The engine is gone or busy. The sentence is lost, the operation must not be.
        return
