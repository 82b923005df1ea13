"""``flireo adopt``: existing objects into the state, without a write to the API, on either engine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from flireo_iac.cli import output
from flireo_iac.cli._choosing import EngineChoice, ask, must_ask, pulumi_program
from flireo_iac.errors import ExitCode, SettingsError

if TYPE_CHECKING:
    from flireo_iac.engine.adopting import AdoptingStack
    from flireo_iac.engine.model.events import Event


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("adopt")(adopt)


def adopt(
    items: list[str] | None = typer.Argument(
        None, metavar="[ITEM|ITEM=ID]...", help='Items, such as agents.desk or "numbers.*"; all when none is named.'
    ),
    stack: str | None = typer.Option(None, "-s", "--stack", help="Name of the stack."),
    cwd: Path = typer.Option(Path(), "-C", "--cwd", help="Folder of the stack.", show_default="here"),
    engine: EngineChoice = typer.Option(EngineChoice.AUTO, "--engine", help="Engine that the stack runs on."),
    remove: list[str] | None = typer.Option(
        None, "--remove", metavar="ITEM", help="Forget this item; its object stays as it is. Repeatable."
    ),
    yes: bool = typer.Option(False, "-y", "--yes", help="Do not ask."),
    as_json: bool = typer.Option(False, "-j", "--json", help="Print one JSON document."),
) -> None:
    """Take objects that exist into the state. Sends no write and changes no object."""
    if items and remove:
        raise SettingsError(
            "adopt: items to adopt and --remove in one command, one of the two was expected. Write --remove before "
            "each item that is to be forgotten."
        )
    found = _open(engine, cwd, stack, may_be_new=not remove)
    try:
        if remove:
            _forget(found, remove, yes=yes, as_json=as_json)
        else:
            _take(found, items or [], yes=yes, as_json=as_json)
    finally:
        found.close()


def _take(stack: AdoptingStack, items: list[str], *, yes: bool, as_json: bool) -> None:
    from flireo_iac.cli._adopting import Adopting
    from flireo_iac.core.selection import Selection

    with Adopting(stack, Selection.read("adopt", items)) as adopting:
        adopting.look()
        if as_json:
            if yes:
                adopting.settle()
            output.data_json(adopting.document())
        else:
            for line in adopting.lines():
                output.data(line)
        count = len(adopting.adopted)
        if count and not adopting.is_done:
            _agree("Do you want them to be adopted?", yes=yes, as_json=as_json)
            adopting.settle()
        if count:
            output.note(f"adopted: {count} object{'' if count == 1 else 's'}.")
        if adopting.questions:
            raise typer.Exit(ExitCode.RESOURCE)


def _forget(stack: AdoptingStack, items: list[str], *, yes: bool, as_json: bool) -> None:
    from flireo_iac.cli._forgetting import forgettable

    chosen = forgettable(stack, items)
    if not as_json:
        for key, resource in chosen.items():
            output.data(f"forget  {key}: {resource.id}, which stays in the account")
    if not (as_json and yes):
        _agree("Do you want them to be forgotten?", yes=yes, as_json=as_json)
    stack.forget([resource.urn for resource in chosen.values()])
    if as_json:
        forgotten = [{"item": key, "urn": each.urn, "id": each.id} for key, each in chosen.items()]
        output.data_json({"engine": stack.engine, "stack": stack.stack, "done": True, "forgotten": forgotten})
    output.note("forgotten. An item whose file is still there is created by the next up: take it out, or omit it.")


def _agree(question: str, *, yes: bool, as_json: bool) -> None:
    if must_ask("adopt", yes=yes, as_json=as_json):
        ask(question)


def _open(engine: EngineChoice, cwd: Path, stack: str | None, *, may_be_new: bool) -> AdoptingStack:
    def hear(event: Event) -> None:
        output.error(getattr(event, "text", ""))

    program = pulumi_program(engine)
    if program is None:
        from flireo_iac.engine.unfinished_local import LocalStack

        return LocalStack(cwd, stack, hear)
    from flireo_iac.engine.hand_over import ensure_stack, named_stack
    from flireo_iac.engine.unfinished_pulumi import PulumiStack

    name = named_stack(cwd, stack)
    if name and may_be_new:
        ensure_stack(program, cwd, name)
    return PulumiStack(program, cwd, name, os.environ, hear)
