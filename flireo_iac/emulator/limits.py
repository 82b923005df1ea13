"""Requests a minute, or another time, for each key, in a fixed window that begins with the first request.

Source: api notes, section 3. The kind of window is inferred from the headers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_S = 60.0
# Shown as the limit when there is none: the headers are promised on every answer, and a client slows down
# when it sees few requests left.
UNLIMITED = 1_000_000


@dataclass(frozen=True)
class Budget:
    """What a key has left.

    Args:
        limit: Requests in a window.
        remaining: Requests left in this one, from 0.
        reset: Unix time, in whole seconds, at which the window ends.
        allowed: False when this request is one too many.
        wait_s: Whole seconds until the window ends, at least 1.
    """

    limit: int
    remaining: int
    reset: int
    allowed: bool
    wait_s: int

    def headers(self) -> dict[str, str]:
        """Give the three headers that every answer carries."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class Limiter:
    """Windows by name.

    Args:
        clock: Unix time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}

    def budget(self, name: str, limit: int, *, spend: bool, window_s: float = WINDOW_S) -> Budget:
        """Look at a window, and take one request from it.

        Args:
            name: Whose window; a key, or the name of a counter of its own.
            limit: Requests in a window; 0 for no limit.
            spend: True to count a request, False to look only.
            window_s: Seconds that a window lasts, above 0.
        """
        now = self._clock()
        begin, used = self._windows.get(name, (now, 0))
        if now >= begin + window_s or now < begin:
            begin, used = now, 0
        end = begin + window_s
        allowed = limit == 0 or used < limit
        if spend and allowed:
            used += 1
            self._windows[name] = (begin, used)
        left = UNLIMITED if limit == 0 else max(0, limit - used)
        return Budget(limit or UNLIMITED, left, math.ceil(end), allowed, max(1, math.ceil(end - now)))

    def clear(self) -> None:
        """Forget every window."""
        self._windows.clear()
