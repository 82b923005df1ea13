"""What an answer says about when the next request may come: ``Retry-After`` and ``X-RateLimit-*``.

Dates are held against the ``Date`` of the same answer, so that a wrong clock of this machine does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from flireo_iac.client.answers import Answer, MismatchError, value_of
from flireo_iac.client.schedule import LONGEST_PAUSE_S

_MANY = 1_000_000_000
"""More than any budget: larger numbers do not fit into the budget's file."""


def asked_wait_s(answer: Answer, now: Callable[[], float]) -> float | None:
    """Give the seconds that an answer asks to wait, from ``Retry-After`` or its body.

    Source: api notes, section 3 (seconds) and section 2 (``retry_after`` in the body); a date as HTTP allows.

    Args:
        answer: What came back.
        now: Wall clock, Unix seconds.

    Returns:
        0 or more; None when it does not ask, or not in a form that HTTP knows.
    """
    header = answer.headers.get("Retry-After", "").strip()
    if header.isascii() and header.isdigit():
        return float(header)
    at = _unix_time(header)
    if at is not None:
        seconds = max(0.0, at - _server_now(answer.headers, now))
        # A date far away that nothing confirms says more about this machine's clock than about the server.
        return seconds if seconds <= LONGEST_PAUSE_S or "Date" in answer.headers else None
    if answer.status == 429:
        return _body_wait_s(answer)
    return None


class Quota(NamedTuple):
    """What a server says of its own window.

    Args:
        used: Requests that it has counted in it, 0 or more.
        remaining: Requests that it lets through until the window ends, 0 or more.
        resets_at: End of the window on the server's clock, Unix seconds.
        resets_in_s: Seconds until then, above 0.
    """

    used: int
    remaining: int
    resets_at: float
    resets_in_s: float


def quota_of(answer: Answer, now: Callable[[], float]) -> Quota | None:
    """Give what an answer says of the server's window.

    Source: api notes, section 3 (``X-RateLimit-*``, the reset in Unix seconds).

    Args:
        answer: What came back.
        now: Wall clock, Unix seconds.

    Returns:
        None when the answer does not say, or names an end that is over or too far away to be one.
    """
    limit, remaining, reset = (
        _number(answer.headers.get(f"X-RateLimit-{name}")) for name in ("Limit", "Remaining", "Reset")
    )
    if not limit or remaining is None or reset is None:
        return None
    seconds = reset - _server_now(answer.headers, now)
    if not 0 < seconds <= LONGEST_PAUSE_S:
        return None
    limit, remaining = int(min(limit, _MANY)), int(min(remaining, _MANY))
    return Quota(max(limit - remaining, 0), remaining, reset, seconds)


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None


def _unix_time(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    # HTTP dates are in GMT, also where the zone is missing.
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _server_now(headers: Mapping[str, str], now: Callable[[], float]) -> float:
    """Give the server's own clock, so that a wrong clock of this machine does not matter."""
    dated = _unix_time(headers.get("Date", ""))
    return now() if dated is None else dated


def _body_wait_s(answer: Answer) -> float | None:
    try:
        body = value_of(answer)
    except MismatchError:
        return None
    if not isinstance(body, dict):
        return None
    nested = body.get("error")
    for source in (body, nested if isinstance(nested, dict) else {}):
        seconds = source.get("retry_after")
        if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds < 1e6:
            return float(seconds)
    return None
