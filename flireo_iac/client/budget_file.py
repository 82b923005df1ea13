"""The file of a budget: opened, made, and removed when nobody uses it any more."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from flireo_iac.client.schedule import SCHEMA

_KEPT_S = 24 * 60 * 60.0

_USED_S = 60 * 60.0
"""Seconds before and after now in which a turn shows that a budget is in use; longer than any window."""

_FIRST_NUMBER = (
    "INSERT INTO sqlite_sequence (name, seq) SELECT 'turn', ? "
    "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'turn')"
)


def open_file(path: Path | None) -> sqlite3.Connection:
    """Open a budget, and make what is not there yet.

    Args:
        path: Its file; None for one in memory.

    Raises:
        sqlite3.Error: The file is damaged, locked or cannot be written.
        OSError: Its folder cannot be made.
    """
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
        for statement in SCHEMA:
            connection.execute(statement)
        # The turns of a later file have higher numbers, so that those of a lost one can be put back before them.
        connection.execute(_FIRST_NUMBER, (int(time.monotonic() * 1_000),))
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def identity(path: Path) -> tuple[int, int] | None:
    """Tell one file at a path from the next one there; None when there is none."""
    with suppress(OSError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


def _sweep(folder: Path) -> None:
    """Remove budgets that nobody used for a day, such as those of emulators that are gone."""
    for path in folder.glob("v[0-9]*.sqlite"):
        # Another process may sweep at the same time.
        with suppress(FileNotFoundError):
            # The clock of the files may jump, so that what is in use looks old.
            if time.time() - path.stat().st_mtime > _KEPT_S and not _is_used(path):
                path.unlink()
                path.with_name(f"{path.name}-journal").unlink(missing_ok=True)


def _is_used(path: Path) -> bool:
    """Tell whether somebody is in the file now, or sends by it: its turns are of the clock that does not jump."""
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        now = time.monotonic()
        query = "SELECT 1 FROM turn WHERE at > ? AND at < ? LIMIT 1"
        return connection.execute(query, (now - _USED_S, now + _USED_S)).fetchone() is not None
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()
