"""Campaigns: a status that goes only where a user may take it, hours of calling, and leads that are counted.

Source: api notes, sections 6, 8 and 12.
"""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Mapping

from flireo_iac.emulator.behaviours import leads
from flireo_iac.emulator.exchange import Answer, Exchange, Handler
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
    spellings: Mapping[str, tuple[str, ...]] = {"agent_id": ("assistant_id",)}
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
        """Refuse an unknown agent or time zone, and a status that does not follow the one that is stored."""
        if "timezone" in given and not _is_zone(given["timezone"]):
            raise RefusedError(400, "timezone must be the name of an IANA time zone", param="timezone")
        if row is None:
            if exchange.organization.get("agents", given["agent_id"]) is None:
                raise RefusedError(404, "agent_id names no object in agents", param="agent_id")
            return
        allowed = _BY_USER.get(row["status"])
        if allowed is None:
            raise RefusedError(400, "the campaign is completed and can no longer be changed")
        if given.get("status", row["status"]) not in allowed:
            text = f"status {given['status']} does not follow {row['status']}"
            raise RefusedError(400, text, param="status")

    def filled(self, exchange: Exchange, given: Row) -> Row:
        """Write ids in lower case and times with seconds; a status on create is not taken."""
        filled = dict(given)
        if "agent_id" in filled:
            filled["agent_id"] = filled["agent_id"].lower()
        for name in ("schedule_start_time", "schedule_end_time"):
            if len(filled.get(name, "")) == len("09:00"):
                filled[name] += ":00"
        given_leads = filled.pop("leads", ())
        if exchange.operation.method == "POST":
            filled.pop("status", None)
            filled["total_leads"] = len(given_leads)
        return filled

    def create(self, exchange: Exchange) -> Answer:
        """Create a campaign and, in the same request, its leads, which are not echoed."""
        answer = super().create(exchange)
        for each in exchange.body.get("leads", ()):
            leads.add(exchange, answer.body["campaign"]["id"], each)
        return answer

    def before_delete(self, exchange: Exchange, row: Row) -> None:
        """Take the leads away, or refuse while one of them is being called (inferred: api notes, section 8)."""
        leads.remove_all(exchange.organization, row["id"])


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _is_zone(name: str) -> bool:
    """Say whether a time zone exists; all do on a machine that has no list of them."""
    return not _zones() or name in _zones()


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return Campaigns().routes()
