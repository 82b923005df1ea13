"""What a command prints: data to stdout, everything else to stderr, colour only where a person reads.

Rich decides on colour (``NO_COLOR``, ``FORCE_COLOR``, a terminal or not); nothing here wraps or cuts a line.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from flireo_iac.errors import Problem

stderr = Console(stderr=True, soft_wrap=True, highlight=False)


def data(text: str) -> None:
    """Print a line of data to stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def data_json(value: Any) -> None:
    """Print a value as JSON to stdout, two spaces deep, Unicode as it is."""
    data(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=False))


def note(text: str) -> None:
    """Print a line for the reader to stderr."""
    stderr.print(Text(text))


def error(text: str) -> None:
    """Print an error to stderr."""
    stderr.print(Text.assemble(("error: ", "bold red"), text))


def problem(found: Problem) -> None:
    """Print one problem of a stack file to stderr, place first."""
    colour = "bold red" if found.severity == "error" else "yellow"
    stderr.print(Text.assemble((f"{found.severity}: ", colour), str(found)))
