"""How long an operation may take: a time for each request, or one that all requests of an operation share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Deadline:
    """End of a request with all its attempts.

    Args:
        seconds: From now, above 0.
        clock: Seconds of a clock that does not jump.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @property
    def remaining_s(self) -> float:
        """Seconds that are left; below 0 when it is over."""
        return self._end - self._clock()

    def extend(self, seconds: float) -> None:
        """Leave seconds out of the count."""
        self._end += seconds


class _Allowance:
    """Time that the requests of one operation use up.

    Args:
        seconds: Above 0.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.left_s = seconds


_ALLOWANCE: ContextVar[_Allowance | None] = ContextVar("allowance", default=None)


@contextmanager
def allowing(seconds: float) -> Iterator[None]:
    """Give all requests that this thread sends within the block one time together.

    Args:
        seconds: What they may take in all, waits for the own budget left out; 0 for what the settings say, each.
    """
    token = _ALLOWANCE.set(_Allowance(seconds) if seconds > 0 else None)
    try:
        yield
    finally:
        _ALLOWANCE.reset(token)


@contextmanager
def deadline(
    default_s: float, *, is_repeatable: bool, clock: Callable[[], float] = time.monotonic
) -> Iterator[Deadline]:
    """Give the deadline of one request, and count what it used.

    Args:
        default_s: Seconds for the request where the operation has no time of its own.
        is_repeatable: False for a request that must not be sent twice: when it fails, what became of it has to be
            looked up, and that has the whole time again.
        clock: Seconds of a clock that does not jump.
    """
    allowance = _ALLOWANCE.get()
    made = Deadline(allowance.left_s if allowance is not None else default_s, clock)
    has_failed = True
    try:
        yield made
        has_failed = False
    finally:
        if allowance is not None:
            is_looked_up = has_failed and not is_repeatable
            allowance.left_s = allowance.seconds if is_looked_up else max(made.remaining_s, 0.0)
