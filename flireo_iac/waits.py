"""How a wait is told to whoever watches a run."""

from __future__ import annotations

import time


def wait_text(reason: str, seconds: float) -> str:
    """Say why something waits, for how long, and at what time of day it goes on.

    Args:
        reason: A sentence without its full stop.
        seconds: From now, 0 or more.
    """
    end = time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))
    return f"{reason}: waiting {seconds:.0f} s, until {end}"
