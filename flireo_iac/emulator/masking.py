"""Keeps secrets out of what is shown: in the log of requests, and wherever the console looks.

Source: the contract's ``writeOnly`` and ``x-secret`` properties, in any spelling (``apiKey``, ``api-key``).
"""

from __future__ import annotations

import re
from typing import Any

from flireo_iac.emulator import payload
from flireo_iac.emulator.problems import RefusedError

MASK = "••••••••"
SECRET = frozenset({"apikey", "authorization", "authpassword", "password", "secret", "serversecret", "webhooksecret"})
"""Names of texts that are secret."""
SECRET_MAPPINGS = frozenset({"headers"})
"""Names of mappings in which every text is secret."""


def masked(value: Any, *, hidden: bool = False) -> Any:
    """Give a JSON value with every secret in it masked.

    Args:
        value: The value; it stays as it is.
        hidden: True when it is a secret itself.
    """
    if isinstance(value, dict):
        return {name: masked(each, hidden=_hides(name, each, hidden)) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each, hidden=hidden) for each in value]
    return MASK if hidden and isinstance(value, str) and value else value


def masked_text(text: str) -> str | None:
    """Give a JSON text with every secret in it masked; None when it is not JSON, and nobody knows what is in it."""
    try:
        value = payload.read(text.encode("utf-8", "replace"), None)
    except RefusedError:
        return None
    return payload.write(masked(value)).decode() if text else ""


def _hides(name: str, value: Any, hidden: bool) -> bool:
    plain = re.sub(r"[^a-z]", "", name.lower())
    if isinstance(value, dict):
        return hidden or plain in SECRET_MAPPINGS
    return hidden or plain in SECRET
