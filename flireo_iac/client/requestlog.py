"""A file with a line for every request that was sent, for those who want to count them or see what went on.

``2026-01-31T12:00:00.000Z GET /agents 200 0.151``: when it was sent, method, path, status (``-`` without an answer),
seconds. No body, no query, no key.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

VARIABLE = "FLIREO_REQUEST_LOG"


@dataclass(frozen=True)
class Entry:
    """A request that was sent.

    Args:
        method: HTTP method.
        path: Path below the base URL.
        status: Status of the answer; None when none came.
        seconds: From the request to the end of its answer.
    """

    method: str
    path: str
    status: int | None
    seconds: float


def note(path: Path, entry: Entry, sent_at: float) -> None:
    """Add a line, whole even when several processes write.

    A file that cannot be written is no reason to stop: the request is sent already.

    Args:
        path: The file; made when it is not there.
        entry: The request.
        sent_at: When it was sent, in Unix seconds.
    """
    when = datetime.fromtimestamp(sent_at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    line = f"{when}Z {entry.method} {entry.path} {entry.status or '-'} {entry.seconds:.3f}\n"
    with suppress(OSError):
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)


def read(path: Path, offset: int = 0) -> Iterator[Entry]:
    """Give what was noted after an offset of the file; nothing when it is not there."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(offset)
        for line in file:
            parts = line.decode(errors="replace").split()
            if len(parts) == 5:
                _, method, place, status, seconds = parts
                yield Entry(method, place, int(status) if status.isdigit() else None, float(seconds))


def size(path: Path) -> int:
    """Give the offset of what will be noted next."""
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0
