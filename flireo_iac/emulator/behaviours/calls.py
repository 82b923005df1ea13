"""Calls: placed, listed newest first, shown with their transcript, steered while they last.

Source: api notes, sections 4, 13, 16.19 and 16.20.
"""

from __future__ import annotations

from datetime import UTC, datetime

from flireo_iac.emulator import contract, formats
from flireo_iac.emulator.exchange import Answer, Exchange, Handler
from flireo_iac.emulator.phone import configuration, metering, placing, voice
from flireo_iac.emulator.phone.live import COLLECTION
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.resource import MAX_CALLS, page
from flireo_iac.emulator.store import Row

DEFAULT_LIMIT = 100
LATER = frozenset({"direction", "end_reason", "room_name", "recording_url"})
"""Fields that only successors answer."""
LARGE = frozenset({"messages", "analysis_result"})
"""Fields that the list of the Flireo documentation does not show."""
_EARLIER_STATUS = {"ringing": "connecting", "transferred": "ended", "insufficient-credits": "rejected"}


def shown(exchange: Exchange, row: Row) -> Row:
    """Give a call as it is answered: what only the emulator knows is left out."""
    known = contract.load().schema("Call").properties
    call = {name: row[name] for name in known if name in row}
    if exchange.successor:
        return {**call, "assistant_id": row.get("agent_id"), "assistant_name": row.get("agent_name")}
    status = _EARLIER_STATUS.get(row["status"], row["status"])
    return {name: value for name, value in call.items() if name not in LATER} | {"status": status}


def between(exchange: Exchange, rows: list[Row]) -> list[Row]:
    """Give the rows that were made from ``start_date`` until ``end_date``, newest first.

    Raises:
        RefusedError: 400, one of the two is no instant.
    """
    start, end = (_instant(exchange, name) for name in ("start_date", "end_date"))
    kept = []
    for row in reversed(rows):
        made = datetime.fromisoformat(row["created_at"])
        if (start is None or made >= start) and (end is None or made <= end):
            kept.append(row)
    return kept


def _instant(exchange: Exchange, name: str) -> datetime | None:
    text = exchange.query.get(name)
    if text is None:
        return None
    if not formats.is_date_time(text):
        raise RefusedError(400, f"{name} must be a valid date-time", param=name)
    return datetime.fromisoformat(text).astimezone(UTC)


def pagination(exchange: Exchange, rows: list[Row]) -> tuple[list[Row], Row]:
    """Give the page that was asked for, and what is said of it."""
    part = page(exchange.query, len(rows), default=DEFAULT_LIMIT, most=MAX_CALLS)
    return part.of(rows), {"total": part.total, "limit": part.limit, "offset": part.offset}


def _list(exchange: Exchange) -> Answer:
    status = exchange.query.get("status")
    known: list[str] = contract.load().schema("CallStatus").definition["enum"]
    if status is not None and status not in known:
        raise RefusedError(400, f"status must be one of {', '.join(known)}", param="status")
    calls = [shown(exchange, row) for row in between(exchange, exchange.organization.rows(COLLECTION))]
    calls, about = pagination(exchange, [call for call in calls if status in {None, call["status"]}])
    if not exchange.successor:
        calls = [{name: value for name, value in call.items() if name not in LARGE} for call in calls]
    return Answer({"calls": calls, "pagination": about})


def _read(exchange: Exchange) -> Answer:
    return Answer(shown(exchange, _find(exchange)))


def _find(exchange: Exchange) -> Row:
    row = exchange.organization.get(COLLECTION, exchange.path["id"])
    if row is None:
        raise RefusedError(404, "no such object in calls")
    return row


def _place(exchange: Exchange) -> Answer:
    given = exchange.accept()
    organization = exchange.organization
    agent, config = configuration.of_request(organization, given)
    number = configuration.number_to_call_from(organization, given.get("number_id"))
    if metering.balance(exchange.store, organization, exchange.settings) <= 0:
        raise RefusedError(402, "No minutes are left. Please top up your balance.")
    if "first_message" in given:
        config["first_message"] = given["first_message"]
    variables = voice.variables(given.get("context"))
    row = placing.place(exchange.phone, organization, given["destination"], number, agent, config, variables)
    organization.put(COLLECTION, {**row, "request": exchange.body})
    return Answer({"success": True, "call_id": row["id"], "room_name": row["room_name"], "status": "dialing"})


def _control(exchange: Exchange) -> Answer:
    row = _find(exchange)
    command = exchange.accept()
    call = exchange.phone.live.get(row["id"])
    if call is None or row["status"] != "in-progress":
        raise RefusedError(400, f"the call is {shown(exchange, row)['status']}, only one in progress takes commands")
    limit, window_s = exchange.settings.commands_per_minute, exchange.settings.window_s
    budget = exchange.phone.limiter.budget(row["id"], limit, spend=True, window_s=window_s)
    if not budget.allowed:
        text = f"Too many commands to this call. Please retry after {budget.wait_s} seconds."
        raise RefusedError(429, text, headers={"Retry-After": str(budget.wait_s)})
    exchange.phone.command(call, command)
    return Answer({"success": True, "message": "Command sent successfully"})


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return {
        ("GET", "/calls"): _list,
        ("POST", "/calls/outbound"): _place,
        ("GET", "/calls/{id}"): _read,
        ("POST", "/calls/{id}/control"): _control,
    }
