"""``flireo calls``: the calls of an account, and one of them with its transcript."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from flireo_iac.cli import output
from flireo_iac.cli._moments import HELP, moment
from flireo_iac.cli._options import AsCsv, AsJson, StackFolder, StackName
from flireo_iac.errors import SettingsError

if TYPE_CHECKING:
    from flireo_iac.cli._at_hand import AtHand
    from flireo_iac.client.calls import PhoneCall


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer()
    group.callback(invoke_without_command=True)(calls)
    group.command("show")(show)
    app.add_typer(group, name="calls")


def calls(
    context: typer.Context,
    status: str | None = typer.Option(
        None, "--status", help="Only calls in this status, such as ended or in-progress."
    ),
    start: str | None = typer.Option(None, "--from", metavar="WHEN", help=f"Only those from then on: {HELP}"),
    end: str | None = typer.Option(None, "--to", metavar="WHEN", help="Only those up to then; a date is a whole day."),
    agent: str | None = typer.Option(
        None, "--agent", metavar="ITEM", help="Only calls of this agent: item, id or name."
    ),
    number: str | None = typer.Option(
        None, "--number", metavar="ITEM", help="Only calls of this number: item, id or +31..."
    ),
    limit: int = typer.Option(50, "--limit", min=1, help="Calls to show."),
    every: bool = typer.Option(False, "--all", help="Show all of them, however many."),
    offset: int = typer.Option(0, "--offset", min=0, help="Calls to pass over, for the next page."),
    stack: StackName = None,
    cwd: StackFolder = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List calls, the newest first."""
    if context.invoked_subcommand is not None:
        return
    from flireo_iac.cli._at_hand import AtHand
    from flireo_iac.cli._calling import COLUMNS, print_csv, table_of
    from flireo_iac.client.calls import list_calls

    if as_json and as_csv:
        raise SettingsError("calls: --json and --csv name two forms, expected one. Leave one out.")
    hand = AtHand("calls", cwd, stack)
    since, until = moment("--from", start), moment("--to", end, is_end=True)
    keep = _filter(hand, agent, number)
    with hand.api() as api:
        found = list_calls(
            api, status=status, since=since, until=until, most=None if every else limit, offset=offset, keep=keep
        )
    if as_json:
        rows = [call.plain() for call in found.rows]
        output.data_json({"calls": rows, "total": found.total, "is_complete": found.is_complete})
        return
    if as_csv:
        print_csv(COLUMNS, [call.plain() for call in found.rows])
    elif found.rows:
        output.table(table_of(found.rows, output.width()))
    shown = f"{len(found.rows)} call{'' if len(found.rows) == 1 else 's'}"
    if every and not found.is_complete:
        output.note(f"warning: {shown}; the list does not prove that it is whole")
    elif found.is_complete or found.total is None:
        output.note(f"{shown}.")
    else:
        among = f" of {found.total}" if keep is None else f", chosen from {found.total}"
        output.note(f"{shown}{among}; more with --limit, --all or --offset {offset + len(found.rows)}.")


def _filter(hand: AtHand, agent: str | None, number: str | None) -> Callable[[PhoneCall], bool] | None:
    """Give what the server cannot filter; None for nothing."""
    if agent is None and number is None:
        return None
    agents = {agent, hand.id_of("agent", agent)} if agent is not None else set()
    numbers = {number, hand.id_of("phone_number", number)} if number is not None else set()

    def keep(call: PhoneCall) -> bool:
        is_agent = agent is None or bool(agents & {call.agent_id, call.agent_name} - {None})
        of_number = {call.number_id, call.assistant_phone, call.phone_number}
        return is_agent and (number is None or bool(numbers & of_number - {None}))

    return keep


def show(
    call_id: str = typer.Argument(metavar="ID", help="Id of the call."),
    stack: StackName = None,
    cwd: StackFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show one call: its transcript, its summary and its analysis."""
    from flireo_iac.cli._at_hand import AtHand
    from flireo_iac.cli._calling import lines_of
    from flireo_iac.client.calls import read_call

    with AtHand("calls show", cwd, stack).api() as api:
        call = read_call(api, call_id)
    if as_json:
        output.data_json(call.plain())
        return
    for line in lines_of(call):
        output.data(line)
