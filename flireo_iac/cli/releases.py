"""``flireo releases``: which release runs where."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from flireo_iac.cli import output
from flireo_iac.cli._choosing import EngineChoice
from flireo_iac.errors import ExitCode, FlireoError, Problem

if TYPE_CHECKING:
    from flireo_iac.stacks.releases import Pin


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("releases")(releases)


@dataclass(frozen=True)
class _Row:
    """One stack: what its pin says, and what its state says."""

    stack: str
    environment: str | None
    release: str | None
    digest: str
    commit: str | None
    date: str | None
    problem: str
    deployed: str | None = None


def releases(
    cwd: Path | None = typer.Option(
        None, "-C", "--cwd", help="Folder of the stack.", show_default="here, or the next folder above with a stack"
    ),
    live: bool = typer.Option(False, "--live", help="Also what the state of each stack says was deployed."),
    engine: EngineChoice = typer.Option(EngineChoice.AUTO, "--engine", help="Whose state to read with --live."),
    as_json: bool = typer.Option(False, "-j", "--json", help="Print one JSON document."),
) -> None:
    """List the release of every environment, from the pins in Pulumi.<env>.yaml."""
    from flireo_iac.stacks.folder import stack_folder

    folder = stack_folder(cwd)
    rows = _rows(folder)
    if live:
        rows = _with_deployed(folder, rows, engine)
    if as_json:
        output.data_json([asdict(row) for row in rows])
    else:
        _print(rows, live=live)
    for row in rows:
        if row.problem:
            output.error(row.problem)
    if any(row.problem for row in rows):
        raise typer.Exit(ExitCode.CONFIGURATION)


def _rows(folder: Path) -> list[_Row]:
    from flireo_iac.stacks.releases import working_digest
    from flireo_iac.stacks.targets import Target, read_targets

    problems: list[Problem] = []
    wrong: dict[str, str] = {}
    targets = read_targets(folder, problems)
    for each in problems:
        wrong.setdefault(each.file, str(each))
    own = working_digest(folder)

    def row(target: Target) -> _Row:
        problem = wrong.get(target.place.file, "")
        if target.pin is None:
            return _Row(target.stack, target.environment, None, own, None, None, problem)
        commit, date, why = _found(folder, target.pin)
        return _Row(target.stack, target.environment, target.pin.ref, target.pin.digest, commit, date, problem or why)

    return [row(target) for target in targets]


def _found(folder: Path, pin: Pin) -> tuple[str | None, str | None, str]:
    """Give commit and day of a release, and why it cannot be read."""
    from flireo_iac.stacks.history import History
    from flireo_iac.stacks.releases import base_of

    try:
        with base_of(folder, pin) as base:
            commit = base.revision.commit if base.revision is not None else ""
        return commit, History(folder).line("log", "-1", "--format=%cs", commit), ""
    except FlireoError as error:
        return None, None, str(error)


def _with_deployed(folder: Path, rows: list[_Row], choice: EngineChoice) -> list[_Row]:
    from flireo_iac.cli._choosing import pulumi_program
    from flireo_iac.cli._state import content_of, release_of

    program = pulumi_program(choice)
    return [replace(row, deployed=release_of(content_of(program, folder, row.stack))) for row in rows]


def _print(rows: list[_Row], *, live: bool) -> None:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ["stack", "release", "files", "commit", "date", *(["deployed"] if live else [])]:
        table.add_column(heading, no_wrap=heading != "deployed")
    for row in rows:
        shown = [row.stack, short(row.release), row.digest[:12], short(row.commit or ""), row.date or ""]
        table.add_row(*map(escape, [*shown, *([_state(row)] if live else [])]))
    output.table(table)


def short(ref: str | None) -> str:
    """Give a ref as a person reads it: a commit by its first twelve digits; no ref is the working tree."""
    if ref is None:
        return "working tree"
    return ref[:12] if re.fullmatch(r"[0-9a-f]{40,64}", ref) else ref


def _state(row: _Row) -> str:
    if row.deployed is None:
        return "-"
    ref, _, digest = row.deployed.rpartition("sha256:")
    if digest == row.digest:
        return "the same"
    return f"{short(ref.rstrip('@')) if ref else 'working tree'} ({digest[:12]})"
