"""Options that the commands which look at an account share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StackName = Annotated[str | None, typer.Option("-s", "--stack", help="Stack whose account it is, or its environment.")]
"""Whose account."""

StackFolder = Annotated[
    Path | None,
    typer.Option(
        "-C", "--cwd", help="Folder of the stack.", show_default="here, or the next folder above with a stack"
    ),
]
"""Where the stack is looked for."""

AsJson = Annotated[bool, typer.Option("-j", "--json", help="Print one JSON document.")]
"""Whether a program reads it."""

AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
"""Whether a spreadsheet reads it."""
