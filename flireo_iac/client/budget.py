"""Budget of requests for one key, shared by all processes of this machine that use it.

A small SQLite file holds the turns of the last minute and those that are waited for (``schedule.py``). Who wants to
send takes the next free turn and sleeps until it: bursts are allowed, nobody is overtaken, and at most ``limit`` turns
lie in any window. What the server says of other machines is kept in the same file, so all processes heed it: a pause
(429), a slower pace after it (``pace.py``), and what is left in its own window. A process that is killed leaves no
lock: the lock is the kernel's, and its turns run out with the window. When the file is lost, each process brings what
it remembers into the next one, or goes on alone with it (``memory.py``).

``pyrate-limiter`` was looked at and not used: its SQLite bucket has no place for a pause that all processes heed in the
same transaction, it does not say how long a wait will be before it sleeps, and waiters race instead of queueing.

Times in the file are of the monotonic clock, which is one for all processes of a machine and does not jump. It begins
anew with the machine, and so does the file: its name holds the identity of the boot where the system has one.
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
from typing import Any, NamedTuple, TypeVar

from flireo_iac.client.budget_file import identity, open_file
from flireo_iac.client.hints import Quota
from flireo_iac.client.memory import Memory
from flireo_iac.client.schedule import Planned, Schedule
from flireo_iac.settings import Settings

MARGIN_S = 2.0
"""Added to the server's window for requests that are long under way: the server counts them when they arrive."""

WINDOW_S = 60 + MARGIN_S

SHORTEST_ANNOUNCED_S = 2.0

_LOOK_S = 1.0
"""Seconds between two looks whether other processes are still about."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")

T = TypeVar("T")

OnWait = Callable[[str, float], None]
"""Called before a wait of more than 2 seconds, with its reason and its seconds."""

OnWarning = Callable[[str], None]
"""Called with a sentence about something that is not as it should be, and stops nothing."""


class Turn(NamedTuple):
    """A turn that has come.

    Args:
        id: Its number in the queue.
        at: When it was, in seconds of the budget's clock.
        waited_s: Seconds that were waited for it, 0 or more.
    """

    id: int
    at: float
    waited_s: float


def budget_path(settings: Settings) -> Path:
    """Give the file of a key's budget on this machine, one for each boot; its name tells nothing about the key."""
    boot = ""
    with suppress(OSError):
        boot = _BOOT.read_text().strip()
    digest = hashlib.sha256(f"{settings.key}\n{settings.base_url}\n{boot}".encode()).hexdigest()
    return settings.state_dir / "budget" / f"v3-{digest[:32]}.sqlite"


def budget_of(settings: Settings, **options: Any) -> Budget:
    """Give the budget that all processes of this machine share for a key.

    Args:
        settings: The key, and what it allows.
        **options: More for the budget, such as ``on_wait``.
    """
    return Budget(
        budget_path(settings), settings.requests_per_minute, window_s=settings.limit_window_s + MARGIN_S, **options
    )


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
        process: Name of this process among those that share the file; None for its number.
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
        process: str | None = None,
    ) -> None:
        self._path = path
        self._limit = limit
        self._window_s = window_s
        self._on_wait = on_wait
        self._on_warning = on_warning
        self._sleep = sleep
        self._clock = clock
        self._process = process or str(os.getpid())
        self._memory = Memory(window_s, self._process)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def take(self) -> Turn:
        """Wait for a turn."""
        began = self._clock()
        self._let_others_in()
        planned = self._plan(Schedule.add)
        while (wait_s := planned.at - self._clock()) > 0:
            if wait_s > SHORTEST_ANNOUNCED_S and self._on_wait is not None:
                self._on_wait(planned.reason, wait_s)
            try:
                self._sleep(wait_s)
            except BaseException:
                self._give_back(planned)
                raise
            # Meanwhile the turn may have been moved, by a pause for one.
            planned = self._plan(partial(_find, id_=planned.id))
        return Turn(planned.id, planned.at, self._clock() - began)

    def _give_back(self, planned: Planned) -> None:
        self._memory.drop(planned.id)
        self._plan(partial(Schedule.drop, id_=planned.id))

    def _let_others_in(self) -> None:
        """Stay out of the queue while this process has had its part and others are about."""
        is_told = False
        while (wait_s := self._plan(Schedule.held_until) - self._clock()) > 0:
            if wait_s > SHORTEST_ANNOUNCED_S and not is_told and self._on_wait is not None:
                self._on_wait("other runs on this machine have their part of the budget", wait_s)
                is_told = True
            # They may be done before that.
            self._sleep(min(wait_s, _LOOK_S))

    def refused(self, turn: Turn, seconds: float, reason: str) -> None:
        """Let nobody who uses the key send for a while, and everybody send more slowly after it.

        Args:
            turn: Turn of the request that was refused.
            seconds: How long the server asks to wait, from now; cut to two minutes.
            reason: Why, for those who wait.
        """

        def refuse(schedule: Schedule) -> None:
            schedule.slow_down(turn.at, schedule.pause(seconds, reason))

        self._plan(refuse)

    def heard(self, turn: Turn, quota: Quota) -> None:
        """Heed what the server says of its own window.

        Args:
            turn: Turn of the request that it answered.
            quota: What it says.
        """
        if quota.remaining >= self._limit:
            return
        until = self._clock() + quota.resets_in_s
        self._plan(lambda schedule: schedule.keep_within(turn.id, quota.used, quota.remaining, quota.resets_at, until))

    def foresee(self, number: int) -> list[float]:
        """Give the seconds from now to each of the next turns, if all were asked for now. None is taken.

        Args:
            number: How many, 0 or more.
        """
        waits: list[float] = []

        def add(schedule: Schedule) -> None:
            now = self._clock()
            waits[:] = [max(schedule.add().at - now, 0.0) for _ in range(number)]
            raise _ForeseenError  # so that nothing of it is kept

        with suppress(_ForeseenError):
            self._plan(add)
        return waits

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _plan(self, do: Callable[[Schedule], T]) -> T:
        return self._in_file(lambda connection: do(self._schedule(connection)))

    def _schedule(self, connection: sqlite3.Connection) -> Schedule:
        return Schedule(connection, self._limit, self._window_s, self._clock(), self._process)

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
        if self._connection is not None and self._path is not None and identity(self._path) != self._identity:
            # Another process has removed the file, and the others use the next one.
            self._connection.close()
            self._connection = None
        if self._connection is None:
            self._connection = open_file(self._path)
            self._identity = identity(self._path) if self._path is not None else None
            self._commit(self._connection, self._put_back)
        result = self._commit(self._connection, do)
        if isinstance(result, Planned):
            self._memory.keep(result, self._clock())
        return result

    def _put_back(self, connection: sqlite3.Connection) -> None:
        """Let what this process has sent and heard count in another file, too."""
        if self._memory.put_back(connection, self._clock()):
            self._schedule(connection).move()

    def _commit(self, connection: sqlite3.Connection, do: Callable[[sqlite3.Connection], T]) -> T:
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = do(connection)
            self._memory.look(connection)
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
            # The file is no database; what this process remembers of it goes into the next one.
            with suppress(OSError):
                path.unlink()

    def _go_alone(self, path: Path, error: Exception) -> None:
        self._path = None
        if self._on_warning is not None:
            self._on_warning(
                f"the budget of requests cannot be shared with other processes, {path} cannot be used ({error}). "
                "Set FLIREO_STATE_DIR to a folder that can be written."
            )


class _ForeseenError(Exception):
    """Ends a transaction that was only tried."""


def _find(schedule: Schedule, id_: int) -> Planned:
    """Give a turn as it stands now; a new one when it ran out, as while the machine was asleep."""
    return schedule.find(id_) or schedule.add()
