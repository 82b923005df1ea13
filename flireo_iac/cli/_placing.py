"""Places a call as it was asked for on the command line, and follows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer

from flireo_iac.cli import output
from flireo_iac.cli._at_hand import AtHand
from flireo_iac.cli._calling import clean, context_of, line_of, lines_of
from flireo_iac.cli._choosing import ask, must_ask
from flireo_iac.client.api import FlireoApi
from flireo_iac.client.calls import PhoneCall, is_phone_number, no_number, place_call
from flireo_iac.client.commands import is_realtime_config
from flireo_iac.client.usage import PRICE_A_MINUTE
from flireo_iac.client.watching import watch_call
from flireo_iac.errors import ExitCode, SettingsError
from flireo_iac.kinds import KINDS

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ENDED_WELL = frozenset({"ended", "transferred", "completed"})


@dataclass(frozen=True)
class Wanted:
    """The call that was asked for.

    Args:
        to: Number to call.
        agent: Deployed agent, item or id; None for a draft.
        draft: Agent of the working tree, item; None for a deployed one.
        number: Number that is shown, item or id; None for the server's choice.
        first_message: Opening line; None for the agent's.
        context: What the agent is told, as it was written.
    """

    to: str
    agent: str | None
    draft: str | None
    number: str | None
    first_message: str | None
    context: tuple[str, ...]


def place_wanted(hand: AtHand, wanted: Wanted, *, wait: bool, yes: bool, as_json: bool) -> None:
    """Place a call; the command ends here when the call did not end well.

    Args:
        hand: The stack and its account.
        wanted: The call.
        wait: True follows it to its end.
        yes: True asks nobody.
        as_json: True prints one document.

    Raises:
        FlireoError: The call cannot be placed, or a person does not want it.
    """
    operation = f'place call to "{wanted.to}"'
    if not is_phone_number(wanted.to):
        raise SettingsError(no_number(operation))
    if (wanted.agent is None) == (wanted.draft is None):
        raise SettingsError(f"{operation}: --agent or --draft is needed, and not both. Give one of them.")
    context = context_of(wanted.context)
    asks = must_ask("call place", yes=yes, as_json=as_json)
    number_id = id_of(hand, "phone_number", wanted.number) if wanted.number is not None else None
    agent_id = id_of(hand, "agent", wanted.agent) if wanted.agent is not None else None
    with hand.api() as api:
        agent_config = draft_of(hand, api, wanted.draft) if wanted.draft is not None else None
        if asks:
            who = f"the draft of {wanted.draft}" if wanted.draft is not None else f"agent {wanted.agent}"
            ask(f"Call {wanted.to} with {who}? It costs money, about {PRICE_A_MINUTE} euro a minute.")
        placed = place_call(
            api,
            wanted.to,
            agent_id=agent_id,
            agent_config=agent_config,
            number_id=number_id,
            first_message=wanted.first_message,
            context=context,
        )
        if not wait:
            if as_json:
                output.data_json(placed.plain())
            else:
                output.data(clean(placed.call_id))
                output.note(f"{clean(placed.status)} {wanted.to}; look with: flireo calls show {clean(placed.call_id)}")
            return
        output.note(f"{clean(placed.status)} {wanted.to}: {clean(placed.call_id)}")
        call = _followed(api, placed.call_id, as_json=as_json)
    _finish(call, as_json=as_json)


def id_of(hand: AtHand, kind: str, name: str) -> str:
    """Give the id that a person means; an item has to be deployed.

    Args:
        hand: The stack and its state.
        kind: Name of its kind.
        name: Item or id.

    Raises:
        SettingsError: The item is not deployed.
    """
    if _UUID.fullmatch(name):
        return name
    title, stack = KINDS[kind].title, hand.target.stack
    found = hand.id_of(kind, name)
    if found is None:
        flag = " To hear an agent that is not deployed, use --draft." if kind == "agent" else ""
        raise SettingsError(
            f'{title} "{name}": it is not deployed in the stack "{stack}", an item of its state or an id was expected. '
            f"Run: flireo up --stack {stack}.{flag}"
        )
    return found


def draft_of(hand: AtHand, api: FlireoApi, name: str) -> Mapping[str, Any]:
    """Make the agent of the working tree what a call can bring along.

    Args:
        hand: The stack, its state and its secrets.
        api: The account.
        name: Item of the agent.

    Raises:
        FlireoError: It is not in the stack, or cannot be made.
    """
    from flireo_iac.stacks.drafts import Resolver, draft, item_named
    from flireo_iac.stacks.folder import read_folder
    from flireo_iac.stacks.load import resolve

    target = hand.target
    loaded = resolve(read_folder(hand.folder), target.environment)
    item = item_named(loaded, name, "agent")
    held = hand.held.get(item.key)
    saved = api.get(item.kind, held.id) if held is not None else None
    made = draft(loaded, item, Resolver(target.stack, hand.held, hand.secret), saved)
    if made.left_out:
        output.note(f"a call cannot bring along {', '.join(made.left_out)}; the draft is heard without")
    if is_realtime_config(made.config):
        output.note("a realtime model will lead the call: of the commands to it only flireo call end is dependable")
    return made.config


def _followed(api: FlireoApi, call_id: str, *, as_json: bool) -> PhoneCall:
    """Follow a call to its end, and print what is said as it is said."""
    shown, status = 0, ""
    last: PhoneCall | None = None
    try:
        for last in watch_call(api, call_id):
            if last.status != status:
                status = last.status
                output.note(clean(status))
            for said in (last.messages or ())[shown:]:
                shown += 1
                if not as_json:
                    output.data(line_of(said))
    except KeyboardInterrupt:
        if last is None or not last.is_over:
            output.note(f"the call goes on; hang up with: flireo call end {clean(call_id)}")
        raise
    if last is None:
        raise LookupError("a call that was followed was never read")
    return last


def _finish(call: PhoneCall, *, as_json: bool) -> None:
    if as_json:
        output.data_json(call.plain())
    else:
        output.data("")
        for line in lines_of(call.model_copy(update={"messages": None})):
            output.data(line)
    if call.status not in _ENDED_WELL or call.error:
        how = clean(call.error or call.status)
        output.error(f'call "{clean(call.id)}": it ended with "{how}", an answered call was expected.')
        raise typer.Exit(ExitCode.FAILED)
