"""HTTP: authentication, budget, retries, envelopes and errors of the Flireo API.

``FlireoApi`` has the five verbs that core asks for; the other modules read what is no resource.
"""

from __future__ import annotations

from flireo_iac.client.account import read_account
from flireo_iac.client.api import FlireoApi
from flireo_iac.client.voices import list_voices

__all__ = ["FlireoApi", "list_voices", "read_account"]
