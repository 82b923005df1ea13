"""The folder that holds states, locks and history: layout version 1 of Pulumi's ``file://`` backend.

Source: pulumi notes on the engine, section 3.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flireo_iac.engine.files.project import Project
from flireo_iac.errors import LockedError, SettingsError, StateError

_FILE_SCHEME = "file://"
_BOOKKEEPING = ".pulumi"
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


def now() -> str:
    """Give the present time as RFC 3339."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def find_root(project: Project, environment: Mapping[str, str]) -> Path:
    """Find the folder that holds ``.pulumi``.

    PULUMI_BACKEND_URL, then ``backend.url`` of the project, then what ``pulumi login`` left behind, then the project
    folder itself.

    Args:
        project: The project.
        environment: Environment variables.

    Raises:
        SettingsError: The backend is not a folder.
        StateError: The folder is not there.
    """
    asked = (
        ("PULUMI_BACKEND_URL", environment.get("PULUMI_BACKEND_URL"), project.folder),
        ("backend.url of Pulumi.yaml", project.backend_url, project.folder),
        ("the login of pulumi", _login_url(environment), Path.cwd()),
    )
    for source, url, base in asked:
        if not url:
            continue
        if not url.startswith(_FILE_SCHEME):
            raise SettingsError(
                f"{source} is {url}; the local engine keeps its state in a folder, expected file://PATH. "
                "Use --engine pulumi, or set PULUMI_BACKEND_URL to a file:// address."
            )
        path = url.removeprefix(_FILE_SCHEME).split("?", 1)[0]
        root = (base / Path(path).expanduser()).resolve()
        if not root.is_dir():
            raise StateError(f"{source} is {url}: there is no such folder. Make it, or name another one.")
        return root
    return project.folder


def _login_url(environment: Mapping[str, str]) -> str | None:
    home = environment.get("PULUMI_HOME")
    path = (Path(home) if home else Path.home() / ".pulumi") / "credentials.json"
    try:
        current = json.loads(path.read_text(encoding="utf-8")).get("current")
    except (OSError, ValueError, AttributeError):
        return None  # no login is the usual case where there is no pulumi program
    return str(current) if current else None


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


class Backend:
    """The files of one stack.

    Args:
        root: Folder that holds ``.pulumi``.
        project: Name of the project.
        stack: Name of the stack.
    """

    def __init__(self, root: Path, project: str, stack: str) -> None:
        self.root = root
        self.project = project
        self.stack = stack
        self._base = root / _BOOKKEEPING
        self.state_path = self._base / "stacks" / project / f"{stack}.json"
        self._lock_folder = self._base / "locks" / "organization" / project / stack
        self._own_lock: Path | None = None
        self._written_before = False

    def exists(self) -> bool:
        """Tell whether the stack has a state."""
        return self.state_path.exists()

    def read(self) -> bytes | None:
        """Read the state; None when there is none.

        Raises:
            StateError: It cannot be read, or is compressed.
        """
        for suffix in (".gz", ".zst"):
            packed = self.state_path.with_name(self.state_path.name + suffix)
            if packed.exists():
                raise StateError(
                    f"state {packed}: is compressed; the local engine reads plain JSON. Use --engine pulumi."
                )
        try:
            return self.state_path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"state {self.state_path}: cannot be read ({error.strerror}).") from error

    def write(self, text: str) -> None:
        """Write the state so that a crash leaves the old one or the new one, never a part.

        Args:
            text: All of it.

        Raises:
            StateError: It cannot be written; the old state is as it was.
        """
        path = self.state_path
        with self._reported(path):
            if not self._written_before:
                self._prepare()
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            try:
                with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE), "wb") as file:
                    file.write(text.encode())
                    file.flush()
                    os.fsync(file.fileno())
                self._keep_former()
                temporary.replace(path)
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
            self._written_before = True

    def _prepare(self) -> None:
        self._make(self.state_path.parent)
        meta = self._base / "meta.yaml"
        if not meta.exists():
            _write_new(meta, "version: 1\n")
        # Metadata of Pulumi's file library; it may be missing, but must not speak of other content.
        self.state_path.with_name(self.state_path.name + ".attrs").unlink(missing_ok=True)

    def _make(self, wanted: Path) -> None:
        for folder in reversed((wanted, *wanted.parents)):
            if folder.is_relative_to(self._base):
                folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)

    def _keep_former(self) -> None:
        if not self.state_path.exists():
            return
        backup = self.state_path.with_name(self.state_path.name + ".bak")
        link = backup.with_name(f".{backup.name}.{os.getpid()}.tmp")
        link.unlink(missing_ok=True)
        try:
            os.link(self.state_path, link)
        except OSError:
            shutil.copyfile(self.state_path, link)  # a file system without hard links
        link.replace(backup)

    def add_history(self, record: Mapping[str, Any]) -> None:
        """Keep a record of a run, and copies of the state as it is now.

        Args:
            record: The record, as pulumi notes on the engine, section 3, list its keys.

        Raises:
            StateError: It cannot be written.
        """
        folder = self._base / "history" / self.project / self.stack
        backups = self._base / "backups" / self.project / self.stack
        with self._reported(folder):
            self._make(folder)
            self._make(backups)
            moment = time.time_ns()
            name = f"{self.stack}-{moment}"
            _write_new(folder / f"{name}.history.json", json.dumps(record, indent=4, ensure_ascii=False))
            if self.exists():
                state = self.state_path.read_text(encoding="utf-8")
                _write_new(folder / f"{name}.checkpoint.json", state)
                _write_new(backups / f"{self.stack}.{moment}.json", state)

    def lock(self) -> None:
        """Take the lock of the stack.

        Raises:
            LockedError: Another run holds it.
            StateError: The lock cannot be written.
        """
        self._refuse_if_locked()
        self._own_lock = self._lock_folder / f"{uuid.uuid4()}.json"
        content = {
            "pid": os.getpid(),
            "username": _user(),
            "hostname": socket.gethostname(),
            "timestamp": now(),
        }
        with self._reported(self._own_lock):
            self._make(self._lock_folder)
            _write_new(self._own_lock, json.dumps(content))
        try:
            self._refuse_if_locked()
        except LockedError:
            self.unlock()
            raise

    def unlock(self) -> None:
        """Give the lock back; nothing happens when it is not held."""
        if self._own_lock is not None:
            self._own_lock.unlink(missing_ok=True)
            self._own_lock = None

    def locks(self) -> list[Lock]:
        """Give the locks of others."""
        try:
            found = sorted(self._lock_folder.glob("*.json"))
        except OSError:
            return []
        return [_read_lock(path) for path in found if path != self._own_lock]

    def _refuse_if_locked(self) -> None:
        held = self.locks()
        if not held:
            return
        lines = "\n".join(f"  held by {lock.holder}{'; that process is gone' if lock.gone else ''}" for lock in held)
        advice = (
            f"Remove the lock with: flireo cancel -s {self.stack}."
            if all(lock.gone for lock in held)
            else f"Wait for it to end. If it is gone for good, remove the lock with: flireo cancel -s {self.stack}."
        )
        raise LockedError(f'stack "{self.stack}": is locked by another run, expected no lock. {advice}\n{lines}')

    @contextlib.contextmanager
    def _reported(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StateError(
                f'stack "{self.stack}": {error.filename or path} cannot be written ({error.strerror}). The state '
                f"{self.state_path} is as it was at the last save; make room or give the right, and run again."
            ) from error


def _write_new(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE), "w", encoding="utf-8") as file:
        file.write(text)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())  # a container whose user has no name


def _read_lock(path: Path) -> Lock:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        pid, host = int(content["pid"]), str(content["hostname"])
        holder = f"{content['username']}@{host}, process {pid}, since {content['timestamp']}"
    except (OSError, ValueError, KeyError, TypeError):
        return Lock(path, f"an unreadable lock file {path}", gone=False)
    return Lock(path, holder, gone=host == socket.gethostname() and not _runs(pid))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
