"""The folder that holds states, locks and history: layout version 1 of Pulumi's ``file://`` backend.

Source: pulumi notes on the engine, section 3.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flireo_iac.engine.files.locks import Lock, Locks
from flireo_iac.engine.files.project import Project
from flireo_iac.errors import SettingsError, StateError

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
        self._locks = Locks(self._base / "locks" / "organization" / project / stack, stack)
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

    def others(self) -> dict[str, bytes]:
        """Give the states of the other stacks in this folder, by project and name; what cannot be read is left out."""
        found = {}
        for path in sorted((self._base / "stacks").glob("*/*.json")):
            if path != self.state_path:
                with contextlib.suppress(OSError):
                    found[f"{path.parent.name}/{path.stem}"] = path.read_bytes()
        return found

    def write(self, *parts: str | bytearray) -> None:
        """Write the state so that a crash leaves the old one or the new one, never a part.

        Args:
            *parts: All of it, in order.

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
                    file.writelines(part.encode() if isinstance(part, str) else part for part in parts)
                    file.flush()
                    os.fsync(file.fileno())
                self._keep_former()
                temporary.replace(path)
                _sync(path.parent)
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
            self._written_before = True

    def _prepare(self) -> None:
        self._make(self.state_path.parent)
        for left in self.state_path.parent.glob(f".{self.state_path.name}.*tmp"):
            left.unlink(missing_ok=True)  # of a run that was killed while it wrote; the lock is ours now
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

    def lock(self) -> list[Lock]:
        """Take the lock of the stack; gives the locks of runs that are gone, which are removed.

        Raises:
            LockedError: Another run holds it.
            StateError: The lock cannot be written.
        """
        folder = self._locks.folder
        with self._reported(folder):
            self._make(folder)
            return self._locks.take(now())

    def unlock(self) -> None:
        """Give the lock back; nothing happens when it is not held.

        Raises:
            StateError: Its file cannot be removed.
        """
        with self._reported(self._locks.folder):
            self._locks.give_back()

    def refuse_if_locked(self) -> None:
        """Do nothing unless another run is at work.

        Raises:
            LockedError: One is.
        """
        self._locks.refuse_if_held()

    def locks(self) -> list[Lock]:
        """Give the locks of others."""
        return self._locks.others()

    @contextlib.contextmanager
    def _reported(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StateError(
                f'stack "{self.stack}": {error.filename or path} cannot be written ({error.strerror}). The state '
                f"{self.state_path} is as it was at the last save; make room or give the right, and run again."
            ) from error


def _sync(folder: Path) -> None:
    """Make the names in a folder outlive a power cut, where the file system can do that."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _write_new(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE), "wb") as file:
            file.write(text.encode())
        beside.replace(path)
    except BaseException:  # a signal, too
        beside.unlink(missing_ok=True)
        raise
