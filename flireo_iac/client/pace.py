"""How fast this machine goes while other machines use the same key.

Machines know nothing of each other, only that the server refuses. Each refusal halves the pace, and time without one
gives it back in small steps, so that machines share a key about fairly and none of them stops (the rule by which TCP
shares a line: additive increase, multiplicative decrease).
"""

from __future__ import annotations

from dataclasses import dataclass

SLOWEST = 0.05
"""Share of the budget that is left to a machine however often it is refused."""

_CUT = 0.5
_STEP = 0.05
_STEPS_IN_A_WINDOW = 4


@dataclass(frozen=True)
class Pace:
    """A share of the budget, and since when it has been growing.

    Args:
        factor: Share at ``since``, from ``SLOWEST`` to 1.
        since: End of the last refusal's pause, in seconds of the budget's clock.
    """

    factor: float = 1.0
    since: float = 0.0

    def factor_at(self, now: float, window_s: float) -> float:
        """Give the share of the budget at a moment, from ``SLOWEST`` to 1."""
        steps = max(now - self.since, 0.0) * _STEPS_IN_A_WINDOW // window_s
        return min(1.0, self.factor + _STEP * steps)

    def limit_at(self, limit: int, now: float, window_s: float) -> int:
        """Give the turns of a window at a moment, 1 to ``limit``."""
        # 90 x 0.7 is a little less than 63 to a computer.
        return max(1, int(limit * self.factor_at(now, window_s) + 1e-6))

    def refused(self, sent_at: float, now: float, until: float, window_s: float) -> Pace:
        """Give the pace after a refusal; requests that were sent before the last cut do not count again.

        Args:
            sent_at: When the refused request was sent.
            now: When the refusal arrived.
            until: End of the pause that it asks for.
            window_s: Length of a window in seconds.
        """
        if sent_at <= self.since:
            return self
        return Pace(max(SLOWEST, self.factor_at(now, window_s) * _CUT), max(now, until))
