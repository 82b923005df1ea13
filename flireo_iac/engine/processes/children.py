"""Child processes: the program and the provider, each in a session of its own.

A session of its own keeps a terminal's Ctrl-C from them. Their stdin is a pipe that nobody writes to: its end tells
them that the engine is gone.

Source: pulumi notes on the engine, sections 1, 6 and 8.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

RUNNER = Path(__file__).with_name("runner.py")
_PATIENCE_S = 5.0


class Child:
    """A child process whose lines are read.

    Args:
        command: Program and arguments.
        folder: Working directory.
        environment: All of its environment.
        on_line: Called for each line of its output, from a thread; the second argument is True for stderr.
        first_line: True keeps the first line of stdout for ``first_line`` and out of ``on_line``.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        on_line: Callable[[str, bool], None],
        first_line: bool = False,
    ) -> None:
        self._on_line = on_line
        self._first: queue.Queue[str | None] = queue.Queue()
        self._wants_first = first_line
        self._process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(error,), name=f"child-{self.pid}", daemon=True)
            for error in (False, True)
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def _read(self, error: bool) -> None:
        stream = self._process.stderr if error else self._process.stdout
        if stream is None:
            return
        wants_first = self._wants_first and not error
        for raw in stream:
            line = raw.decode("utf-8", errors="replace").rstrip("\r\n")
            if wants_first:
                self._first.put(line)
                wants_first = False
            else:
                self._on_line(line, error)
        if wants_first:
            self._first.put(None)

    def first_line(self, seconds: float) -> str | None:
        """Wait for the first line of stdout; None when there is none in time."""
        try:
            return self._first.get(timeout=seconds)
        except queue.Empty:
            return None

    def status(self) -> int | None:
        """Give the exit status; None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """Wait for its end.

        Args:
            seconds: How long at most.

        Returns:
            The exit status; None when it still runs.
        """
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        # A grandchild may hold the pipes open for longer than we want to wait.
        for reader in self._readers:
            reader.join(1.0)
        return status

    def let_go(self) -> None:
        """Close its stdin: a child of this engine ends then."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def kill(self) -> None:
        """Kill it by its pid; nothing is waited for, so that a signal handler may do this."""
        self._process.kill()

    def end(self) -> None:
        """End it by its pid, first with SIGTERM, then with SIGKILL."""
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE_S)
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE_S)  # at most: a signal may have hit a former wait, and left its lock taken
        self.let_go()
        for reader in self._readers:
            reader.join(1.0)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.close()


def child_environment(
    variables: Mapping[str, str], extra: Mapping[str, str], environment_folder: Path | None
) -> dict[str, str]:
    """Give the environment of a child.

    Args:
        variables: The engine's own environment.
        extra: What is set on top of it.
        environment_folder: Virtual environment whose programs come first on PATH; None for none.
    """
    environment = dict(variables)
    # A passphrase is the engine's business; neither child needs it.
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        environment.pop(name, None)
    if environment_folder is not None:
        environment["VIRTUAL_ENV"] = str(environment_folder)
        environment["PATH"] = os.pathsep.join([str(environment_folder / "bin"), environment.get("PATH", os.defpath)])
        environment.pop("PYTHONHOME", None)
    return environment | dict(extra)
