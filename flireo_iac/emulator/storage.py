"""The file that an emulator keeps its state in: read once, written whole, never half."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from flireo_iac.emulator.contract import Schema
from flireo_iac.errors import EmulatorError

_ROW = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
_STATE = Schema(
    {
        "type": "object",
        "required": ["organizations"],
        "properties": {
            "version": {"const": 1},
            "ids": {"type": "integer", "minimum": 0},
            "organizations": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": _ROW},
                },
            },
        },
    }
)


def problem(state: object) -> str | None:
    """Say why a value is not a state of an emulator; None when it is one."""
    found = _STATE.problems(state)
    return found[0][1] if found else None


class Storage:
    """One file, held by one emulator.

    Args:
        file: The file; it need not exist yet, its folder must.

    Raises:
        EmulatorError: Another emulator holds the file, or its folder is not there or not writable.
    """

    def __init__(self, file: Path) -> None:
        self.file = file.resolve()
        if not self.file.parent.is_dir():
            raise self._error(
                "its folder is not there, an existing one was expected", "Make the folder, or name another file"
            )
        self._lock = FileLock(self.file.with_name(self.file.name + ".lock"), mode=0o600)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise self._error(
                "another emulator holds this file, a file of its own was expected",
                "Stop the other one, or name another file",
            ) from None
        except OSError as error:
            raise self._error(
                f"its folder cannot be written ({error.strerror})", "Make it writable, or name another file"
            ) from None

    def read(self) -> dict[str, Any] | None:
        """Read the state; None when the file is not there yet.

        Raises:
            EmulatorError: The file cannot be read or written, or holds something else.
        """
        try:
            text = self.file.read_text(encoding="utf-8")
            # A rename would replace a read-only file all the same, and against its owner's wish.
            if not self.file.stat().st_mode & stat.S_IWUSR:
                raise self._error("the file is read-only, a writable one was expected", "Run chmod u+w on it")
            state = json.loads(text)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._error(
                f"the file cannot be read ({error.strerror})", "Correct its rights, or name another file"
            ) from None
        except ValueError as error:
            place = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
            raise self._not_a_state(f"it is not JSON{place}") from None
        wrong = problem(state)
        if wrong is not None:
            raise self._not_a_state(wrong)
        found: dict[str, Any] = state
        return found

    def write(self, text: str) -> None:
        """Put a new content in the place of the old one, in one step, readable by its owner only.

        A killed emulator leaves the old file or the new one. The disk is not forced to have it: after a power
        failure the last writes may be missing.

        Args:
            text: The whole content.

        Raises:
            EmulatorError: The disk is full or the folder is not writable.
        """
        try:
            handle, name = tempfile.mkstemp(dir=self.file.parent, prefix=f".{self.file.name}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as new:
                    new.write(text)
                Path(name).replace(self.file)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise self._error(
                f"the file cannot be written ({error.strerror})", "Make room or correct the rights"
            ) from None

    def close(self) -> None:
        """Let another emulator have the file."""
        self._lock.release()

    def _error(self, wrong: str, next_step: str) -> EmulatorError:
        return EmulatorError(f'keep emulator data "{self.file}": {wrong}. {next_step}.')

    def _not_a_state(self, wrong: str) -> EmulatorError:
        return self._error(
            f"{wrong}, a state that an emulator wrote was expected",
            "Move the file away, or put a good copy in its place",
        )
