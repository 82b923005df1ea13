"""The queue of turns in the budget's file: who may send when.

Every turn lies after those before it. It also lies where its window has room, after the pause that the server asked
for, and after the server's own window when nothing is left in that. While other machines use the key too, turns are
spread over what is left of the server's window instead of following each other at once: each machine then sends the
more slowly the less is left, and they meet its end together, without knowing of each other. What is learned later moves
the turns that are still waiting, in their order and never to an earlier time, because who waits for a turn sleeps
until it.

Within one machine several processes may be at work. None of them takes much more than its part of a window while
others are about: it stays out of the queue until it may, so that it keeps nobody back.
"""

from __future__ import annotations

import math
import sqlite3
from typing import NamedTuple

from flireo_iac.client.pace import SLOWEST, Pace

LONGEST_PAUSE_S = 120.0
"""A server's request to pause for longer is cut to this, or one odd answer would stop all processes for hours."""

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS turn (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, reason TEXT NOT NULL, "
    "process TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS turn_at ON turn (at)",
    "CREATE TABLE IF NOT EXISTS pause (id INTEGER PRIMARY KEY CHECK (id = 1), until REAL, reason TEXT)",
    "CREATE TABLE IF NOT EXISTS pace (id INTEGER PRIMARY KEY CHECK (id = 1), factor REAL, since REAL)",
    "CREATE TABLE IF NOT EXISTS quota (id INTEGER PRIMARY KEY CHECK (id = 1), resets_at REAL, until REAL, "
    "remaining INTEGER, counted INTEGER, first_remaining INTEGER, first_counted INTEGER)",
    "CREATE TABLE IF NOT EXISTS others (id INTEGER PRIMARY KEY CHECK (id = 1), until REAL)",
)

RULES = {
    "SELECT * FROM pause": "INSERT OR IGNORE INTO pause VALUES (?, ?, ?)",
    "SELECT * FROM pace": "INSERT OR IGNORE INTO pace VALUES (?, ?, ?)",
    "SELECT * FROM quota": "INSERT OR IGNORE INTO quota VALUES (?, ?, ?, ?, ?, ?, ?)",
    "SELECT * FROM others": "INSERT OR IGNORE INTO others VALUES (?, ?)",
}
"""How what holds for all turns is read, and put where it is missing."""

_REMEMBERED = 2
"""Windows for which other machines are expected back after they were seen."""

_MOST_OF_A_PART = 1.2
"""A process may take so much of an equal part, because others seldom use all of theirs."""

_ABOUT = 0.25
"""Part of a window for which a process counts as being about after its last turn."""

_UNDER_WAY = 16
"""Requests of this machine that the server may count out of their order: four processes of four threads."""

_BEHIND = "requests that came first are waiting"
_EMPTY = "no request is left in the server's window"
_SHARED = "others use the key too, and the rest of the server's window is shared with them"


class Planned(NamedTuple):
    """A turn of the queue.

    Args:
        id: Its number; later turns have higher ones.
        at: When it is, in seconds of the budget's clock.
        reason: Why it is not at once; empty when it is.
    """

    id: int
    at: float
    reason: str


class Schedule:
    """The queue at one moment, within one transaction.

    Args:
        connection: The file, in a transaction.
        limit: Turns in a window, 1 or more.
        window_s: Length of a window in seconds.
        now: Seconds of the budget's clock.
        process: Name of the process that asks.
    """

    def __init__(
        self, connection: sqlite3.Connection, limit: int, window_s: float, now: float, process: str = ""
    ) -> None:
        self._connection = connection
        self._limit = limit
        self._window_s = window_s
        self._now = now
        self._process = process

    def held_until(self) -> float:
        """Say until when this process stays out of the queue, because others are about; 0 when it need not."""
        others = self._connection.execute(
            "SELECT count(DISTINCT process) FROM turn WHERE process != ? AND at > ?",
            (self._process, self._now - _ABOUT * self._window_s),
        ).fetchone()[0]
        if not others:
            return 0.0
        most = math.ceil(_MOST_OF_A_PART * self._limit_now() / (others + 1))
        taken = "SELECT at FROM turn WHERE process = ? ORDER BY id DESC LIMIT 1 OFFSET ?"
        row = self._connection.execute(taken, (self._process, most - 1)).fetchone()
        return row[0] + self._window_s if row is not None else 0.0

    def add(self) -> Planned:
        """Take the next free turn."""
        self._forget()
        at, reason = self._next()
        added = self._connection.execute(
            "INSERT INTO turn (at, reason, process) VALUES (?, ?, ?)", (at, reason, self._process)
        ).lastrowid
        if added is None:
            raise sqlite3.DatabaseError("no turn was written")
        return Planned(added, at, reason)

    def find(self, id_: int) -> Planned | None:
        """Give a turn as it stands now; None when it is no longer there."""
        row = self._connection.execute("SELECT id, at, reason FROM turn WHERE id = ?", (id_,)).fetchone()
        return Planned(*row) if row is not None else None

    def drop(self, id_: int) -> None:
        """Give a turn back."""
        self._connection.execute("DELETE FROM turn WHERE id = ?", (id_,))

    def pause(self, seconds: float, reason: str) -> float:
        """Let no turn lie in the next seconds, and give the end of the pause; a longer one stays."""
        until = self._now + min(max(seconds, 0.0), LONGEST_PAUSE_S)
        running, _ = self._pause()
        if running < until:
            self._connection.execute("INSERT OR REPLACE INTO pause VALUES (1, ?, ?)", (until, reason))
            self.move()
        return max(until, running)

    def slow_down(self, sent_at: float, until: float) -> None:
        """Cut the pace after a refusal.

        Args:
            sent_at: When the refused request was sent.
            until: End of the pause that the server asks for.
        """
        pace = self._pace()
        slower = pace.refused(sent_at, self._now, until, self._window_s)
        if slower != pace:
            self._connection.execute("INSERT OR REPLACE INTO pace VALUES (1, ?, ?)", (slower.factor, slower.since))
            self._see_others(until)
            self.move()

    def keep_within(self, counted: int, used: int, remaining: int, resets_at: float, until: float) -> None:
        """Plan no more turns in the server's window than the server has left; within one window the least counts.

        Args:
            counted: The last turn that the server has counted for certain.
            used: Requests that it has counted in this window.
            remaining: Requests that it lets through after those, 0 or more.
            resets_at: End of its window on its own clock, which names the window.
            until: The same end on the budget's clock.
        """
        row = self._connection.execute("SELECT * FROM quota").fetchone()
        first = (remaining, counted)
        if row is not None and self._now < row[2] <= self._now + LONGEST_PAUSE_S:
            _, known_reset, known_until, known_remaining, _, *known_first = row
            if resets_at < known_reset or (resets_at == known_reset and remaining >= known_remaining):
                return
            if resets_at == known_reset:
                until, first = min(until, known_until), (known_first[0], known_first[1])
        sent, sent_since = self._count(0, self._now), self._count(first[1], self._now)
        if used > sent or first[0] - remaining > sent_since + _UNDER_WAY:
            self._see_others(self._now)
        self._connection.execute(
            "INSERT OR REPLACE INTO quota VALUES (1, ?, ?, ?, ?, ?, ?)", (resets_at, until, remaining, counted, *first)
        )
        self.move()

    def _forget(self) -> None:
        """Drop turns whose window is over, and those that a restart of the machine left far in the future."""
        waiting = self._connection.execute("SELECT count(*) FROM turn WHERE at > ?", (self._now,)).fetchone()[0]
        windows = waiting // max(1, int(self._limit * SLOWEST)) + 2
        latest = self._now + LONGEST_PAUSE_S + windows * self._window_s
        self._connection.execute("DELETE FROM turn WHERE at <= ? OR at > ?", (self._now - self._window_s, latest))

    def move(self) -> None:
        """Plan the waiting turns anew, in their order."""
        waiting = self._connection.execute(
            "SELECT id, process, at, reason FROM turn WHERE at > ? ORDER BY id", (self._now,)
        ).fetchall()
        self._connection.execute("DELETE FROM turn WHERE at > ?", (self._now,))
        for id_, process, *planned in waiting:
            at, reason = max(tuple(planned), self._next(), key=lambda place: place[0])
            self._connection.execute("INSERT INTO turn VALUES (?, ?, ?, ?)", (id_, at, reason, process))

    def _next(self) -> tuple[float, str]:
        """Say when the next turn is, and why not earlier; of two reasons the first."""
        places = [(self._now, ""), self._room(), self._pause(), self._quota(), self._last()]
        return max(places, key=lambda place: place[0])

    def _room(self) -> tuple[float, str]:
        limit = self._limit_now()
        reason = f"the budget of {self._limit} requests a minute is used up"
        if limit < self._limit:
            reason = f"others use the key too, so {limit} instead of {self._limit} requests a minute are sent for now"
        full = self._connection.execute("SELECT at FROM turn ORDER BY id DESC LIMIT 1 OFFSET ?", (limit - 1,))
        row = full.fetchone()
        return (row[0] + self._window_s, reason) if row is not None else (0.0, "")

    def _pause(self) -> tuple[float, str]:
        row = self._connection.execute("SELECT until, reason FROM pause").fetchone()
        return tuple(row) if row is not None and row[0] <= self._now + LONGEST_PAUSE_S else (0.0, "")

    def _quota(self) -> tuple[float, str]:
        """Keep within what the server has left, and spread over its window where that is shared."""
        last = self._last()[0]
        begin = max(self._now, last)
        gap_s = self._window_s / self._limit_now()
        row = self._connection.execute("SELECT until, remaining, counted FROM quota").fetchone()
        if row is not None and begin < row[0] <= self._now + LONGEST_PAUSE_S:
            until, remaining, counted = row
            left = remaining - self._count(counted, until)
            if left <= 0:
                return until, _EMPTY
            gap_s = max(gap_s, (until - begin) / left)
        return (last + gap_s, _SHARED) if last and self._are_others_here() else (0.0, "")

    def _count(self, after: int, until: float) -> int:
        """Count the turns after a turn and until a moment."""
        turns = self._connection.execute("SELECT count(*) FROM turn WHERE id > ? AND at <= ?", (after, until))
        count: int = turns.fetchone()[0]
        return count

    def _see_others(self, at: float) -> None:
        """Note that other machines use the key."""
        self._connection.execute("INSERT OR REPLACE INTO others VALUES (1, ?)", (at + _REMEMBERED * self._window_s,))

    def _are_others_here(self) -> bool:
        row = self._connection.execute("SELECT until FROM others").fetchone()
        return row is not None and self._now < row[0] <= self._now + LONGEST_PAUSE_S + _REMEMBERED * self._window_s

    def _last(self) -> tuple[float, str]:
        row = self._connection.execute("SELECT at FROM turn ORDER BY id DESC LIMIT 1").fetchone()
        return (row[0], _BEHIND) if row is not None else (0.0, "")

    def _limit_now(self) -> int:
        return self._pace().limit_at(self._limit, self._now, self._window_s)

    def _pace(self) -> Pace:
        row = self._connection.execute("SELECT factor, since FROM pace").fetchone()
        return Pace(*row) if row is not None and row[1] <= self._now + LONGEST_PAUSE_S else Pace()
