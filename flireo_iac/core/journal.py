"""The creates that are under way, written down before they are sent, so that a process that dies loses none.

An intent is opened durably before the POST, answered as soon as the id is known, and closed once the id has been seen
in the state, or the object is known not to be there. What is still there at the next create of the same resource, in
whatever process, is settled before anything is sent.

One SQLite file serves all processes of a machine. Of the body it holds the natural key, and a digest with the API
key as its key. Each process holds a lock of its own while it lives; the kernel drops it when the process dies, however
it dies, and so a create that still runs can be told from one that was cut off.

Source: design, section 7: the API has no idempotency key.
"""

from __future__ import annotations

import hmac
import json
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from flireo_iac.errors import DamagedJournalError, JournalError

KEPT_S = 30 * 24 * 60 * 60.0
"""Seconds after which an answered intent is dropped: its stack was given up, or its state was."""

_MOMENT_S = 0.2
"""Seconds between an intent and its request that make no difference."""

_COLUMNS = "id, scope, kind, urn, folder, natural_key, digest, twins, is_complete, at, clock, boot, owner, object_id"

_SCHEMA = f"""
    CREATE TABLE IF NOT EXISTS intent ({_COLUMNS.replace("id,", "id INTEGER PRIMARY KEY,", 1)});
    CREATE INDEX IF NOT EXISTS intent_urn ON intent (urn);
    CREATE TABLE IF NOT EXISTS made (object_id, urn, at);
"""


@dataclass(frozen=True)
class Intent:
    """A create that was begun and is not known to be in a state.

    Args:
        scope: The account that it goes to.
        kind: Name of the kind.
        urn: URN of the resource; empty where the engine does not tell it.
        folder: Folder of the project that asked for it.
        natural_key: Values by which a person tells the object from others.
        digest: Keyed digest of the body.
        twins: Ids of the objects with the same natural key that the account held before.
        is_complete: Whether the list that told of them was complete.
        at: Wall clock when it was opened, Unix seconds.
        clock: Monotonic clock at that moment, seconds.
        boot: Which start of the machine that clock belongs to; empty when it is not known.
        owner: The process that opened it.
        object_id: Id of the object; None while the answer is not known.
        id: Number in the journal; 0 before it is opened.
    """

    scope: str
    kind: str
    urn: str
    folder: str
    natural_key: Mapping[str, Any]
    digest: str
    twins: tuple[str, ...]
    is_complete: bool
    at: float = field(default_factory=time.time)
    clock: float = field(default_factory=time.monotonic)
    boot: str = field(default_factory=lambda: _boot())
    owner: str = ""
    object_id: str | None = None
    id: int = 0

    def may_have_made(self, id_: str) -> bool:
        """Tell whether an object of this natural key may have come of it.

        Args:
            id_: The object's id.
        """
        return id_ == self.object_id if self.object_id is not None else id_ not in self.twins

    @property
    def age_s(self) -> float:
        """Seconds since it was opened; the clock of the machine is believed only after a restart of it."""
        if self.boot and self.boot == _boot():
            return time.monotonic() - self.clock
        return max(0.0, time.time() - self.at)


class Journal:
    """The intents of this machine. Safe for threads and processes.

    Args:
        folder: Where they are kept; made when the first intent is opened.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._owner = uuid.uuid4().hex
        self._life: FileLock | None = None
        self._answered: set[tuple[str, str]] | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return self._folder / "v1.sqlite"

    def open(self, intent: Intent) -> Intent:
        """Write an intent down; when this returns, it outlives a power cut.

        Raises:
            JournalError: It cannot be written. Nothing may be sent then.
        """
        with self._database(is_durable=True) as database:
            self._live(database)
            boot, long_ago = _boot(), time.time() - KEPT_S
            # A wall clock that jumps makes nothing old.
            is_old = "at < ? AND (boot = '' OR boot != ? OR clock < ?)"
            database.execute(
                f"DELETE FROM intent WHERE object_id IS NOT NULL AND {is_old}",  # noqa: S608 - a constant
                (long_ago, boot, time.monotonic() - KEPT_S),
            )
            database.execute("DELETE FROM made WHERE at < ?", (long_ago,))
            values = {
                **vars(intent),
                "natural_key": json.dumps(intent.natural_key, sort_keys=True),
                "twins": json.dumps(intent.twins),
                "owner": self._owner,
                "id": None,
            }
            names = _COLUMNS.split(", ")
            number = database.execute(
                f"INSERT INTO intent ({_COLUMNS}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608 - constants
                [values[name] for name in names],
            ).lastrowid
        return Intent(**{**vars(intent), "owner": self._owner, "id": number})

    def renew(self, intent: Intent) -> None:
        """Note that the request goes out only now: what may still arrive is counted from here.

        Raises:
            JournalError: It cannot be written. Nothing may be sent then.
        """
        if intent.age_s < _MOMENT_S:
            return
        with self._database(is_durable=True) as database:
            database.execute(
                "UPDATE intent SET at = ?, clock = ?, boot = ? WHERE id = ?",
                (time.time(), time.monotonic(), _boot(), intent.id),
            )

    def answer(self, intent: Intent, object_id: str) -> None:
        """Note the id of the object that the create has made.

        Raises:
            JournalError: It cannot be written.
        """
        with self._database() as database:
            database.execute("UPDATE intent SET object_id = ? WHERE id = ?", (object_id, intent.id))
            database.execute("INSERT INTO made VALUES (?, ?, ?)", (object_id, intent.urn, time.time()))

    def made_for_others(self, urn: str) -> frozenset[str]:
        """Give the ids of what other resources have made on this machine, in the last 30 days.

        Args:
            urn: URN of the resource that asks.

        Raises:
            JournalError: The file cannot be read.
        """
        if not self._is_there():
            return frozenset()
        with self._database() as database:
            return frozenset(id_ for (id_,) in database.execute("SELECT object_id FROM made WHERE urn != ?", (urn,)))

    def close(self, intent: Intent) -> None:
        """Drop an intent: nothing came of it, or it is settled.

        Raises:
            JournalError: It cannot be written.
        """
        with self._database() as database:
            database.execute("DELETE FROM intent WHERE id = ?", (intent.id,))

    def see(self, urn: str, object_id: str) -> None:
        """Drop the intent of a resource that the state holds with this id.

        Never fails: an intent too many is harmless, it is settled by its id.
        """
        with suppress(JournalError):
            if self._answered is None:
                found = self.intents()
                self._answered = {(each.urn, each.object_id) for each in found if each.object_id is not None}
            if urn and (urn, object_id) in self._answered:
                self._answered.discard((urn, object_id))
                with self._database() as database:
                    database.execute("DELETE FROM intent WHERE urn = ? AND object_id = ?", (urn, object_id))

    def intents(self) -> tuple[Intent, ...]:
        """Give all intents, the oldest first.

        Raises:
            JournalError: The file cannot be read.
        """
        return self._read("")

    def _read(self, where: str, *values: str) -> tuple[Intent, ...]:
        if not self._is_there():
            return ()
        with self._database() as database:
            found = database.execute(f"SELECT {_COLUMNS} FROM intent {where} ORDER BY id", values)  # noqa: S608
            return tuple(map(_intent, found))

    def _is_there(self) -> bool:
        try:
            return self.path.exists()
        except OSError as error:
            raise self._unusable(error) from None

    def of(self, scope: str, kind: str, urn: str, natural_key: Mapping[str, Any]) -> tuple[Intent, ...]:
        """Give the intents of one resource in one account; without a URN, those of its natural key.

        Raises:
            JournalError: The file cannot be read.
        """
        found = self._read("WHERE scope = ? AND kind = ? AND urn = ?", scope, kind, urn)
        return tuple(each for each in found if urn or each.natural_key == dict(natural_key))

    def is_under_way(self, intent: Intent) -> bool:
        """Tell whether the process that opened an intent still lives."""
        if intent.owner == self._owner:
            return True
        path = self._life_path(intent.owner)
        if not path.exists():
            return False
        try:
            with FileLock(path, timeout=0):
                path.unlink(missing_ok=True)
        except (Timeout, OSError):
            return True
        return False

    def release(self) -> None:
        """Close the file and end the life of this process, as its death would."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if self._life is not None:
                self._life.release()
                self._life_path(self._owner).unlink(missing_ok=True)
                self._life = None

    def set_aside(self) -> Path:
        """Give a damaged file another name, so that a new one can begin; gives the new path.

        Raises:
            JournalError: It cannot be renamed.
        """
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
        try:
            self.path.rename(aside)
            for beside in ("-wal", "-shm"):
                with suppress(FileNotFoundError):
                    self.path.with_name(self.path.name + beside).rename(aside.with_name(aside.name + beside))
        except OSError as error:
            raise self._unusable(error) from None
        return aside

    def _life_path(self, owner: str) -> Path:
        return self._folder / f"{owner}.lock"

    def _live(self, database: sqlite3.Connection) -> None:
        """Take this process's own lock, and clear away those of processes that left nothing behind."""
        if self._life is not None:
            return
        # The transaction keeps other processes from taking theirs meanwhile.
        open_owners = {owner for (owner,) in database.execute("SELECT owner FROM intent WHERE object_id IS NULL")}
        for path in self._folder.glob("*.lock"):
            if path.stem not in open_owners:
                with suppress(Timeout, OSError), FileLock(path, timeout=0):
                    path.unlink(missing_ok=True)
        self._life = FileLock(self._life_path(self._owner), timeout=0, mode=0o600, thread_local=False)
        self._life.acquire()

    @contextmanager
    def _database(self, *, is_durable: bool = False) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._connect()
                # What is not durable outlives the process, though not a power cut; it is then settled anew.
                self._connection.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except (sqlite3.Error, OSError, Timeout) as error:
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None
                raise self._unusable(error) from None

    def _unusable(self, error: Exception) -> JournalError:
        wrong = f"the journal of creates {self.path} cannot be used ({error}), a file that can be read and written"
        # The library's own class is for a file that is none of its; those below it are for a full disk and the like.
        if type(error) is sqlite3.DatabaseError:
            return DamagedJournalError(f"{wrong} was expected. Nothing was sent. Set it aside with: flireo recover.")
        return JournalError(
            f"{wrong} was expected. Nothing was sent. Free the disk or the folder, or name another one with "
            "FLIREO_STATE_DIR."
        )

    def _connect(self) -> sqlite3.Connection:
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)
        except BaseException:
            connection.close()
            raise
        return connection


def digester(key: str) -> Callable[[Mapping[str, Any]], str]:
    """Give the function that makes digests of bodies; whoever has no API key learns nothing from one."""

    def digest(body: Mapping[str, Any]) -> str:
        text = json.dumps(body, sort_keys=True, ensure_ascii=False, default=str)
        return hmac.digest(key.encode(), text.encode("utf-8", "surrogatepass"), "sha256").hex()

    return digest


def _intent(row: tuple[Any, ...]) -> Intent:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values |= {"natural_key": json.loads(values["natural_key"]), "twins": tuple(json.loads(values["twins"]))}
    return Intent(**{**values, "is_complete": bool(values["is_complete"])})


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
