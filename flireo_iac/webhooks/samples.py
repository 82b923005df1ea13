"""Samples of the four events, signed, for trying a receiver. Every text and number in them is made up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from flireo_iac.webhooks.events import Spelling
from flireo_iac.webhooks.signature import EVENT_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign

EventName = Literal["assistant-request", "tool-calls", "status-update", "end-of-call-report"]

EVENTS: tuple[EventName, ...] = get_args(EventName)

_SNAKE = {
    "phoneNumber": "phone_number",
    "toolCallList": "tool_call_list",
    "durationSeconds": "duration_seconds",
}
_STATUS: Mapping[EventName, str] = {
    "assistant-request": "ringing",
    "tool-calls": "in-progress",
    "status-update": "in-progress",
    "end-of-call-report": "ended",
}
_OWN: Mapping[EventName, Mapping[str, Any]] = {
    "assistant-request": {},
    "tool-calls": {
        "toolCallList": [
            {
                "id": "call_sample_1",
                "type": "function",
                "function": {"name": "book_appointment", "arguments": {"day": "monday", "hour": 10}},
            }
        ]
    },
    "status-update": {},
    "end-of-call-report": {
        "durationSeconds": 84,
        "summary": "The caller made an appointment for Monday at ten.",
        "analysis": {"appointment": "monday 10:00"},
    },
}


@dataclass(frozen=True)
class Sample:
    """A request as the platform would send it.

    Args:
        headers: Its headers; without a signature when there is no secret.
        body: Its body.
    """

    headers: Mapping[str, str]
    body: bytes


def sample(event: EventName, *, spelling: Spelling = "camel", secret: str | None = None, sent_at: int) -> Sample:
    """Make a sample of an event. Source: api notes, section 14.

    Args:
        event: Which one.
        spelling: How its body is spelled.
        secret: Secret that signs it; None leaves it unsigned.
        sent_at: When it is sent, Unix seconds.
    """
    message = {
        "type": event,
        "timestamp": datetime.fromtimestamp(sent_at, UTC).isoformat().replace("+00:00", "Z"),
        "call": {
            "id": "00000000-0000-4000-8000-00000000ca11",
            "type": "inboundPhoneCall" if spelling == "camel" else "inbound_phone_call",
            "status": _STATUS[event],
            "pipeline": "standard",
        },
        "phoneNumber": {"number": "+3197010200001", "name": "Main line"},
        "customer": {"number": "+31612345678"},
        **_OWN[event],
    }
    if spelling == "snake":
        message = {_SNAKE.get(key, key): value for key, value in message.items()}
    body = json.dumps({"message": message}).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "HMS-Sovereign/1.0",
        EVENT_HEADER: event,
        TIMESTAMP_HEADER: str(sent_at),
    }
    if secret is not None:
        headers[SIGNATURE_HEADER] = sign(body, secret, sent_at)
    return Sample(headers, body)
