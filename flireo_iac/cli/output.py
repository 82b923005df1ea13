"""What a command prints: data to stdout, everything else to stderr, colour only where a person reads.

Rich decides on colour (``NO_COLOR``, ``FORCE_COLOR``, a terminal or not); nothing here wraps or cuts a line.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, TextIO, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flireo_iac.errors import FlireoError, Problem

stderr = Console(stderr=True, soft_wrap=True, highlight=False)


class SteadyStream:
    """A standard stream that never fails: what cannot be written any more is dropped, and the run goes on.

    A reader that has seen enough (``| head``), or a full disk, must not stop a deployment halfway.

    Args:
        stream: The real stream.
        is_told: True warns on standard error when something is dropped that a reader still waits for.
    """

    def __init__(self, stream: TextIO, *, is_told: bool = True) -> None:
        self._stream = stream
        self._is_told = is_told
        self.lost: OSError | None = None
        """Why something was dropped that a reader still waits for; None when nothing was."""

    def write(self, text: str) -> int:
        """Write as long as somebody takes it."""
        self._attempt(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Flush as long as somebody takes it."""
        self._attempt(self._stream.flush)

    def _attempt(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as problem:
            # Whatever else writes there goes nowhere from now on, the interpreter's last flush too.
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            if isinstance(problem, BrokenPipeError):
                return
            self.lost = problem
            if self._is_told:
                with suppress(OSError):  # the same full disk may be below standard error
                    sys.stderr.write(f"warning: standard output: {problem.strerror}; the run goes on without it.\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def steady_streams() -> None:
    """Let no standard stream fail from now on; one that is closed leads nowhere."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            # Else the next file that is opened would take this number, and children would write into it.
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))
    sys.stdout = cast(TextIO, SteadyStream(sys.stdout))
    sys.stderr = cast(TextIO, SteadyStream(sys.stderr, is_told=False))


def steady_stdout() -> IO[str]:
    """Give standard output as a stream that never fails."""
    return cast(IO[str], SteadyStream(sys.stdout))


def data(text: str, *, must_arrive: bool = True) -> None:
    """Print a line of data to stdout; what a file's name holds besides UTF-8 becomes escapes, which JSON reads.

    Args:
        text: The line.
        must_arrive: False where what was done counts more than what is said of it.

    Raises:
        FlireoError: Standard output cannot be written, as on a full disk; a reader that went away is no error.
    """
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
    sys.stdout.flush()
    lost = getattr(sys.stdout, "lost", None)
    if lost is not None and must_arrive:
        raise FlireoError(f"standard output: not everything could be written ({lost.strerror}).")


def data_json(value: Any, *, must_arrive: bool = True) -> None:
    """Print a value as JSON to stdout, two spaces deep, Unicode as it is; the rest is as for ``data``."""
    data(json_text(value), must_arrive=must_arrive)


def json_text(value: Any) -> str:
    """Give a value as JSON, two spaces deep, Unicode as it is."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False)


def table(made: Table) -> None:
    """Print a table of data to stdout, as wide as it is: a pipe has no width, and a terminal wraps by itself."""
    lines = io.StringIO()
    Console(file=lines, width=1_000, color_system=None).print(made)
    for line in lines.getvalue().splitlines():
        data(line.rstrip())


def width() -> int | None:
    """Give the columns of the terminal that shows the data; None where it goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def note(text: str) -> None:
    """Print a line for the reader to stderr."""
    stderr.print(Text(text))


def error(text: str) -> None:
    """Print an error to stderr."""
    stderr.print(Text.assemble(("error: ", "bold red"), text))


def problem(found: Problem) -> None:
    """Print one problem of a stack file to stderr, place first.

    On a terminal a long line is broken between words, and what follows is indented; elsewhere a problem is one line.
    """
    colour = "bold red" if found.severity == "error" else "yellow"
    text = Text.assemble((f"{found.severity}: ", colour), str(found))
    if not stderr.is_terminal or text.cell_len <= stderr.width:
        stderr.print(text)
        return
    for number, line in enumerate(text.wrap(stderr, stderr.width - 2)):
        line.rstrip()
        stderr.print(Text("  " if number else "") + line)
