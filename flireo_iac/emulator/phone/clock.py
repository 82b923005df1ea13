"""A clock that can be moved on, and held at the moment of an event."""

from __future__ import annotations

from collections.abc import Callable


class Clock:
    """Unix time in seconds, ahead of the real one by what it was moved.

    Args:
        real: The real time.
    """

    def __init__(self, real: Callable[[], float]) -> None:
        self._real = real
        self._held: float | None = None
        self.ahead_s = 0.0

    def __call__(self) -> float:
        """Give the time."""
        return self._real() + self.ahead_s if self._held is None else self._held

    def hold(self, moment: float) -> None:
        """Stand still at a moment, until ``release``."""
        self._held = moment

    def release(self, further_s: float) -> None:
        """Run again, further ahead than before.

        Args:
            further_s: Seconds, from 0.
        """
        self._held = None
        self.ahead_s += further_s

    def reset(self) -> None:
        """Be the real time again."""
        self._held = None
        self.ahead_s = 0.0
