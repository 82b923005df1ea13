"""Signatures of webhooks: HMAC-SHA256 over the timestamp, a dot and the raw body.

Source: api notes, section 14.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from flireo_iac.errors import SignatureError

EVENT_HEADER = "X-Webhook-Event"
TIMESTAMP_HEADER = "X-Webhook-Timestamp"
SIGNATURE_HEADER = "X-Webhook-Signature"

PREFIX = "sha256="
"""Stands before the signature in some vintages; both forms are accepted."""

FRESH_S = 300
"""Seconds that a timestamp may lie in the past or in the future."""

_LONGEST_TIMESTAMP = 12
"""Digits; more are no Unix seconds of this era."""


class Signed(NamedTuple):
    """A webhook whose signature holds.

    Args:
        secret: Which of the secrets signed it, from 0; once the old one of a rotation is not seen any more, it can go.
        sent_at: When it was signed, Unix seconds.
    """

    secret: int
    sent_at: int


def sign(body: bytes, secret: str, timestamp: int) -> str:
    """Give the signature of a body, with its prefix.

    Args:
        body: The bytes that are sent.
        secret: The agent's ``webhook_secret``.
        timestamp: When it is sent, Unix seconds.
    """
    return PREFIX + _digest(body, secret, str(timestamp))


def verify(
    body: bytes,
    signature: str | None,
    timestamp: str | None,
    secrets: Sequence[str],
    *,
    fresh_s: float = FRESH_S,
    now: Callable[[], float] = time.time,
) -> Signed:
    """Make sure that a webhook was signed with one of the secrets, and not long ago.

    Every secret is tried, in constant time. Source: api notes, section 14.

    Args:
        body: The raw bytes as they came; a body that was parsed and written again has another signature.
        signature: Value of ``X-Webhook-Signature``, with or without ``sha256=``; None when there was none.
        timestamp: Value of ``X-Webhook-Timestamp``, Unix seconds; None when there was none.
        secrets: Secrets that are accepted, at least one; two while the agent's secret is changed for a new one.
        fresh_s: Seconds that the timestamp may lie in the past or in the future, 0 or more.
        now: Wall clock, Unix seconds.

    Raises:
        SignatureError: It was not, or its timestamp is too old or too far ahead.
        ValueError: There is no secret to hold it against, or an empty one, with which anybody could sign.
    """
    accepted = checked_secrets(secrets)
    if signature is None or not signature.strip():
        raise _refused(f"it has no {SIGNATURE_HEADER}", "Set webhook_secret on the agent, and here the same")
    if timestamp is None or not timestamp.strip():
        raise _refused(f"it has no {TIMESTAMP_HEADER}", "Look for a proxy that drops headers")
    sent_at = _seconds(timestamp.strip())
    given = signature.strip().removeprefix(PREFIX).encode("utf-8", "surrogateescape")
    matching = [
        number
        for number, secret in enumerate(accepted)
        if hmac.compare_digest(_digest(body, secret, timestamp.strip()).encode(), given)
    ]
    if not matching:
        raise _refused(
            "the signature does not match", "Check the secret, and that the body is taken raw, before it is parsed"
        )
    late_s = now() - sent_at
    if abs(late_s) > fresh_s:
        when = f"{abs(late_s):.0f} s {'old' if late_s > 0 else 'ahead'}"
        raise _refused(
            f"the timestamp is {when}, at most {fresh_s:.0f} s was expected",
            "Check the clock of this machine; an old request may be a repeated one",
        )
    return Signed(matching[0], sent_at)


def checked_secrets(secrets: Sequence[str]) -> tuple[str, ...]:
    """Give the secrets as they can be used; one text counts as one secret, not as its letters.

    Raises:
        ValueError: There is none, or an empty one.
    """
    accepted = (secrets,) if isinstance(secrets, str) else tuple(secrets)
    if not accepted or not all(accepted):
        raise ValueError("a webhook needs at least one secret, and none may be empty")
    return accepted


def _digest(body: bytes, secret: str, timestamp: str) -> str:
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def _seconds(timestamp: str) -> int:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST_TIMESTAMP):
        raise _refused(f"{TIMESTAMP_HEADER} is no number of seconds", "Look for what changes headers on the way")
    return int(timestamp)


def _refused(what: str, advice: str) -> SignatureError:
    return SignatureError(f"verify webhook: {what}, a signed request of the platform was expected. {advice}.")
