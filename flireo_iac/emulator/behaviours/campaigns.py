"""Campaigns: stored with their status and the number of their leads; nobody is called.

Source: api notes, sections 6, 8 and 12.
"""

from __future__ import annotations

from flireo_iac.emulator.exchange import Exchange, Handler
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.resource import Resource
from flireo_iac.emulator.store import Row

_BY_USER = {
    "draft": frozenset({"draft", "scheduled", "cancelled"}),
    "scheduled": frozenset({"scheduled", "paused", "draft", "cancelled"}),
    "paused": frozenset({"paused", "scheduled", "cancelled"}),
    "cancelled": frozenset({"cancelled"}),
}
"""From a status to those that a user may set after it."""


class Campaigns(Resource):
    """``/campaigns``."""

    collection = "campaigns"
    large = frozenset({"system_message_template"})

    def defaults(self, exchange: Exchange, given: Row) -> Row:
        """Fill what was left out; a new campaign is a draft, whatever the body says (inferred)."""
        del exchange, given
        return {
            "name": None,
            "agent_id": None,
            "status": "draft",
            "system_message_template": None,
            "schedule_start_time": "09:00:00",
            "schedule_end_time": "17:00:00",
            "timezone": "Europe/Amsterdam",
            "total_leads": 0,
            "completed_leads": 0,
            "failed_leads": 0,
        }

    def check(self, exchange: Exchange, given: Row, row: Row | None) -> None:
        """Refuse an unknown agent, and a status that does not follow the one that is stored."""
        if row is None:
            if exchange.organization.get("agents", given["agent_id"]) is None:
                raise RefusedError(404, "agent_id names no object in agents", param="agent_id")
            return
        allowed = _BY_USER.get(row["status"])
        if allowed is None:
            raise RefusedError(409, "the campaign is completed and can no longer be changed")
        if given.get("status", row["status"]) not in allowed:
            text = f"status {given['status']} does not follow {row['status']}"
            raise RefusedError(400, text, param="status")

    def filled(self, exchange: Exchange, given: Row) -> Row:
        """Write ids in lower case and times with seconds, and count leads instead of echoing them."""
        filled = dict(given)
        if "agent_id" in filled:
            filled["agent_id"] = filled["agent_id"].lower()
        for name in ("schedule_start_time", "schedule_end_time"):
            if len(filled.get(name, "")) == len("09:00"):
                filled[name] += ":00"
        leads = filled.pop("leads", None)
        if exchange.operation.method == "POST":
            filled.pop("status", None)
            filled["total_leads"] = len(leads or ())
        return filled


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return Campaigns().routes()
