"""Who is at work on a stack: the lock files of Pulumi's ``file://`` backend.

A run of this engine also holds the kernel's lock on its file. That one goes with the process, however it ends, and a
process that later gets the same number does not have it.

Source: pulumi notes on the engine, section 3; the kernel's lock is this project's own.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flireo_iac.errors import LockedError

_KERNEL = "kernelLock"
_FILE_MODE = 0o600


@dataclass(frozen=True)
class Lock:
    """A lock of a stack.

    Args:
        path: Its file.
        holder: Who holds it: user, host, process and time.
        gone: True when the process ran on this machine and is no more.
    """

    path: Path
    holder: str
    gone: bool


class Locks:
    """The locks of one stack.

    Args:
        folder: Where their files are.
        stack: Name of the stack, for texts.
    """

    def __init__(self, folder: Path, stack: str) -> None:
        self.folder = folder
        self._stack = stack
        self._own: Path | None = None
        self._descriptor: int | None = None

    def take(self, moment: str) -> list[Lock]:
        """Take the lock; gives the locks of runs that are gone, which it removed.

        Args:
            moment: The present time, for whoever finds the lock.

        Raises:
            LockedError: Another run holds one.
            OSError: The lock cannot be written.
        """
        self.refuse_if_held()
        self._write(moment)
        try:
            self.refuse_if_held()
            left = self.others()
            for lock in left:
                lock.path.unlink(missing_ok=True)
        except BaseException:  # a signal, too
            self.give_back()
            raise
        return left

    def give_back(self) -> None:
        """Give the lock back; nothing happens when it is not held.

        Raises:
            OSError: Its file cannot be removed; the kernel's lock on it is given back all the same.
        """
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
        if self._own is not None:
            self._own.unlink(missing_ok=True)
            self._own = None

    def others(self) -> list[Lock]:
        """Give the locks of others."""
        try:
            found = sorted(self.folder.glob("*.json"))
        except OSError:
            return []
        return [lock for path in found if path != self._own and (lock := _read(path)) is not None]

    def _write(self, moment: str) -> None:
        # Beside the folder, since whatever is in it counts as a lock; there it appears whole and locked.
        beside = self.folder.with_name(f".{uuid.uuid4()}.tmp")
        try:
            self._descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
            content = {
                "pid": os.getpid(),
                "username": _user(),
                "hostname": socket.gethostname(),
                "timestamp": moment,
                _KERNEL: _lock(self._descriptor, fcntl.LOCK_EX),
            }
            os.write(self._descriptor, json.dumps(content).encode())
            self._own = self.folder / f"{uuid.uuid4()}.json"
            beside.rename(self._own)
        except BaseException:  # a signal, too
            beside.unlink(missing_ok=True)
            self.give_back()
            raise

    def refuse_if_held(self) -> None:
        """Do nothing unless a run holds a lock that is not known to be gone.

        Raises:
            LockedError: Another run holds one.
        """
        held = [lock for lock in self.others() if not lock.gone]
        if not held:
            return
        lines = "\n".join(f"  held by {lock.holder}" for lock in held)
        raise LockedError(
            f'stack "{self._stack}": is locked by another run, expected no lock. Wait for it to end. If it is gone '
            f"for good, remove the lock with: flireo cancel -s {self._stack}.\n{lines}"
        )


def _lock(descriptor: int, mode: int) -> bool:
    """Take the kernel's lock; False where another has it, or the file system has none."""
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _read(path: Path) -> Lock | None:
    """Read a lock file; None when it has been removed meanwhile."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        pid, host = int(content["pid"]), str(content["hostname"])
        holder = f"{content['username']}@{host}, process {pid}, since {content['timestamp']}"
        is_free: Callable[[], bool] = (lambda: _is_free(path)) if content.get(_KERNEL) else (lambda: not _runs(pid))
        return Lock(path, holder, gone=host == socket.gethostname() and is_free())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Lock(path, f"an unreadable lock file {path}", gone=False)


def _is_free(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        # Shared, so that two who look at the same time do not take each other for the holder.
        return _lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())  # a container whose user has no name
