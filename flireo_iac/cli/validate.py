"""``flireo validate``: everything about a stack that can be known without an engine, an account or a secret."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from flireo_iac.cli import output
from flireo_iac.errors import ExitCode

if TYPE_CHECKING:
    from flireo_iac.errors import Problem
    from flireo_iac.stacks.load import LoadedStack


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("validate")(validate)


def validate(
    cwd: Path = typer.Option(Path(), "-C", "--cwd", help="Folder of the stack.", show_default="here"),
    environment: list[str] | None = typer.Option(
        None, "-e", "--environment", help="Environment to check; default all. Repeatable."
    ),
    as_json: bool = typer.Option(False, "-j", "--json", help="Print one JSON document."),
) -> None:
    """Check the files of a stack, prompts too. Sends nothing and looks up no secret."""
    from flireo_iac.stacks.load import examine

    stacks, problems = examine(cwd, environment)
    errors = [problem for problem in problems if problem.severity == "error"]
    if as_json:
        output.data_json(
            {
                "folder": str(cwd),
                "environments": [stack.environment for stack in stacks if stack.environment],
                "items": _counts(stacks),
                "secrets": sorted({name for stack in stacks for name in stack.secrets}),
                "problems": [asdict(problem) for problem in problems],
                "is_valid": not errors,
            }
        )
    else:
        for problem in problems:
            output.problem(problem)
        output.note(_summary(stacks, problems))
    if errors:
        raise typer.Exit(ExitCode.CONFIGURATION)


def _counts(stacks: list[LoadedStack]) -> dict[str, int]:
    """Count the items of all environments by kind; one that several have counts once."""
    items = {key: item.kind.name for stack in stacks for key, item in stack.items.items()}
    return dict(Counter(items.values()))


def _summary(stacks: list[LoadedStack], problems: list[Problem]) -> str:
    counts = [_many(count, name.replace("_", " ")) for name, count in sorted(_counts(stacks).items())]
    named = [stack for stack in stacks if stack.environment]
    where = f" in {_many(len(named), 'environment')}" if named else ""
    severities = Counter(problem.severity for problem in problems)
    found = [_many(severities[severity], severity) for severity in ("error", "warning") if severities[severity]]
    return f"{', '.join(counts) or 'no items'}{where}: {', '.join(found) or 'no problems'}."


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
