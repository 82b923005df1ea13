"""Machines that use one key, each with a budget of its own, and a server that counts: in virtual time.

The budgets are real. Only the clock is not: it stands still while anybody runs, and goes to the next end of a sleep
when all sleep.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import Counter
from dataclasses import dataclass, field

from flireo_iac.client.budget import WINDOW_S, Budget
from flireo_iac.client.hints import Quota
from flireo_iac.emulator.limits import Limiter


class VirtualClock:
    """Time that passes only in sleep; one thread runs at a time, in the order in which they wake."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._baton = threading.Condition()
        self._order = itertools.count()
        self._sleeping: list[tuple[float, int]] = []
        self._turn: int | None = None

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._baton:
            mine = self._lie_down(seconds)
            self._wake_next()
            self._baton.wait_for(lambda: self._turn == mine)

    def join_in(self) -> None:
        """Wait for the start; every thread begins with this."""
        with self._baton:
            mine = self._lie_down(0)
            self._baton.wait_for(lambda: self._turn == mine)

    def run(self, threads: list[threading.Thread]) -> None:
        """Run all threads to their end."""
        for thread in threads:
            thread.start()
        with self._baton:
            self._baton.wait_for(lambda: len(self._sleeping) == len(threads))
            self._wake_next()
        for thread in threads:
            thread.join()

    def leave(self) -> None:
        """Let the others go on without this thread."""
        with self._baton:
            self._wake_next()

    def _lie_down(self, seconds: float) -> int:
        mine = next(self._order)
        heapq.heappush(self._sleeping, (self.now + max(seconds, 0.0), mine))
        self._baton.notify_all()
        return mine

    def _wake_next(self) -> None:
        if self._sleeping:
            until, self._turn = heapq.heappop(self._sleeping)
            self.now = max(self.now, until)
            self._baton.notify_all()


@dataclass
class Outcome:
    """What a run of many machines came to.

    Args:
        finished: Seconds at which each machine was done.
        sent: Requests that the server let through, by second and machine.
        refused: Answers 429, by machine.
        longest_s: The longest that one request waited because it was refused, waits for its turn left out.
    """

    finished: dict[int, float] = field(default_factory=dict)
    sent: list[tuple[float, int]] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    longest_s: float = 0.0

    def shares(self) -> dict[int, float]:
        """Give each machine's share of what was let through before the first was done."""
        until = min(self.finished.values())
        counted = Counter(machine for at, machine in self.sent if at <= until)
        return {machine: counted[machine] / counted.total() for machine in self.finished}


def run(requests: list[int], *, limit: int = 90, allowed: int = 100, threads: int = 4, headers: bool = True) -> Outcome:
    """Let each machine send so many requests, all from the same moment.

    Args:
        requests: Requests of each machine.
        limit: Budget of each machine.
        allowed: Requests a minute that the server lets through.
        threads: Threads of a machine.
        headers: True when answers tell what is left in the server's window.
    """
    clock, outcome = VirtualClock(), Outcome()
    server = Limiter(clock)

    def send(machine: int, budget: Budget) -> None:
        waited_s = 0.0
        while True:
            turn = budget.take()
            clock.sleep(0.07 + 0.01 * (machine % 5))
            answer = server.budget("key", allowed, spend=True)
            clock.sleep(0.07)
            if headers:
                # A header holds whole seconds, and so does the Date that it is held against.
                budget.heard(
                    turn,
                    Quota(
                        allowed - answer.remaining,
                        answer.remaining,
                        answer.reset,
                        max(answer.reset - int(clock.now), 0.01),
                    ),
                )
            if answer.allowed:
                outcome.sent.append((clock.now - 1000, machine))
                return
            outcome.refused[machine] += 1
            budget.refused(turn, answer.wait_s, "busy")
            clock.sleep(answer.wait_s)
            waited_s += answer.wait_s
            outcome.longest_s = max(outcome.longest_s, waited_s)

    def work(machine: int, budget: Budget, left: list[int]) -> None:
        clock.join_in()
        while left:
            left.pop()
            send(machine, budget)
        outcome.finished[machine] = clock.now - 1000
        clock.leave()

    workers, budgets = [], []
    for machine, count in enumerate(requests):
        budgets.append(Budget(None, limit, window_s=WINDOW_S, sleep=clock.sleep, clock=clock))
        left = [0] * count
        workers += [threading.Thread(target=work, args=(machine, budgets[-1], left)) for _ in range(threads)]
    clock.run(workers)
    for budget in budgets:
        budget.close()
    return outcome
