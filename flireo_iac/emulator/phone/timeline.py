"""What is to happen, in the order of its time; time passes only when it is told to."""

from __future__ import annotations

import heapq
from collections.abc import Callable


class Timeline:
    """Actions to come.

    Attributes:
        now: Seconds that have passed on this line.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._count = 0
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something happen later; of the same moment, what was ordered first comes first.

        Args:
            seconds: From now on, from 0.
            action: What happens.
        """
        self._count += 1
        heapq.heappush(self._due, (self.now + seconds, self._count, action))

    def next(self) -> float | None:
        """Give the moment of the next action; None when there is none."""
        return self._due[0][0] if self._due else None

    def step(self) -> None:
        """Go to the moment of the next action, and do it."""
        moment, _, action = heapq.heappop(self._due)
        self.now = max(self.now, moment)
        action()

    def clear(self) -> None:
        """Forget what was to come."""
        self._due.clear()
