"""``flireo usage``: minutes and money, by agent, number or day."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

from flireo_iac.cli import output
from flireo_iac.cli._moments import HELP, moment
from flireo_iac.cli._options import AsCsv, AsJson, StackFolder, StackName
from flireo_iac.errors import SettingsError

if TYPE_CHECKING:
    from flireo_iac.client.tally import Sum


class By(StrEnum):
    """What usage is summed up by."""

    AGENT = "agent"
    NUMBER = "number"
    DAY = "day"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("usage")(usage)


def usage(
    by: By = typer.Option(By.DAY, "--by", help="What it is summed up by; a day is one in UTC."),
    start: str | None = typer.Option(None, "--from", metavar="WHEN", help=f"From then on: {HELP}"),
    end: str | None = typer.Option(None, "--to", metavar="WHEN", help="Up to then; a date is a whole day."),
    stack: StackName = None,
    cwd: StackFolder = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show what calls have used: minutes that have begun, and what they cost."""
    from flireo_iac.cli._at_hand import AtHand
    from flireo_iac.cli._calling import print_csv
    from flireo_iac.client.tally import summed, tally, with_names
    from flireo_iac.client.usage import PRICE_A_MINUTE, read_usage

    if as_json and as_csv:
        raise SettingsError("usage: --json and --csv name two forms, expected one. Leave one out.")
    since, until = moment("--from", start), moment("--to", end, is_end=True)
    with AtHand("usage", cwd, stack).api() as api:
        found = read_usage(api, since=since, until=until)
        logs = found.logs if by is By.DAY else with_names(api, found.logs)
    sums, total = tally(logs, by.value), summed(logs)
    if as_json:
        times = {"from": since.isoformat() if since else None, "to": until.isoformat() if until else None}
        groups = [{by.value: each.name, **_plain(each)} for each in sums]
        output.data_json({**times, "groups": groups, "total": _plain(total), "is_complete": found.is_complete})
    elif as_csv:
        print_csv([by.value, "calls", "minutes", "cost"], [{by.value: each.name, **_plain(each)} for each in sums])
    else:
        _print_table(by.value, sums, total)
    if not found.is_complete:
        output.note("warning: the list does not prove that it is whole, or the server counts otherwise")
    if any(log.cost is None for log in logs):
        output.note(f"the server names no cost; counted at {PRICE_A_MINUTE} euro a minute that has begun")


def _plain(each: Sum) -> dict[str, Any]:
    return {"calls": each.calls, "minutes": each.minutes, "cost": float(each.cost)}


def _print_table(by: str, sums: tuple[Sum, ...], total: Sum) -> None:
    from rich.table import Table

    from flireo_iac.cli._calling import cell

    made = Table(box=None, pad_edge=False)
    made.add_column(by.upper(), no_wrap=True)
    for name in ("CALLS", "MINUTES", "COST (EUR)"):
        made.add_column(name, justify="right", no_wrap=True)
    for each in (*sums, total):
        group = cell("total" if each is total else each.name)
        made.add_row(group, str(each.calls), f"{each.minutes:g}", f"{each.cost:.2f}")
    output.table(made)
