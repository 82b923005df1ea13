"""Why a call to the provider failed, and what it left behind.

Source: pulumi notes, "Reaching the RPC from a provider method".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from flireo_iac.engine.model.values import Properties, Unknown, UnsupportedValueError, contains, read_struct
from flireo_iac.engine.processes.children import Child

OUTCOME_UNKNOWN: Final = "OUTCOME_UNKNOWN"
"""Reason of a ``google.rpc.ErrorInfo``: the call may have made something all the same, and nobody knows."""

_DETAILS_KEY: Final = "grpc-status-details-bin"
_CONNECTION_CODES: Final = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNAVAILABLE,
    }
)
"""Codes that gRPC gives when no answer comes; the SDK's provider host ends every failed call with another one."""


@dataclass(frozen=True)
class Partial:
    """What a failed call left behind: the object is there, but not finished.

    Args:
        id: Its id.
        outputs: Its properties.
        inputs: Its inputs; None when the provider did not say.
        reasons: Why it is not finished.
    """

    id: str
    outputs: Properties
    inputs: Properties | None
    reasons: list[str]


class CallError(Exception):
    """A call to the provider failed.

    Args:
        text: What the provider says.
        unauthenticated: True when the key was not accepted.
        partial: What is there all the same; None when nothing is known to be.
        is_outcome_unknown: True when the call may have made something of which nothing is known.
    """

    def __init__(
        self,
        text: str,
        *,
        unauthenticated: bool = False,
        partial: Partial | None = None,
        is_outcome_unknown: bool = False,
    ) -> None:
        self.text = text
        self.unauthenticated = unauthenticated
        self.partial = partial
        self.is_outcome_unknown = is_outcome_unknown
        super().__init__(text)


class CutOffError(CallError):
    """A call was cut off because the run was stopped at once; the user knows why."""

    def __init__(self) -> None:
        super().__init__("", is_outcome_unknown=True)


def explain(error: Any, child: Child) -> CallError:
    """Say why a call failed.

    Args:
        error: What gRPC raised.
        child: The provider process, which may have ended.
    """
    code: grpc.StatusCode = error.code()
    if code is grpc.StatusCode.UNAVAILABLE:
        status = child.wait(0.5)
        if status is not None:
            ended = f"the provider process ended (status {status}) during the call; what it did is not known"
            return CallError(ended, is_outcome_unknown=True)
    said = CallError(str(error.details() or code.name))
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY:
            said = _read_details(value, said.text)
    unauthenticated = said.unauthenticated or code is grpc.StatusCode.UNAUTHENTICATED
    return CallError(
        last_words(said.text),
        unauthenticated=unauthenticated,
        partial=said.partial,
        is_outcome_unknown=said.is_outcome_unknown or code in _CONNECTION_CODES,
    )


def read_answer(struct: Any) -> Properties:
    """Read properties that the provider answered.

    Raises:
        CallError: They hold what cannot be kept.
    """
    try:
        return read_struct(struct)
    except UnsupportedValueError as error:
        text = f"the provider answered with what cannot be kept: {error}"
        raise CallError(text, is_outcome_unknown=True) from error


def read_known(struct: Any) -> Properties:
    """Read properties that the provider answered, none of which may be unknown.

    Raises:
        CallError: They hold what cannot be kept.
    """
    properties = read_answer(struct)
    if contains(properties, Unknown):
        raise CallError("the provider answered with an unknown value, expected known ones", is_outcome_unknown=True)
    return properties


def _read_details(content: str | bytes, text: str) -> CallError:
    status = status_pb2.Status()
    try:
        status.ParseFromString(content if isinstance(content, bytes) else content.encode("latin-1"))
    except DecodeError:
        return CallError(text)  # not the details we know; the plain text stands
    partial = None
    unauthenticated = status.code == grpc.StatusCode.UNAUTHENTICATED.value[0]
    is_outcome_unknown = False
    for detail in status.details:
        failed, info = provider_pb2.ErrorResourceInitFailed(), error_details_pb2.ErrorInfo()
        if detail.Is(failed.DESCRIPTOR) and detail.Unpack(failed):
            inputs = read_answer(failed.inputs) if failed.HasField("inputs") else None
            reasons = list(failed.reasons) or [status.message]
            partial = Partial(failed.id, read_answer(failed.properties), inputs, reasons)
        elif detail.Is(info.DESCRIPTOR) and detail.Unpack(info):
            # The SDK's provider host ends every failed call with one code; the reason says more.
            unauthenticated = unauthenticated or info.reason == grpc.StatusCode.UNAUTHENTICATED.name
            is_outcome_unknown = is_outcome_unknown or info.reason == OUTCOME_UNKNOWN
    text = status.message or "\n".join(partial.reasons if partial else ()) or text
    return CallError(text, unauthenticated=unauthenticated, partial=partial, is_outcome_unknown=is_outcome_unknown)


_FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>.+)$', re.MULTILINE)


def last_words(text: str) -> str:
    """Give what an exception says, and where it was raised, instead of the whole traceback."""
    if "Traceback (most recent call last):" not in text:
        return text
    frames = list(_FRAME.finditer(text))
    if not frames:
        return text
    after = text[frames[-1].end() :].lstrip("\n").splitlines()
    while after and (after[0].startswith("    ") or not after[0].strip()):
        after.pop(0)
    words = "\n".join(after).strip()
    place = f"{frames[-1]['file']}:{frames[-1]['line']} in {frames[-1]['function']}"
    return f"{words} (raised at {place})" if words else text
