"""``flireo review``: what a change or a plan means, and whether it may go on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from flireo_iac.allow import Allowed
from flireo_iac.cli._choosing import EngineChoice
from flireo_iac.errors import ExitCode, FlireoError, RailError, SettingsError

if TYPE_CHECKING:
    from flireo_iac.plan.model import Plan
    from flireo_iac.review.model import Review

_SMALLEST_COMMENT = 2_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("review")(review)


def review(
    cwd: Path | None = typer.Option(
        None, "-C", "--cwd", help="Folder of the stack.", show_default="here, or the next folder above with a stack"
    ),
    environment: list[str] | None = typer.Option(
        None, "-s", "--stack", "-e", "--environment", help="Environment; default each one it reaches. Repeatable."
    ),
    base: str | None = typer.Option(
        None,
        "--base",
        metavar="REF",
        help="What to compare with: a git ref, or a folder. Default: where the branch began.",
    ),
    plan: str | None = typer.Option(
        None, "--plan", metavar="FILE", help="Review the document of a preview with --json instead; - for stdin."
    ),
    form: str = typer.Option("text", "--format", metavar="FORMAT", help="text, md, html or json."),
    as_json: bool = typer.Option(False, "-j", "--json", help="The same as --format json."),
    target: Path | None = typer.Option(None, "-o", "--output", metavar="FILE", help="Write here, not to stdout."),
    limit: str = typer.Option("github", "--limit", help="Whose comments md has to fit: github, gitlab or azure."),
    max_chars: int | None = typer.Option(None, "--max-chars", help="The same as a number of characters."),
    link: str = typer.Option("", "--link", metavar="URL", help="Where the whole review is; stands at the end of md."),
    live: bool = typer.Option(False, "--live", help="Also read the state and the account: what it would overwrite."),
    engine: EngineChoice = typer.Option(EngineChoice.AUTO, "--engine", help="Which engine reads them."),
    gate: bool = typer.Option(False, "--gate", help="Exit with 5 if it does what has to be asked for."),
    allow: list[str] | None = typer.Option(None, "--allow", help="What is asked for. Repeatable."),
) -> None:
    """Say what a change means, per environment. Without --live it sends nothing, and needs no key, state or secret."""
    from flireo_iac.cli._reviewing import Format, Limit, one_of, review_files, show, with_account
    from flireo_iac.review.markdown import LIMITS
    from flireo_iac.stacks.folder import stack_folder

    chosen = Format.JSON if as_json else one_of(Format, form, "--format")
    most = LIMITS[one_of(Limit, limit, "--limit")] if max_chars is None else max_chars
    if most < _SMALLEST_COMMENT:
        raise SettingsError(f"--max-chars: is {most}, expected at least {_SMALLEST_COMMENT:,}. Give it more room.")
    allowed = Allowed.load(os.environ, allow or [])
    if plan is None:
        folder = stack_folder(cwd)
        found = review_files(folder, environment or [], base, allowed)
        if live:
            found = with_account(found, folder, engine)
        show(found, chosen, target, most, link)
        failed = any(each.problems for each in found.environments)
    else:
        if environment or base is not None or live:
            raise SettingsError("review: --plan has its own environment and base. Leave -s, --base and --live out.")
        read = _read(plan)
        found, more = _of_plan(read, allowed)
        show(found, chosen, target, most, link, more)
        _refuse_failed(read)
        failed = False
    _say_findings(found, gate=gate, is_told=chosen is Format.JSON)
    if failed:
        raise typer.Exit(ExitCode.CONFIGURATION)


def _say_findings(found: Review, *, gate: bool, is_told: bool) -> None:
    """Say what has to be asked for; at the gate, that ends the command."""
    from flireo_iac.cli import output
    from flireo_iac.plan.text import refusal

    where = {each.name: each.findings for each in found.environments if each.findings}
    if gate and where:
        raise RailError(
            [text for name, findings in where.items() for text in refusal(f"review {name}".strip(), findings)]
        )
    if not is_told:
        for name, findings in where.items():
            for each in refusal(f"{name}: has to be asked for" if name else "has to be asked for", findings):
                output.note(each)


def _of_plan(read: Plan, allowed: Allowed) -> tuple[Review, dict[str, object]]:
    from flireo_iac.cli._costs import foreseen, is_dialect_named, settings_of
    from flireo_iac.plan import text
    from flireo_iac.plan.forecast import requests_of, steps_of
    from flireo_iac.plan.rails import findings
    from flireo_iac.review.build import environment_review, joined
    from flireo_iac.review.mask import masked
    from flireo_iac.review.model import Review

    read = masked(read)
    asked = findings(read, allowed)
    settings = settings_of({})
    waves = requests_of(read, allowed, is_dialect_known=is_dialect_named(settings))
    cost = foreseen(waves, settings, read.seconds, steps_of(read))
    environment = environment_review("", read, asked, cost, problems=read.errors)
    reached = (environment,) if environment.items or environment.problems else ()
    return joined(Review(reached)), {**text.plain(read, asked), "forecast": cost.plain()}


def _read(plan: str) -> Plan:
    from flireo_iac.plan.read import read_plan

    try:
        content = sys.stdin.read() if plan == "-" else Path(plan).read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f'read plan "{plan}": {error.strerror}. Name a file that can be read.') from None
    except UnicodeDecodeError:
        raise SettingsError(f'read plan "{plan}": is no text in UTF-8. Make it anew.') from None
    return read_plan(content, "stdin" if plan == "-" else plan)


def _refuse_failed(plan: Plan) -> None:
    """Refuse the plan of a preview that failed: it is not whole, so nothing can be said about the run."""
    if plan.errors:
        reasons = "\n".join(f"  {each}" for each in plan.errors)
        raise FlireoError(f"review: the preview failed, so its plan is not whole:\n{reasons}\nMend that first.")
