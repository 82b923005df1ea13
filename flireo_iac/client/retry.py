"""Which requests are sent again, when, and until when.

The loop is tenacity's; the rules are here. Sent again is what has one effect however often it arrives (GET, PATCH,
DELETE, and a POST that overwrites). A POST that creates is sent again only where the server certainly has not acted:
it answered 429, or no connection came about. Source: api notes, section 1.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

import tenacity

from flireo_iac.client.answers import Answer, MismatchError, value_of
from flireo_iac.client.budget import SHORTEST_ANNOUNCED_S, OnWait
from flireo_iac.client.call import Call
from flireo_iac.errors import (
    ApiError,
    FlireoError,
    RateLimitError,
    ServerError,
    TransportError,
    UnexpectedAnswerError,
)
from flireo_iac.settings import Settings

_RETRIED_STATUSES = frozenset({500, 502, 503, 504})

_LONGEST_BACKOFF_S = 20.0

_MOST_UNEXPECTED = 3
"""Times that an answer may be broken before it is believed to be what the server means."""


_MOST_UNCONNECTED = 3
"""Attempts to connect; a server that is not there is more often a wrong address than one that starts."""


class UntrustedServerError(TransportError):
    """The server's certificate is not trusted; asking again does not help."""


class Deadline:
    """End of an operation, on the monotonic clock.

    Args:
        seconds: From now, above 0.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def remaining_s(self) -> float:
        """Seconds that are left; below 0 when it is over."""
        return self._end - time.monotonic()

    def extend(self, seconds: float) -> None:
        """Leave seconds out of the count."""
        self._end += seconds


def is_repeated(call: Call, error: BaseException, attempt: int) -> bool:
    """Whether a request is sent again after an error.

    Args:
        call: The request.
        error: What it led to.
        attempt: How often it was sent, from 1.
    """
    match error:
        case RateLimitError():
            return True
        case UntrustedServerError():
            return False
        case TransportError() if not error.may_have_arrived:
            return attempt < _MOST_UNCONNECTED
        case TransportError():
            return call.is_repeatable
        case ServerError():
            return call.is_repeatable and error.status in _RETRIED_STATUSES
        case UnexpectedAnswerError():
            return call.is_repeatable and 200 <= error.status < 300 and attempt < _MOST_UNEXPECTED
    return False


def repeating(
    call: Call, settings: Settings, deadline: Deadline, *, on_wait: OnWait | None, sleep: Callable[[float], None]
) -> tenacity.Retrying:
    """Give the loop that sends a request until it is answered or given up.

    Args:
        call: The request.
        settings: How often and how fast.
        deadline: End of the operation; no wait goes beyond it.
        on_wait: Called before a wait of more than 2 seconds; None for nobody.
        sleep: Sleeps so many seconds.
    """
    growing = tenacity.wait_exponential(multiplier=settings.backoff_s, max=_LONGEST_BACKOFF_S)
    backoff = growing + tenacity.wait_random(0, settings.backoff_s)

    def wait_s(state: tenacity.RetryCallState) -> float:
        error = _error_of(state)
        asked = error.retry_after_s if isinstance(error, ApiError) else None
        return max(backoff(state), asked or 0.0)

    def is_over(state: tenacity.RetryCallState) -> bool:
        return state.attempt_number >= settings.max_attempts or state.upcoming_sleep >= deadline.remaining_s

    def announce(state: tenacity.RetryCallState) -> None:
        if on_wait is not None and state.upcoming_sleep > SHORTEST_ANNOUNCED_S:
            on_wait(_reason(_error_of(state)), state.upcoming_sleep)

    def is_worth_it(state: tenacity.RetryCallState) -> bool:
        error = _error_of(state)
        return isinstance(error, FlireoError) and is_repeated(call, error, state.attempt_number)

    return tenacity.Retrying(
        retry=is_worth_it, wait=wait_s, stop=is_over, before_sleep=announce, sleep=sleep, reraise=True
    )


def _error_of(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None


def _reason(error: BaseException | None) -> str:
    if isinstance(error, RateLimitError):
        return PAUSE_REASON
    if isinstance(error, ApiError):
        return f"the server failed (HTTP {error.status})"
    return "the server does not answer"


PAUSE_REASON = "the server asks for a pause (HTTP 429)"


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
        return max(0.0, at - _server_now(answer.headers, now))
    if answer.status == 429:
        return _body_wait_s(answer)
    return None


def reset_wait_s(answer: Answer, now: Callable[[], float]) -> float | None:
    """Give the seconds until the server's window ends, when an answer says that nothing is left in it.

    Source: api notes, section 3 (``X-RateLimit-*``, the reset in Unix seconds).

    Args:
        answer: What came back.
        now: Wall clock, Unix seconds.

    Returns:
        Above 0; None when something is left, or the answer does not say.
    """
    limit, remaining, reset = (
        _number(answer.headers.get(f"X-RateLimit-{name}")) for name in ("Limit", "Remaining", "Reset")
    )
    if not limit or remaining != 0 or reset is None:
        return None
    seconds = reset - _server_now(answer.headers, now)
    return seconds if seconds > 0 else None


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
