"""What a webhook says, in the spelling of each dialect.

Source: api notes, sections 0 and 14. What the successor's ``assistant`` holds is inferred.
"""

from __future__ import annotations

from typing import Any

from flireo_iac.emulator.options import Dialect
from flireo_iac.emulator.phone import configuration
from flireo_iac.emulator.phone.live import GOING_ON, LiveCall
from flireo_iac.emulator.store import Row

_SNAKE = {
    "phoneNumber": "phone_number",
    "toolCallList": "tool_call_list",
    "durationSeconds": "duration_seconds",
    "inboundPhoneCall": "inbound_phone_call",
    "outboundPhoneCall": "outbound_phone_call",
}


def message(call: LiveCall, event: str, dialect: Dialect, more: Row | None = None) -> Row:
    """Write the body of a webhook.

    Args:
        call: The call it is about.
        event: Such as ``status-update``.
        dialect: Its spelling.
        more: What this event says beside the common part, in camel case; None for nothing.
    """
    row = call.row
    successor = dialect == "successor"
    number: Row = {"number": row["phone_number"], "name": _number_name(call)}
    about = {
        "type": event,
        "timestamp": call.store.now(),
        "call": _call(call, row),
        "phoneNumber": {**number, "id": row["number_id"]} if successor else number,
        "customer": {"number": row["caller_phone"]},
        **_of_event(event, row),
        **(more or {}),
    }
    if successor:
        about |= _later(call, event, row)
    return {"message": about if dialect == "dec2025" else _in_snake(about)}


def _call(call: LiveCall, row: Row) -> Row:
    kind = "inboundPhoneCall" if row["direction"] == "inbound" else "outboundPhoneCall"
    realtime = configuration.is_realtime(call.agent)
    pipeline = "realtime" if realtime else "standard"
    return {"id": row["webhook_call_id"], "type": kind, "status": _status(row), "pipeline": pipeline}


def _status(row: Row) -> str:
    if row["status"] in GOING_ON:
        return str(row["status"])
    return "ended-with-error" if row["error"] else "ended"


def _of_event(event: str, row: Row) -> Row:
    if event == "end-of-call-report":
        analysis = {} if row["analysis_result"] is None else {"analysis": row["analysis_result"]}
        return {"durationSeconds": row["duration_seconds"] or 0, "summary": row["summary"], **analysis}
    if event == "status-update" and row["error"]:
        return {"error": row["error"]}
    return {}


def _later(call: LiveCall, event: str, row: Row) -> Row:
    """Give what only a successor says."""
    later: Row = {"assistant": {"id": row["agent_id"], "name": row["agent_name"]}}
    if call.agent.get("metadata") is not None:
        later["metadata"] = call.agent["metadata"]
    if row["end_reason"] is not None:
        later["end_reason"] = row["end_reason"]
    if event == "end-of-call-report":
        times = {name: row[name] for name in ("started_at", "ended_at") if row[name] is not None}
        later |= {"messages": row["messages"], **times}
    return later


def _number_name(call: LiveCall) -> Any:
    number = call.organization.get("numbers", call.row["number_id"] or "") or {}
    return number.get("name")


def _in_snake(about: Row) -> Row:
    kind = about["call"]["type"]
    about = {**about, "call": {**about["call"], "type": _SNAKE.get(kind, kind)}}
    return {_SNAKE.get(name, name): value for name, value in about.items()}
