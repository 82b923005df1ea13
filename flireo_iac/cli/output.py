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
from typing import IO, Any, TextIO, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flireo_iac.errors import Problem

stderr = Console(stderr=True, soft_wrap=True, highlight=False)


class SteadyStream:
    """Standard output that never fails: what cannot be written any more is dropped, and the run goes on.

    A reader that has seen enough (``| head``), or a full disk, must not stop a deployment halfway.

    Args:
        stream: The real stream.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

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
            if not isinstance(problem, BrokenPipeError):
                sys.stderr.write(f"warning: standard output: {problem.strerror}; the run goes on without it.\n")
            # Whatever else writes there goes nowhere from now on, the interpreter's last flush too.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def steady_stdout() -> IO[str]:
    """Give standard output as a stream that never fails."""
    return cast(IO[str], SteadyStream(sys.stdout))


def data(text: str) -> None:
    """Print a line of data to stdout; what a file's name holds besides UTF-8 becomes escapes, which JSON reads."""
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
    sys.stdout.flush()


def data_json(value: Any) -> None:
    """Print a value as JSON to stdout, two spaces deep, Unicode as it is."""
    data(json_text(value))


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
