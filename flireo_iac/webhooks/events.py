"""The four events, typed, from either spelling of their bodies; what no model names is kept in ``model_extra``.

Source: api notes, sections 0 and 14; contract, AssistantRequestPayload, ToolCallsPayload, StatusUpdatePayload and
EndOfCallReportPayload.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from flireo_iac.errors import EventError

Spelling = Literal["camel", "snake"]
"""How a body spells its keys: ``phoneNumber`` until January 2026, ``phone_number`` since (api notes, section 0)."""

_CALL_TYPES = {"inboundPhoneCall": "inbound_phone_call", "outboundPhoneCall": "outbound_phone_call"}
_CAMEL_KEYS = frozenset({"phoneNumber", "toolCallList", "durationSeconds"})
_MOST_PROBLEMS = 5


class _Part(BaseModel):
    """A part of an event: unknown keys are kept, because the platform adds some from time to time."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)


def _in_snake(value: Any) -> Any:
    return _CALL_TYPES.get(value, value) if isinstance(value, str) else value


class Call(_Part):
    """The call that an event is about. Source: contract, CallObject.

    Its id is a UUID, which is not known to be the id that the API has for the call (api notes, section 13).
    """

    id: str
    type: Annotated[str, BeforeValidator(_in_snake)]
    """``inbound_phone_call``, ``outbound_phone_call`` or ``web_call``, however the body spells it; others may come."""
    status: str
    pipeline: str | None = None


class Customer(_Part):
    """Who is on the phone. Source: contract, Customer."""

    number: str | None = None


class PhoneNumber(_Part):
    """The number of the account. Source: contract, WebhookPhoneNumber."""

    number: str | None = None
    name: str | None = None
    id: str | None = None


class Message(_Part):
    """One utterance. Source: contract, CallMessage."""

    role: str
    content: str


def _unpacked(value: Any) -> Any:
    """Read arguments that came as a text of JSON, as model providers write them."""
    if isinstance(value, str):
        with suppress(ValueError):
            return json.loads(value)
    return value


class ToolFunction(_Part):
    """What the model calls, and with what. Source: contract, ToolCall."""

    name: str
    arguments: Annotated[dict[str, Any], BeforeValidator(_unpacked)]


class ToolCall(_Part):
    """One call of a tool by the model. Source: contract, ToolCall."""

    id: str
    type: str = "function"
    function: ToolFunction

    @property
    def name(self) -> str:
        """Name of the function."""
        return self.function.name

    @property
    def arguments(self) -> dict[str, Any]:
        """What it is called with."""
        return self.function.arguments


class _Event(_Part):
    """What every event has."""

    timestamp: datetime
    call: Call
    phone_number: PhoneNumber | None = Field(None, validation_alias=AliasChoices("phone_number", "phoneNumber"))
    customer: Customer | None = None
    metadata: dict[str, Any] | None = None
    """What the answer to the assistant request gave along; only a successor echoes it."""
    spelling: Spelling = "camel"
    """How the body was spelled; an answer goes back the same way."""


class AssistantRequest(_Event):
    """Somebody calls, and the call is not answered yet: 5 seconds to say how."""

    type: Literal["assistant-request"]


class ToolCalls(_Event):
    """The model calls tools: 10 seconds to answer, at once for those that do not wait."""

    type: Literal["tool-calls"]
    tool_call_list: list[ToolCall] = Field(validation_alias=AliasChoices("tool_call_list", "toolCallList"))


class StatusUpdate(_Event):
    """The call has begun or ended; ``call.status`` says which."""

    type: Literal["status-update"]
    error: str | None = None
    end_reason: str | None = Field(None, validation_alias=AliasChoices("end_reason", "endedReason", "ended_reason"))


class EndOfCallReport(_Event):
    """The call is over, summed up and analysed."""

    type: Literal["end-of-call-report"]
    duration_seconds: int = Field(validation_alias=AliasChoices("duration_seconds", "durationSeconds"))
    summary: str | None = None
    analysis: dict[str, Any] | None = None
    messages: list[Message] | None = None
    recording_url: str | None = None
    end_reason: str | None = Field(None, validation_alias=AliasChoices("end_reason", "endedReason", "ended_reason"))
    started_at: datetime | None = None
    ended_at: datetime | None = None


Event = AssistantRequest | ToolCalls | StatusUpdate | EndOfCallReport

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def parse(body: bytes) -> Event:
    """Read the body of a webhook. Verify it first: what nobody signed can say anything.

    Args:
        body: The raw bytes.

    Raises:
        EventError: It is no JSON, or none of the four events; names what is wrong and no value.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise EventError("read webhook: the body is no JSON, an event of the platform was expected.") from None
    message = value.get("message") if isinstance(value, dict) else None
    if not isinstance(message, dict):
        raise EventError('read webhook: the body has no "message", an event of the platform was expected.')
    try:
        return _ADAPTER.validate_python({**message, "spelling": _spelling(message)})
    except ValidationError as error:
        raise EventError(f"read webhook: {_problems(error)}. An event of the platform was expected.") from None


def _spelling(message: dict[str, Any]) -> Spelling:
    call = message.get("call")
    type_ = call.get("type") if isinstance(call, dict) else None
    return "camel" if _CAMEL_KEYS & message.keys() or type_ in _CALL_TYPES else "snake"


def _problems(error: ValidationError) -> str:
    found = [
        f"{'.'.join(['message', *map(str, each['loc'][1:])])}: {each['msg']}"
        for each in error.errors(include_input=False, include_url=False)
    ]
    more = f"; {len(found) - _MOST_PROBLEMS} more" if len(found) > _MOST_PROBLEMS else ""
    return "; ".join(found[:_MOST_PROBLEMS]) + more
