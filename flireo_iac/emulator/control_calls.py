"""Control routes of calls: the clock, who answers, what is going on, and calls that come in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from flireo_iac.emulator import contract, control_view, formats
from flireo_iac.emulator.behaviours import calls as api_calls
from flireo_iac.emulator.contract import Schema
from flireo_iac.emulator.control_view import need
from flireo_iac.emulator.exchange import Exchange
from flireo_iac.emulator.phone import callees, placing
from flireo_iac.emulator.phone.live import COLLECTION
from flireo_iac.emulator.phone.switchboard import Switchboard
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.store import Organization, Row

MOST_S = 366 * 86_400
QUIET_S = 86_400
_CLOCK = Schema(
    {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {
            "advance_s": {"type": "number", "minimum": 0, "maximum": MOST_S},
            "to": {"type": "string"},
            "until": {"enum": ["quiet"]},
        },
    }
)
_E164 = {"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$"}
_INBOUND = Schema(
    {
        "type": "object",
        "required": ["from", "to"],
        "additionalProperties": False,
        "properties": {"from": _E164, "to": _E164, "caller": callees.SCHEMA},
    }
)
_COMMAND = "/calls/{id}/control"
_CALLEE = Schema(callees.SCHEMA)
_CALLEES = Schema(callees.ALL_SCHEMA)


class CallControl:
    """The actions; each takes the request and its JSON body, and gives a status and a JSON value.

    Args:
        phone: The calls.
    """

    def __init__(self, phone: Switchboard) -> None:
        self._phone = phone
        self._store = phone.store

    def clock(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Say what time it is."""
        del request, sent
        phone = self._phone
        return 200, {
            "now": self._store.now(),
            "clock": phone.settings.clock,
            "ahead_s": round(phone.clock.ahead_s, 3),
            "live_calls": len(phone.live),
        }

    async def move_clock(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Let time pass, with all that happens in it, webhooks included."""
        need(_CLOCK, sent)
        if "until" in sent:
            await self._phone.advance_until_quiet(QUIET_S)
        else:
            await self._phone.advance(sent["advance_s"] if "advance_s" in sent else self._seconds_to(sent["to"]))
        return self.clock(request, None)

    def _seconds_to(self, moment: str) -> float:
        if not formats.is_date_time(moment):
            raise RefusedError(400, "to must be a valid date-time", param="to")
        seconds = datetime.fromisoformat(moment).astimezone(UTC).timestamp() - self._phone.clock()
        if not 0 <= seconds <= MOST_S:
            raise RefusedError(400, "to must be later than now, and within a year", param="to")
        return seconds

    def callees(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Say who answers."""
        del request, sent
        return 200, {"callees": self._phone.callees.scripts}

    def set_callees(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Put all callees in the place of those before."""
        need(_CALLEES, sent)
        self._phone.callees.scripts = sent
        return self.callees(request, None)

    def clear_callees(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Forget all callees."""
        del sent
        return self.set_callees(request, {})

    def set_callee(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Say who answers at one number, or at all others."""
        need(_CALLEE, sent)
        return self.set_callees(request, {**self._phone.callees.scripts, request.path_params["number"]: sent})

    def clear_callee(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Forget one callee."""
        del sent
        if self._phone.callees.scripts.pop(request.path_params["number"], None) is None:
            raise RefusedError(404, "no callee has this number")
        return self.callees(request, None)

    def calls(self, request: Request, sent: Any) -> tuple[int, Any]:
        """List the calls that are not done with, or with ``?all=true`` every call, newest first."""
        del sent
        every = request.query_params.get("all") == "true"
        found = [
            self._described(organization, row)
            for organization in control_view.organizations(request, self._store)
            for row in organization.rows(COLLECTION)
            if every or row["id"] in self._phone.live
        ]
        found.sort(key=lambda call: str(call["created_at"]), reverse=True)
        return 200, {"calls": [control_view.shown(request, call) for call in control_view.first(request, found)]}

    def call(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Show one call, with what only the emulator knows of it."""
        del sent
        return 200, {"call": control_view.shown(request, self._described(*self._find(request)))}

    def command(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Steer a call as the API does, whoever it belongs to."""
        organization, row = self._find(request)
        handler = api_calls.routes()["POST", _COMMAND]
        operation = next(each for each in contract.load().operations if (each.method, each.path) == ("POST", _COMMAND))
        phone = self._phone
        answer = handler(
            Exchange(operation, organization, self._store, phone.settings, phone, {"id": row["id"]}, body=sent)
        )
        self._store.save()
        return 200, answer.body

    def _find(self, request: Request) -> tuple[Organization, Row]:
        for organization in control_view.organizations(request, self._store):
            row = organization.get(COLLECTION, request.path_params["id"])
            if row is not None:
                return organization, row
        raise RefusedError(404, "no such call")

    def ring(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Have somebody call a number."""
        need(_INBOUND, sent)
        for organization in control_view.organizations(request, self._store):
            for number in organization.rows("numbers"):
                if number["phone_number"] == sent["to"]:
                    given = sent.get("caller")
                    callee = self._phone.callees.of(sent["from"]) if given is None else callees.read(given)
                    row = placing.ring(self._phone, organization, sent["from"], number, callee)
                    self._store.save()
                    return 201, {"call": self._described(organization, row)}
        raise RefusedError(404, "to is not a registered number", param="to")

    def _described(self, organization: Organization, row: Row) -> Row:
        live = self._phone.live.get(row["id"])
        since = None if live is None or live.answered_at is None else self._phone.timeline.now - live.answered_at
        return {**row, "organization_id": organization.id, "live": live is not None, "talking_s": since}
