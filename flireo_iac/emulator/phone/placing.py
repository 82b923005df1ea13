"""How a call begins: the organization calls somebody, or somebody calls one of its numbers.

Which phone is whose in an outbound call is inferred: ``caller_phone`` is always the person, ``assistant_phone`` always
the number of the organization.
"""

from __future__ import annotations

from collections.abc import Callable

from flireo_iac.emulator.phone import metering
from flireo_iac.emulator.phone.callees import Callee
from flireo_iac.emulator.phone.live import COLLECTION, LiveCall
from flireo_iac.emulator.phone.switchboard import Switchboard
from flireo_iac.emulator.store import Organization, Row


def place(
    board: Switchboard,
    organization: Organization,
    destination: str,
    number: Row,
    agent: Row | None,
    config: Row,
    variables: dict[str, str],
    *,
    ended: Callable[[Row], None] | None = None,
) -> Row:
    """Call somebody.

    Args:
        board: Where calls go on.
        organization: Who calls.
        destination: Whom, in E.164.
        number: From which number.
        agent: The saved agent; None for one that was sent along.
        config: What speaks.
        variables: Values for its slots.
        ended: Called with the call when it is over; None when nobody needs to know.

    Returns:
        The call.
    """
    suffix = board.store.new_id().replace("-", "")
    call = LiveCall(
        board.store,
        organization,
        f"call-outbound-{suffix[:12]}",
        config,
        board.callees.of(destination),
        variables,
        ended,
    )
    about = {"direction": "outbound", "caller_phone": destination, "room_name": f"outbound-{suffix[-8:]}"}
    return board.begin(call, {**about, **_of_number(number), **_of_agent(agent)})


def ring(board: Switchboard, organization: Organization, caller: str, number: Row, callee: Callee) -> Row:
    """Have somebody call a number; without an agent or minutes the call is rejected.

    Args:
        board: Where calls go on.
        organization: Whose number.
        caller: Who calls, in E.164.
        number: The number.
        callee: What the caller does.

    Returns:
        The call.
    """
    suffix = board.store.new_id().replace("-", "")
    agent = organization.get("agents", number.get("agent_id") or "")
    call = LiveCall(board.store, organization, f"call-_{caller}_{suffix[:12]}", dict(agent or {}), callee)
    about = {"direction": "inbound", "caller_phone": caller, "room_name": f"inbound-{suffix[-8:]}"}
    row = {"id": call.id, **about, **_of_number(number), **_of_agent(agent)}
    if agent is None or not (agent.get("is_active", True) and number.get("is_active", True)):
        return _rejected(board, organization, row, "rejected", "no active agent answers this number")
    if metering.balance(board.store, organization, board.settings) <= 0:
        return _rejected(board, organization, row, "insufficient-credits", "no minutes are left")
    return board.begin(call, row)


def _rejected(board: Switchboard, organization: Organization, row: Row, status: str, error: str) -> Row:
    now = board.store.now()
    empty = dict.fromkeys(("started_at", "ended_at", "duration_seconds", "summary", "analysis_result"))
    over = {"status": status, "end_reason": "rejected", "error": error, "messages": []}
    return organization.put(COLLECTION, {**row, **empty, **over, "created_at": now, "updated_at": now})


def _of_number(number: Row) -> Row:
    phone = number["phone_number"]
    return {"number_id": number["id"], "phone_number": phone, "assistant_phone": phone}


def _of_agent(agent: Row | None) -> Row:
    agent = agent or {}
    return {"agent_id": agent.get("id"), "agent_name": agent.get("name"), "business_name": agent.get("business_name")}
