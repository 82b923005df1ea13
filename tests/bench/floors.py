"""The least time that requests can take: the arithmetic under a run.

Four at a time (a provider has four threads), each as long as the server takes, and never more than the budget within
a minute.
"""

from __future__ import annotations

import math

from tests.bench.stack import BUDGET, Setting

_THREADS = 4
_WINDOW_S = 60


def request_floor_s(
    setting: Setting, reads: int, writes: int, history: list[tuple[float, int]], started: float
) -> float:
    """Give the least time that these requests can take.

    Args:
        setting: Latency, limit and number of jobs, which share the budget and have four threads each.
        reads: Requests that come first, one for each kind.
        writes: Requests that follow them.
        history: Start and number of requests of each earlier run, oldest first.
        started: When this run began.
    """
    threads = _THREADS * setting.jobs
    on_the_wire = (math.ceil(reads / threads) + math.ceil(writes / threads)) * setting.latency_ms / 1000
    if not setting.limit:
        return on_the_wire
    recent = [(at, sent) for at, sent in history if started - at < _WINDOW_S]
    over = reads + writes + sum(sent for _, sent in recent) - BUDGET
    wait_s = 0.0
    for at, sent in [*recent, (started, BUDGET)]:
        if over <= 0:
            break
        over -= sent
        wait_s = at + _WINDOW_S - started
    return max(on_the_wire, wait_s)
