"""``flireo review``: what a plan means, and whether it may go on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from flireo_iac.allow import Allowed
from flireo_iac.cli import output
from flireo_iac.errors import FlireoError, RailError, SettingsError

if TYPE_CHECKING:
    from flireo_iac.plan.model import Plan


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("review")(review)


def review(
    plan: str = typer.Option(..., "--plan", metavar="FILE", help="Document of a preview with --json; - for stdin."),
    gate: bool = typer.Option(False, "--gate", help="Exit with 5 if the plan does what has to be asked for."),
    as_json: bool = typer.Option(False, "-j", "--json", help="Print one JSON document."),
    allow: list[str] | None = typer.Option(None, "--allow", help="What is asked for. Repeatable."),
) -> None:
    """Say what a plan means: pulumi preview --json --show-sames | flireo review --plan - --gate. Sends nothing."""
    from flireo_iac.cli._costs import foreseen, settings_of, tell
    from flireo_iac.plan import text
    from flireo_iac.plan.forecast import requests_of
    from flireo_iac.plan.rails import findings
    from flireo_iac.plan.read import read_plan

    allowed = Allowed.load(os.environ, allow or [])
    read = read_plan(_content(plan), "stdin" if plan == "-" else plan)
    found = findings(read, allowed)
    cost = foreseen(requests_of(read, allowed), settings_of({}), read.seconds)
    if as_json:
        output.data_json({**text.plain(read, found), "forecast": cost.plain()})
    else:
        for line in text.steps(read):
            output.data(line)
        output.data(text.summary(read))
        tell(cost)
    _refuse_failed(read)
    if found and gate:
        raise RailError(text.refusal("review", found))
    if not as_json:
        for each in text.refusal("has to be asked for", found):
            output.note(each)


def _content(plan: str) -> str:
    try:
        return sys.stdin.read() if plan == "-" else Path(plan).read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f'read plan "{plan}": {error.strerror}. Name a file that can be read.') from None
    except UnicodeDecodeError:
        raise SettingsError(f'read plan "{plan}": is no text in UTF-8. Make it anew.') from None


def _refuse_failed(plan: Plan) -> None:
    """Refuse the plan of a preview that failed: it is not whole, so nothing can be said about the run."""
    if plan.errors:
        reasons = "\n".join(f"  {each}" for each in plan.errors)
        raise FlireoError(f"review: the preview failed, so its plan is not whole:\n{reasons}\nMend that first.")
