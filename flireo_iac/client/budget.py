"""Budget of requests for one key, shared by all processes of this machine that use it.

A small SQLite file holds the turns of the last minute. Who wants to send takes the next free turn and sleeps
until it: bursts are allowed, nobody is overtaken, and at most ``limit`` turns lie in any window. A pause that the
server asks for (429) is kept in the same file, so all processes heed it. A process that is killed leaves no lock:
the lock is the kernel's, and its turns run out with the window.

``pyrate-limiter`` was looked at and not used: its SQLite bucket has no place for a pause that all processes heed in the
same transaction, it does not say how long a wait will be before it sleeps, and waiters race instead of queueing.

Times in the file are of the monotonic clock, which is one for all processes of a machine and does not jump.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from flireo_iac.settings import Settings

WINDOW_S = 62.0
"""A minute, and two seconds for requests that are long under way: the server counts them when they arrive."""

LONGEST_PAUSE_S = 120.0
"""A server's request to pause for longer is cut to this, or one odd answer would stop all processes for hours."""

SHORTEST_ANNOUNCED_S = 2.0

_HORIZON = 5
"""Turns further in the future than so many windows are from before a restart of the machine, and dropped."""

_KEPT_S = 24 * 60 * 60.0

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS turn (id INTEGER PRIMARY KEY, at REAL NOT NULL)",
    "CREATE INDEX IF NOT EXISTS turn_at ON turn (at)",
    "CREATE TABLE IF NOT EXISTS pause (id INTEGER PRIMARY KEY CHECK (id = 1), until REAL, reason TEXT)",
)

T = TypeVar("T")

OnWait = Callable[[str, float], None]
"""Called before a wait of more than 2 seconds, with its reason and its seconds."""

OnWarning = Callable[[str], None]
"""Called with a sentence about something that is not as it should be, and stops nothing."""


def budget_path(settings: Settings) -> Path:
    """Give the file of a key's budget; its name tells nothing about the key."""
    digest = hashlib.sha256(f"{settings.key}\n{settings.base_url}".encode()).hexdigest()
    return settings.state_dir / "budget" / f"v1-{digest[:32]}.sqlite"


class Budget:
    """Turns to send, at most so many in a window. Safe for threads and processes.

    Args:
        path: File that processes share; None for a budget of this process alone.
        limit: Turns in a window, 1 or more.
        window_s: Length of the window in seconds; a minute and a margin where ``limit`` is for a minute.
        on_wait: Called before long waits; None for nobody.
        on_warning: Called once when the file cannot be used; None for nobody.
        sleep: Sleeps so many seconds.
        clock: Seconds of a clock that is one for all processes of this machine.
    """

    def __init__(
        self,
        path: Path | None,
        limit: int,
        *,
        window_s: float = WINDOW_S,
        on_wait: OnWait | None = None,
        on_warning: OnWarning | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._limit = limit
        self._window_s = window_s
        self._on_wait = on_wait
        self._on_warning = on_warning
        self._sleep = sleep
        self._clock = clock
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def take(self) -> float:
        """Wait for a turn, and give the seconds that were waited."""
        began = self._clock()
        while True:
            turn, at, reason = self._in_file(self._reserve)
            wait_s = at - self._clock()
            if wait_s <= 0:
                return self._clock() - began
            if wait_s > SHORTEST_ANNOUNCED_S and self._on_wait is not None:
                self._on_wait(reason, wait_s)
            try:
                self._sleep(wait_s)
            except BaseException:
                self._in_file(partial(_give_back, turn=turn))
                raise
            # Meanwhile the server may have asked for a pause; then the turn is worth nothing.
            if self._in_file(self._paused_until) <= at:
                return self._clock() - began
            self._in_file(partial(_give_back, turn=turn))

    def pause(self, seconds: float, reason: str) -> None:
        """Let nobody who uses the key send for a while.

        Args:
            seconds: From now; cut to two minutes.
            reason: Why, for those who wait.
        """
        until = self._clock() + min(max(seconds, 0.0), LONGEST_PAUSE_S)
        self._in_file(partial(_set_pause, until=until, reason=reason, latest=self._clock() + LONGEST_PAUSE_S))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _reserve(self, connection: sqlite3.Connection) -> tuple[int, float, str]:
        now = self._clock()
        connection.execute(
            "DELETE FROM turn WHERE at <= ? OR at > ?", (now - self._window_s, now + _HORIZON * self._window_s)
        )
        at, reason = now, ""
        full = connection.execute(
            "SELECT at FROM turn ORDER BY at DESC LIMIT 1 OFFSET ?", (self._limit - 1,)
        ).fetchone()
        if full is not None and full[0] + self._window_s > at:
            at = full[0] + self._window_s
            reason = f"the budget of {self._limit} requests a minute is used up"
        pause = connection.execute("SELECT until, reason FROM pause").fetchone()
        if pause is not None and at < pause[0] <= now + LONGEST_PAUSE_S:
            at, reason = pause
        turn = connection.execute("INSERT INTO turn (at) VALUES (?)", (at,)).lastrowid
        if turn is None:
            raise sqlite3.DatabaseError("no turn was written")
        return turn, at, reason

    def _paused_until(self, connection: sqlite3.Connection) -> float:
        row = connection.execute("SELECT until FROM pause").fetchone()
        until: float = row[0] if row is not None else 0.0
        return until if until <= self._clock() + LONGEST_PAUSE_S else 0.0

    def _in_file(self, do: Callable[[sqlite3.Connection], T]) -> T:
        """Run one transaction; what is broken is mended once, then this process goes on alone."""
        with self._lock:
            if self._path is not None:
                for _ in range(2):
                    try:
                        return self._transaction(do)
                    except (sqlite3.Error, OSError) as error:
                        self._mend(self._path, error)
                        cause = error
                self._go_alone(self._path, cause)
            return self._transaction(do)

    def _transaction(self, do: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = _open(self._path)
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = do(connection)
        except BaseException:
            # SQLite may have rolled back itself; what went wrong first is what counts.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return result

    def _mend(self, path: Path, error: Exception) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            # The file is no database. Nothing in it is worth more than a minute.
            with suppress(OSError):
                path.unlink()

    def _go_alone(self, path: Path, error: Exception) -> None:
        self._path = None
        if self._on_warning is not None:
            self._on_warning(
                f"the budget of requests cannot be shared with other processes, {path} cannot be used ({error}). "
                "Set FLIREO_STATE_DIR to a folder that can be written."
            )


def _give_back(connection: sqlite3.Connection, turn: int) -> None:
    connection.execute("DELETE FROM turn WHERE id = ?", (turn,))


def _set_pause(connection: sqlite3.Connection, until: float, reason: str, latest: float) -> None:
    row = connection.execute("SELECT until FROM pause").fetchone()
    if row is None or row[0] < until or row[0] > latest:
        connection.execute("INSERT OR REPLACE INTO pause VALUES (1, ?, ?)", (until, reason))


def _open(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not path.exists():
            _sweep(path.parent)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path or ":memory:", timeout=5, isolation_level=None, check_same_thread=False)
    try:
        # Nothing here has to outlive a power cut, and a wait for the disk would cost more than the request.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _sweep(folder: Path) -> None:
    """Remove budgets that nobody used for a day, such as those of emulators that are gone."""
    for path in folder.glob("v1-*.sqlite*"):
        # Another process may sweep at the same time.
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _KEPT_S:
                path.unlink()
