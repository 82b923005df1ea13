"""``flireo pull``: the account as stack files."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from flireo_iac.cli._choosing import ask, must_ask
from flireo_iac.errors import ExitCode, SettingsError

if TYPE_CHECKING:
    from flireo_iac.pull.result import Pulled


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("pull")(pull)


def pull(
    cwd: Path | None = typer.Option(
        None, "-C", "--cwd", help="Folder of the stack.", show_default="here, or the next folder above with a stack"
    ),
    into: Path | None = typer.Option(None, "--into", metavar="DIR", help="Folder to write into, a new one too."),
    stack: str | None = typer.Option(
        None, "-s", "--stack", help="Stack, and its environment; the only one, or dev for a new folder."
    ),
    only: list[str] | None = typer.Option(
        None, "--only", metavar="ITEM", help='Items to write, such as agents.receptionist or "agents.*". Repeatable.'
    ),
    add_fields: bool = typer.Option(
        False, "--add-fields", help="Write fields, too, that the file of an item does not name."
    ),
    diff: bool = typer.Option(False, "--diff", help="Show every changed line."),
    yes: bool = typer.Option(False, "-y", "--yes", help="Do not ask."),
    as_json: bool = typer.Option(False, "-j", "--json", help="Print one JSON document."),
) -> None:
    """Read the account into stack files. Sends no write; shows what it would write before it does."""
    from flireo_iac.cli import output
    from flireo_iac.cli._pulling import document, lines, pulled

    if cwd is not None and into is not None:
        raise SettingsError("pull: --cwd and --into name two folders, expected one. Leave one out.")
    found = pulled(cwd if cwd is not None else into, stack, tuple(only or ()), is_adding=add_fields)
    if not as_json:
        for line in lines(found, is_whole=diff):
            output.data(line)
    else:
        output.data_json(document(found, is_written=yes))
    _write(found, yes=yes, as_json=as_json)
    if found.by_hand:
        raise typer.Exit(ExitCode.DIFFERENCES)


def _write(found: Pulled, *, yes: bool, as_json: bool) -> None:
    from flireo_iac.cli import output

    if not found.changes:
        return
    if must_ask("pull", yes=yes, as_json=as_json):
        ask("Do you want these files to be written?")
    found.write()
    output.note(f"written: {len(found.changes)} file{'' if len(found.changes) == 1 else 's'}.")
    if found.has_new_items:
        place = [] if found.folder.samefile(Path.cwd()) else ["-C", os.path.relpath(found.folder)]
        adopt = shlex.join(["flireo", "adopt", *place, "-s", found.stack])
        first = "supply the secrets above, then take" if found.needed else "take"
        output.note(f"next: {first} the objects into the state, without a write: {adopt}")
