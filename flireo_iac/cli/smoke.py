"""``flireo test``: scripted calls of a stack's agents, and what is expected of them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path

import typer

from flireo_iac.cli._options import AsJson, StackFolder
from flireo_iac.errors import SettingsError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("test")(smoke)


def smoke(
    names: list[str] | None = typer.Argument(None, metavar="[NAME]...", help="Tests to run; default all of tests/."),
    stack: str | None = typer.Option(None, "-s", "--stack", help="Stack whose agents are called, or its environment."),
    cwd: StackFolder = None,
    release: str | None = typer.Option(
        None, "--release", metavar="REF", help="Tests and agents of a release. Default: what the stack runs."
    ),
    changed: bool = typer.Option(False, "--changed", help="Only tests that a change touches."),
    base: str | None = typer.Option(
        None,
        "--base",
        metavar="REF",
        help="What --changed compares with: a git ref, or a folder. Default: where the branch began.",
    ),
    live: bool = typer.Option(False, "--live", help="Place real calls, which cost money, with the deployed agents."),
    to: str | None = typer.Option(None, "--to", metavar="NUMBER", help="With --live: number that answers."),
    number: str | None = typer.Option(
        None, "--number", metavar="ITEM", help="With --live: number that the callee sees.", show_default="any"
    ),
    draft: bool = typer.Option(False, "--draft", help="With --live: the agents of the working tree."),
    max_cost: str | None = typer.Option(
        None, "--max-cost", metavar="EURO", help="With --live: most that all calls may cost."
    ),
    yes: bool = typer.Option(False, "-y", "--yes", help="Place real calls without a question."),
    report: Path | None = typer.Option(None, "--junit", metavar="FILE", help="Also write a JUnit report."),
    as_json: AsJson = False,
) -> None:
    """Run the smoke tests of a stack: offline against an emulator, without a key, or with real calls."""
    from flireo_iac.cli._testing import Asked, run

    given = {"--to": to, "--number": number, "--max-cost": max_cost, "--draft": draft or None, "--yes": yes or None}
    if not live and (wrong := [name for name, value in given.items() if value is not None]):
        raise SettingsError(
            f"test: {', '.join(wrong)} go with --live, and calls are offline without it. Leave one out."
        )
    if release is not None and (live or changed):
        raise SettingsError("test: --release is of tests offline, and goes with neither --live nor --changed.")
    if base is not None and not changed:
        raise SettingsError("test: --base goes with --changed. Add it, or leave --base out.")
    if live and (to is None or max_cost is None):
        raise SettingsError("test --live: --to and --max-cost are needed: whom to call, and what it may cost.")
    asked = None
    if live and to is not None:
        from flireo_iac.cli._testing_live import Live

        asked = Live(to, number, _euros(max_cost), draft, yes)
    run(Asked(cwd, stack, tuple(names or ()), release, changed, base, asked, report, as_json))


def _euros(text: str | None) -> Decimal:
    try:
        found = Decimal(text or "")
    except InvalidOperation:
        found = Decimal(-1)
    if not (found.is_finite() and found >= 0):
        raise SettingsError(f'--max-cost: "{text}" is no amount, euro such as 2.00 were expected.')
    return found
