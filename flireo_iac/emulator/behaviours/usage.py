"""Usage: one entry a call that was answered, newest first, and the sum of those that the dates let through.

Source: api notes, sections 4 and 13.
"""

from __future__ import annotations

from flireo_iac.emulator.behaviours.calls import between, pagination
from flireo_iac.emulator.exchange import Answer, Exchange, Handler
from flireo_iac.emulator.phone.metering import COLLECTION
from flireo_iac.emulator.store import Row

_FLIREO = ("id", "call_id", "duration_seconds", "minutes_used", "cost", "created_at")
_LATER = ("id", "duration_sec", "phone_number", "agent_name", "business_name", "call_type", "created_at")


def _shown(exchange: Exchange, row: Row) -> Row:
    if exchange.successor:
        later = {"call_type": "phone", **row, "duration_sec": row["duration_seconds"]}
        return {name: later[name] for name in _LATER if name in later}
    return {name: row[name] for name in _FLIREO if name in row}


def _list(exchange: Exchange) -> Answer:
    rows = between(exchange, exchange.organization.rows(COLLECTION))
    seconds, minutes = (sum(row[name] for row in rows) for name in ("duration_seconds", "minutes_used"))
    logs, about = pagination(exchange, rows)
    summary: Row = {"total_calls": len(rows)}
    if exchange.successor:
        summary |= {"total_duration_seconds": seconds, "total_duration_minutes": round(seconds / 60, 2)}
    else:
        summary |= {"total_minutes": minutes, "total_cost": round(sum(row["cost"] for row in rows), 2)}
    return Answer({"logs": [_shown(exchange, row) for row in logs], "pagination": about, "summary": summary})


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return {("GET", "/usage"): _list}
