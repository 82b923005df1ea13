"""The file of a budget: opened, made, and removed when nobody uses it any more."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from flireo_iac.client.schedule import SCHEMA

_KEPT_S = 24 * 60 * 60.0


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
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _sweep(folder: Path) -> None:
    """Remove budgets that nobody used for a day, such as those of emulators that are gone."""
    for path in folder.glob("v[0-9]*.sqlite*"):
        # Another process may sweep at the same time.
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _KEPT_S:
                path.unlink()
