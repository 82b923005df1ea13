"""Webhooks of a Flireo agent, received: signatures, typed events, answers and a ready ASGI application.

Needs pydantic alone: no Pulumi, no HTTP client, no framework. ``Receiver`` is the whole of it for an ASGI server;
``verify``, ``parse`` and the answers serve any other.
"""

from __future__ import annotations

from flireo_iac.errors import EventError, SignatureError, WebhookError
from flireo_iac.webhooks.answers import Answer, answer_call, answer_tools, keep, reject, tool_failed, use_assistant
from flireo_iac.webhooks.events import (
    AssistantRequest,
    Call,
    Customer,
    EndOfCallReport,
    Event,
    Message,
    PhoneNumber,
    Spelling,
    StatusUpdate,
    ToolCall,
    ToolCalls,
    parse,
)
from flireo_iac.webhooks.receiver import Handler, Receiver
from flireo_iac.webhooks.signature import Signed, sign, verify

__all__ = [
    "Answer",
    "AssistantRequest",
    "Call",
    "Customer",
    "EndOfCallReport",
    "Event",
    "EventError",
    "Handler",
    "Message",
    "PhoneNumber",
    "Receiver",
    "SignatureError",
    "Signed",
    "Spelling",
    "StatusUpdate",
    "ToolCall",
    "ToolCalls",
    "WebhookError",
    "answer_call",
    "answer_tools",
    "keep",
    "parse",
    "reject",
    "sign",
    "tool_failed",
    "use_assistant",
    "verify",
]
