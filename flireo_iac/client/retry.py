"""Which requests are sent again, when, and until when.

The loop is tenacity's; the rules are here. Sent again is what has one effect however often it arrives (GET, PATCH,
DELETE, and a POST that overwrites). A POST that creates is sent again only where the server certainly has not acted:
it answered 429, or no connection came about. A 429 says that the key is busy, perhaps with other machines, so it is
no failed attempt: only the deadline ends it. Source: api notes, section 1.
"""

from __future__ import annotations

from collections.abc import Callable

import tenacity

from flireo_iac.client.budget import SHORTEST_ANNOUNCED_S, OnWait
from flireo_iac.client.call import Call
from flireo_iac.client.deadline import Deadline
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


def is_repeated(call: Call, error: BaseException, failures: int) -> bool:
    """Whether a request is sent again after an error.

    Args:
        call: The request.
        error: What it led to.
        failures: How often it failed with anything but 429, this error included.
    """
    match error:
        case RateLimitError():
            return True
        case UntrustedServerError():
            return False
        case TransportError() if not error.may_have_arrived:
            return failures < _MOST_UNCONNECTED
        case TransportError():
            return call.is_repeatable
        case ServerError():
            return call.is_repeatable and error.status in _RETRIED_STATUSES
        case UnexpectedAnswerError():
            return call.is_repeatable and 200 <= error.status < 300 and failures < _MOST_UNEXPECTED
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
    failures = 0
    growing = tenacity.wait_exponential(multiplier=settings.backoff_s, max=_LONGEST_BACKOFF_S)
    backoff = growing + tenacity.wait_random(0, settings.backoff_s)

    def wait_s(state: tenacity.RetryCallState) -> float:
        error = _error_of(state)
        asked = error.retry_after_s if isinstance(error, ApiError) else None
        return max(backoff(state), asked or 0.0)

    def is_over(state: tenacity.RetryCallState) -> bool:
        return failures >= settings.max_attempts or state.upcoming_sleep >= deadline.remaining_s

    def announce(state: tenacity.RetryCallState) -> None:
        if on_wait is not None and state.upcoming_sleep > SHORTEST_ANNOUNCED_S:
            on_wait(_reason(_error_of(state)), state.upcoming_sleep)

    def is_worth_it(state: tenacity.RetryCallState) -> bool:
        nonlocal failures
        error = _error_of(state)
        failures += not isinstance(error, RateLimitError)
        return isinstance(error, FlireoError) and is_repeated(call, error, failures)

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
