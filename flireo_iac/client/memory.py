"""What a process remembers of the shared budget, for the day on which its file is lost.

A disk that is full, a file that is damaged or locked by a process that was stopped: the process then goes on with
another file or alone, and the server still counts what was sent before. So each process keeps its own turns, and what
the server said of others, and puts them back into the schedule that follows.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from flireo_iac.client.schedule import RULES, Planned


class Memory:
    """Turns of this process in the last window, and the pause, pace and quota of the key.

    Args:
        window_s: Seconds after which a turn is forgotten.
        process: Name of this process in the file.
    """

    def __init__(self, window_s: float, process: str) -> None:
        self._window_s = window_s
        self._process = process
        self._turns: dict[int, Planned] = {}
        self._rules: dict[str, list[Any]] = {}

    def keep(self, turn: Planned, now: float) -> None:
        """Keep a turn, as it is planned now, and forget those whose window is over."""
        self._turns[turn.id] = turn
        oldest = next(iter(self._turns.values()))
        while oldest.at <= now - self._window_s and oldest is not turn:
            del self._turns[oldest.id]
            oldest = next(iter(self._turns.values()))

    def drop(self, id_: int) -> None:
        """Forget a turn that is given back."""
        self._turns.pop(id_, None)

    def look(self, connection: sqlite3.Connection) -> None:
        """Keep what holds for all turns, within a transaction."""
        for select in RULES:
            self._rules[select] = connection.execute(select).fetchall()

    def put_back(self, connection: sqlite3.Connection, now: float) -> bool:
        """Put what is missing into a schedule, within a transaction; tell whether turns were missing."""
        for select, rows in self._rules.items():
            connection.executemany(RULES[select], rows)
        turns = [turn for turn in self._turns.values() if turn.at > now - self._window_s]
        before = connection.total_changes
        connection.executemany(
            "INSERT OR IGNORE INTO turn (id, at, reason, process) VALUES (?, ?, ?, ?)",
            [(*turn, self._process) for turn in turns],
        )
        return connection.total_changes != before
