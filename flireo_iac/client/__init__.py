"""HTTP: authentication, budget, retries, envelopes and errors of the Flireo API.

``FlireoApi`` has the five verbs that core asks for; the other functions read, and do, what is no resource.
"""

from __future__ import annotations

from flireo_iac.client.account import read_account
from flireo_iac.client.api import FlireoApi
from flireo_iac.client.calls import PhoneCall, PlacedCall, Utterance, list_calls, place_call, read_call
from flireo_iac.client.commands import CommandResult, end_call, inject, say, transfer_call
from flireo_iac.client.history import History
from flireo_iac.client.usage import Usage, UsageLog, UsageSummary, read_usage
from flireo_iac.client.voices import list_voices
from flireo_iac.client.watching import watch_call

__all__ = [
    "CommandResult",
    "FlireoApi",
    "History",
    "PhoneCall",
    "PlacedCall",
    "Usage",
    "UsageLog",
    "UsageSummary",
    "Utterance",
    "end_call",
    "inject",
    "list_calls",
    "list_voices",
    "place_call",
    "read_account",
    "read_call",
    "read_usage",
    "say",
    "transfer_call",
    "watch_call",
]
