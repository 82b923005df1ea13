"""``flireo recover``: settles what runs that were cut off have left, on either engine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from flireo_iac.cli import output
from flireo_iac.cli._choosing import EngineChoice, ask, must_ask, pulumi_program
from flireo_iac.errors import ExitCode

if TYPE_CHECKING:
    from flireo_iac.cli._recovering import Recovering
    from flireo_iac.engine.unfinished import UnfinishedStack


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("recover")(recover)


def recover(
    stack: str | None = typer.Option(None, "-s", "--stack", help="Name of the stack."),
    cwd: Path = typer.Option(Path(), "-C", "--cwd", help="Folder of the stack.", show_default="here"),
    engine: EngineChoice = typer.Option(EngineChoice.AUTO, "--engine", help="Engine that the stack runs on."),
    take: list[str] | None = typer.Option(
        None, "--take", metavar="NAME=ID", help="This object is the one that a create has made. Repeatable."
    ),
    forget: list[str] | None = typer.Option(
        None, "--forget", metavar="NAME", help="Nothing that is there came of a create. Repeatable."
    ),
    yes: bool = typer.Option(False, "-y", "--yes", help="Do not ask."),
    as_json: bool = typer.Option(False, "-j", "--json", help="Print one JSON document."),
) -> None:
    """Settle what runs that were cut off have left: locks, pending creates, the journal. Reads the account only."""
    from flireo_iac.cli._recovering import Recovering
    from flireo_iac.core.choices import Choices

    choices = Choices.read(take or [], forget or [])
    found = _open(engine, cwd, stack)
    try:
        with Recovering(found, choices, lambda question: _agree(question, yes=yes, as_json=as_json)) as recovering:
            recovering.look()
            if as_json and (yes or not recovering.has_work):
                recovering.settle()
            _show(recovering, as_json=as_json)
            if recovering.has_work and not recovering.is_done:
                _agree("Do you want this to be done?", yes=yes, as_json=as_json)
                recovering.settle()
                output.note("done.")
            if recovering.questions:
                raise typer.Exit(ExitCode.RESOURCE)
    finally:
        found.close()


def _show(recovering: Recovering, *, as_json: bool) -> None:
    if as_json:
        output.data_json(recovering.document())
        return
    for line in recovering.lines():
        output.data(line)


def _agree(question: str, *, yes: bool, as_json: bool) -> None:
    if must_ask("recover", yes=yes, as_json=as_json):
        ask(question)


def _open(engine: EngineChoice, cwd: Path, stack: str | None) -> UnfinishedStack:
    program = pulumi_program(engine)
    if program is None:
        from flireo_iac.engine.unfinished_local import LocalStack

        return LocalStack(cwd, stack, lambda event: output.error(getattr(event, "text", "")))
    from flireo_iac.engine.hand_over import named_stack
    from flireo_iac.engine.unfinished_pulumi import PulumiStack

    return PulumiStack(program, cwd, named_stack(cwd, stack), os.environ)
