"""``flireo call``: places a call, and steers one that is in progress."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flireo_iac.cli import output
from flireo_iac.cli._options import AsJson, StackFolder, StackName
from flireo_iac.errors import CallStateError

if TYPE_CHECKING:
    from flireo_iac.client.api import FlireoApi
    from flireo_iac.client.commands import CommandResult

CallId = Annotated[str, typer.Argument(metavar="ID", help="Id of the call.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Place a call, and steer one that is in progress.", no_args_is_help=True)
    for name, command in (("place", place), ("say", say), ("inject", inject), ("transfer", transfer), ("end", end)):
        group.command(name)(command)
    app.add_typer(group, name="call")


def place(
    to: str = typer.Option(..., "--to", metavar="NUMBER", help="Number to call, such as +31201234567."),
    agent: str | None = typer.Option(None, "--agent", metavar="ITEM", help="Deployed agent that calls: item or id."),
    draft: str | None = typer.Option(
        None, "--draft", metavar="ITEM", help="Agent of the working tree that calls, deployed or not."
    ),
    number: str | None = typer.Option(
        None,
        "--number",
        metavar="ITEM",
        help="Number that the callee sees: item or id.",
        show_default="the server's choice",
    ),
    first_message: str | None = typer.Option(None, "--first-message", help="Opening line of this call."),
    context: list[str] | None = typer.Option(
        None, "--context", metavar="KEY=VALUE", help="What the agent is told; also @file.json, or a text. Repeatable."
    ),
    wait: bool = typer.Option(False, "--wait", help="Follow the call, and show what is said."),
    stack: StackName = None,
    cwd: StackFolder = None,
    yes: bool = typer.Option(False, "-y", "--yes", help="Do not ask."),
    as_json: AsJson = False,
) -> None:
    """Have an agent call somebody. It costs money, so it asks first; it is never sent twice."""
    from flireo_iac.cli._at_hand import AtHand
    from flireo_iac.cli._placing import Wanted, place_wanted

    wanted = Wanted(to, agent, draft, number, first_message, tuple(context or ()))
    place_wanted(AtHand("call place", cwd, stack), wanted, wait=wait, yes=yes, as_json=as_json)


def say(
    call_id: CallId,
    text: str = typer.Argument(help="The words."),
    end_after: bool = typer.Option(False, "--end-after", help="Hang up after them."),
    stack: StackName = None,
    cwd: StackFolder = None,
    as_json: AsJson = False,
) -> None:
    """Have the agent say something in a call that is in progress."""
    from flireo_iac.client.commands import say as send

    with _open(cwd, stack) as api:
        _look(api, f'say in call "{call_id}"', call_id, "what it is told to say is mostly not said")
        _tell(send(api, call_id, text, end_after=end_after), as_json=as_json)


def inject(
    call_id: CallId,
    text: str = typer.Argument(help="What the agent is told; the callee does not hear it."),
    respond: bool = typer.Option(False, "--respond", help="Have the agent answer at once."),
    stack: StackName = None,
    cwd: StackFolder = None,
    as_json: AsJson = False,
) -> None:
    """Tell the agent of a call something that the callee does not hear."""
    from flireo_iac.client.commands import inject as send

    with _open(cwd, stack) as api:
        _look(api, f'inject into call "{call_id}"', call_id, "what it is told is mostly not taken in")
        _tell(send(api, call_id, text, trigger_response=respond), as_json=as_json)


def transfer(
    call_id: CallId,
    destination: str = typer.Argument(help="Number such as +31201234567, or SIP URI."),
    message: str | None = typer.Option(None, "--message", help="Said before."),
    stack: StackName = None,
    cwd: StackFolder = None,
    as_json: AsJson = False,
) -> None:
    """Hand the callee over to somebody else."""
    from flireo_iac.client.commands import transfer_call

    with _open(cwd, stack) as api:
        _look(api, f'transfer call "{call_id}"', call_id, "nothing is said before the transfer")
        _tell(transfer_call(api, call_id, destination, message=message), as_json=as_json)


def end(
    call_id: CallId,
    message: str | None = typer.Option(None, "--message", help="Said before."),
    stack: StackName = None,
    cwd: StackFolder = None,
    as_json: AsJson = False,
) -> None:
    """Hang up a call that is in progress."""
    from flireo_iac.client.commands import end_call

    with _open(cwd, stack) as api:
        _tell(end_call(api, call_id, message=message), as_json=as_json)


def _open(cwd: Path | None, stack: str | None) -> FlireoApi:
    from flireo_iac.cli._at_hand import AtHand

    return AtHand("call", cwd, stack).api()


def _look(api: FlireoApi, operation: str, call_id: str, weakness: str) -> None:
    """Look at a call before it is told something: whether it takes commands, and whether its model heeds them."""
    from flireo_iac.client.calls import read_call
    from flireo_iac.client.commands import is_realtime

    call = read_call(api, call_id)
    if not call.is_in_progress:
        raise CallStateError(operation, call.status)
    is_led_by_one = is_realtime(api, call)
    if is_led_by_one:
        output.note(f"warning: a realtime model leads the call, {weakness}; only flireo call end is dependable")
    elif is_led_by_one is None:
        output.note(
            "warning: the call has no saved agent, so that it cannot be told whether a realtime model leads it. If one "
            f"does, {weakness}; only flireo call end is dependable"
        )


def _tell(result: CommandResult, *, as_json: bool) -> None:
    if as_json:
        output.data_json(result.plain())
    else:
        output.note(f"{(result.message or 'done').rstrip('.')}.")
