"""``flireo init``: a stack to start from."""

from __future__ import annotations

from pathlib import Path

import typer

from flireo_iac.cli import output


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    folder: Path = typer.Argument(..., metavar="DIR", help="Folder to make; it has to be new or empty."),
    empty: bool = typer.Option(False, "--empty", help="Write the frame only: project, program, environments, checks."),
) -> None:
    """Write a small working stack to start from."""
    from flireo_iac.stacks.init import write_stack

    for path in write_stack(folder, is_empty=empty):
        output.data(str(folder / path))
    output.note("")
    output.note("Next:")
    output.note(f"  cd {folder}")
    output.note("  flireo validate                 check the files")
    output.note("  flireo emulator                 the API on this machine, to try it without an account")
    output.note("  flireo up --stack dev           deploy; README.md says what to set before")
