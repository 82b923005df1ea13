"""``flireo validate``: everything about a stack that can be known without an engine, an account or a secret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from flireo_iac.cli import output
from flireo_iac.errors import ExitCode, SettingsError

if TYPE_CHECKING:
    from flireo_iac.errors import Problem
    from flireo_iac.lint.report import Report

Format = Literal["text", "json", "sarif", "github"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("validate")(validate)


def validate(
    cwd: Path | None = typer.Option(
        None, "-C", "--cwd", help="Folder of the stack.", show_default="here, or the next folder above with a stack"
    ),
    environment: list[str] | None = typer.Option(
        None, "-e", "--environment", help="Environment to check; default all. Repeatable."
    ),
    chosen: Format = typer.Option("text", "--format", help="text, json, sarif (2.1.0) or github (annotations)."),
    as_json: bool = typer.Option(False, "-j", "--json", help="The same as --format json."),
    fail_on: Literal["error", "warning"] = typer.Option("error", "--fail-on", help="What makes the exit code 2."),
    live: bool = typer.Option(
        False, "--live", help="Ask the account, too: voices, models, balance. Reads only; one environment at a time."
    ),
    rules: bool = typer.Option(False, "--rules", help="List all rules and stop."),
    explain: str | None = typer.Option(None, "--explain", metavar="RULE", help="Print the page of a rule and stop."),
) -> None:
    """Check the files of a stack, prompts too. Sends nothing and looks up no secret, but for --live."""
    if rules or explain is not None:
        _tell_of_rules(explain, as_json=as_json or chosen == "json")
        return
    from flireo_iac.lint.report import examine_whole
    from flireo_iac.stacks.folder import folder_above

    folder = cwd if cwd is not None else folder_above(Path())
    report = examine_whole(folder, environment)
    if live:
        from flireo_iac.cli._live import with_account

        report = with_account(report, folder, environment or [])
    match "json" if as_json else chosen:
        case "json":
            output.data_json(_document(folder, report))
        case "sarif":
            from flireo_iac.lint.sarif import sarif

            output.data_json(sarif(report.problems, report.waived))
        case "github":
            from flireo_iac.lint.annotations import annotation

            for problem in report.problems:
                output.data(annotation(problem))
            output.note(_summary(report))
        case _:
            for problem in report.problems:
                output.problem(problem)
            output.note(_summary(report))
    if _errors(report.problems) or (fail_on == "warning" and report.problems):
        raise typer.Exit(ExitCode.CONFIGURATION)


def _tell_of_rules(rule: str | None, *, as_json: bool) -> None:
    """Print one page, or the list of all rules."""
    from flireo_iac.core.check import suggestion
    from flireo_iac.rules import RULES, page_of

    if rule is None:
        if as_json:
            output.data_json([asdict(entry) for entry in RULES.values()])
        for entry in () if as_json else RULES.values():
            output.data(f"{entry.id}  {entry.severity:<7}  {entry.title}")
        return
    found = RULES.get(rule.upper())
    if found is None:
        hint = suggestion(rule.upper(), RULES) or '. "flireo validate --rules" lists them.'
        raise SettingsError(f'explain "{rule}": there is no such rule{hint}')
    if as_json:
        output.data_json(asdict(found))
    else:
        output.data(page_of(found).rstrip())


def _errors(problems: Sequence[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


def _document(folder: Path, report: Report) -> dict[str, object]:
    return {
        "folder": str(folder),
        "environments": [stack.environment for stack in report.stacks if stack.environment],
        "items": _counts(report),
        "secrets": sorted({name for stack in report.stacks for name in stack.secrets}),
        "problems": [asdict(problem) for problem in report.problems],
        "waived": [{**asdict(each.problem), "reason": each.reason} for each in report.waived],
        "is_valid": not _errors(report.problems),
    }


def _counts(report: Report) -> dict[str, int]:
    """Count the items of all environments by kind; one that several have counts once."""
    items = {key: item.kind.name for stack in report.stacks for key, item in stack.items.items()}
    return dict(Counter(items.values()))


def _summary(report: Report) -> str:
    counts = [_many(count, name.replace("_", " ")) for name, count in sorted(_counts(report).items())]
    named = [stack for stack in report.stacks if stack.environment]
    where = f" in {_many(len(named), 'environment')}" if named else ""
    severities = Counter(problem.severity for problem in report.problems)
    found = [_many(severities[severity], severity) for severity in ("error", "warning") if severities[severity]]
    waived = f", {len(report.waived)} waived" if report.waived else ""
    return f"{', '.join(counts) or 'no items'}{where}: {', '.join(found) or 'no problems'}{waived}."


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
