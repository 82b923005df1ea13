"""A small practice that answers its phone: what the console's tests and pictures show."""

from __future__ import annotations

from typing import Any

import httpx

CALLER = "+31612345678"
NUMBER = "+31851234567"
SECRET = "whsec-canary-0123456789"
PROMPT = """You are {{agent_name}}, the receptionist of De Linde, a dental practice in Utrecht.

Greet callers in the language they speak. Find out whether they want to make, move or cancel an appointment.

1. Ask for the name and the date of birth, and say them back.
2. Offer the two earliest times that fit. We are open {{opening_hours}}.
3. When somebody is in pain, offer a time today, whatever the calendar says.

Never give medical advice: for that, have {{dentist}} call back.
"""
BOOK: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "book_appointment",
        "parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
    },
}
RECEPTIONIST: dict[str, Any] = {
    "name": "Receptionist",
    "first_message": "Dental practice De Linde, good morning. How can I help you?",
    "llm_config": {
        "provider": "openai",
        "model": "gpt-4o",
        "temperature": 0.4,
        "messages": [{"role": "system", "content": PROMPT}],
        "tools": [BOOK],
    },
    "tts_config": {"provider": "elevenlabs", "voiceId": "anna"},
    "webhook_secret": SECRET,
    "analysis_plan": {
        "structuredDataPlan": {
            "enabled": True,
            "schema": {"type": "object", "properties": {"booked": {"type": "boolean"}, "day": {"type": "string"}}},
        }
    },
}
CALLEE: dict[str, Any] = {
    "script": [
        {
            "says": "Good morning. I have had a toothache since yesterday.",
            "reply": "I am sorry to hear that. May I have your name and your date of birth?",
        },
        {
            "says": "Anna de Wit, the third of May 1984.",
            "after_s": 3,
            "reply": "Thank you, Anna. You can come today, at half past two or at four.",
        },
        {
            "says": "Half past two, please.",
            "after_s": 3,
            "tool": {"name": "book_appointment", "arguments": {"day": "today", "time": "14:30"}},
            "reply": "That is booked, today at half past two.",
        },
        {"says": "Thank you, goodbye!", "reply": None},
    ],
    "analysis": {"booked": True, "day": "today"},
}


class Practice:
    """Its objects, made over the API."""

    def __init__(self, api: httpx.Client, control: httpx.Client) -> None:
        self.api = api
        self.control = control

    def make(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.api.post(path, json=body)
        assert answer.is_success, answer.text
        made: dict[str, Any] = next(iter(answer.json().values()))
        return made

    def open(self, webhook_url: str | None = None) -> str:
        """Make everything, and give the id of the agent that answers."""
        webhook = {"webhook_url": webhook_url} if webhook_url else {}
        agent: str = self.make("/agents", {**RECEPTIONIST, **webhook})["id"]
        self.make("/agents", {"name": "Reminder calls", "first_message": "Hello {{name}}, a short reminder."})
        self.make("/agents", {"name": "After hours", "is_active": False})
        trunk = self.make("/sip-trunks", {"name": "Front desk", "host": "sip.example.com", "password": SECRET})
        self.make("/numbers", {"phone_number": NUMBER, "name": "Main line", "agent_id": agent})
        self.make("/numbers", {"phone_number": "+31851234568", "name": "Emergencies", "transfer_trunk_id": trunk["id"]})
        config = {**BOOK["function"], "description": "Puts an appointment into the calendar"}
        self.make("/tool-templates", {"name": "book_appointment", "tool_type": "function", "tool_config": config})
        self.make("/byok", {"provider": "openai", "api_key": SECRET})
        campaign = {
            "name": "Yearly check-up",
            "agent_id": agent,
            "system_message_template": "Remind {{name}} of the yearly check-up.",
            "leads": [{"phone_number": f"+3161234{n:04}", "variables": {"name": "Sam"}} for n in range(40)],
        }
        self.make("/campaigns", campaign)
        return agent

    def ring(self) -> str:
        """Have somebody ring, and give the id of the call."""
        self.control.put("/callees/default", json=CALLEE).raise_for_status()
        answer = self.control.post("/calls", json={"from": CALLER, "to": NUMBER})
        assert answer.status_code == 201, answer.text
        call_id: str = answer.json()["call"]["id"]
        return call_id

    def advance(self, seconds: float) -> None:
        self.control.post("/clock", json={"advance_s": seconds}).raise_for_status()
