"""The headers of a webhook, its signature among them.

Source: api notes, section 14: HMAC-SHA256 over timestamp, a dot and the raw body. The Flireo pages show it bare, the
SDKs of the successors with a prefix.
"""

from __future__ import annotations

import hashlib
import hmac

from flireo_iac.emulator.options import Dialect

AGENT = "HMS-Sovereign/1.0"


def headers(event: str, body: bytes, secret: str | None, timestamp: int, dialect: Dialect) -> dict[str, str]:
    """Give the headers of a delivery.

    Args:
        event: Such as ``tool-calls``.
        body: The bytes that are sent.
        secret: The key; None or empty for no signature.
        timestamp: Unix time in seconds.
        dialect: A successor's signature begins with ``sha256=``.
    """
    signed = {}
    if secret:
        digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        signed = {"X-Webhook-Signature": f"sha256={digest}" if dialect == "successor" else digest}
    return {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "X-Webhook-Event": event,
        "X-Webhook-Timestamp": str(timestamp),
        **signed,
    }
