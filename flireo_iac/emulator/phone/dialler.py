"""Running campaigns: a lead after the other is called, within the hours, until all are done.

Source: api notes, section 12. Inferred: at most five calls of a campaign at once; each lead is called once; every day
of the week counts; a campaign ends when its last lead is done, and waits while there is no number, no minutes or no
agent.
"""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, time, tzinfo

from flireo_iac.emulator.phone import configuration, metering, placing, voice
from flireo_iac.emulator.phone.switchboard import Switchboard
from flireo_iac.emulator.store import Organization, Row

AT_ONCE = 5
LOOK_S = 60.0


class Dialler:
    """Places the calls of all running campaigns.

    Args:
        board: Where calls go on.
    """

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._looks = 0
        self._asked = False
        board.before_advance = self.look

    def look(self) -> None:
        """Call whom there is to call, now and every minute from now on while a campaign runs."""
        self._asked = False
        self._looks += 1
        self._round(self._looks)

    def recover(self) -> None:
        """Have leads that another run of the emulator was calling fail."""
        for organization in self._board.store.organizations.values():
            for lead in organization.rows("leads"):
                if lead["status"] == "calling":
                    self._done(organization, lead["id"], {"started_at": None})

    def _round(self, look: int) -> None:
        if look != self._looks:
            return
        running = list(self._running())
        for organization, campaign in running:
            self._call(organization, campaign)
        if running:
            self._board.timeline.after(LOOK_S, functools.partial(self._round, look))

    def _running(self) -> Iterator[tuple[Organization, Row]]:
        for organization in self._board.store.organizations.values():
            for campaign in organization.rows("campaigns"):
                if campaign["status"] == "scheduled":
                    yield organization, campaign

    def _call(self, organization: Organization, campaign: Row) -> None:
        """Call as many leads of a campaign as may be called at once."""
        if not is_open(campaign, self._board.clock()):
            return
        leads = [lead for lead in organization.rows("leads") if lead["campaign_id"] == campaign["id"]]
        free = AT_ONCE - sum(lead["status"] == "calling" for lead in leads)
        waiting = [lead for lead in leads if lead["status"] == "pending"]
        agent = organization.get("agents", campaign["agent_id"])
        number = _number(organization, campaign)
        if agent is None or not agent.get("is_active", True) or number is None:
            return
        if metering.balance(self._board.store, organization, self._board.settings) <= 0:
            return
        for lead in waiting[: max(free, 0)]:
            self._place(organization, campaign, lead, agent, number)

    def _place(self, organization: Organization, campaign: Row, lead: Row, agent: Row, number: Row) -> None:
        variables: dict[str, str] = dict(lead["variables"])
        config = agent
        if campaign["system_message_template"]:
            told = voice.fill(campaign["system_message_template"], variables)
            config = configuration.instructed(agent, told)
        done = functools.partial(self._done, organization, lead["id"])
        row = placing.place(
            self._board, organization, lead["phone_number"], number, agent, config, variables, ended=done
        )
        attempt = {"attempts": lead["attempts"] + 1, "last_attempt_at": self._board.store.now()}
        organization.put("leads", {**lead, "status": "calling", "call_id": row["id"], **attempt})
        organization.put("calls", {**row, "lead_id": lead["id"], "campaign_id": campaign["id"]})

    def _done(self, organization: Organization, lead_id: str, call: Row) -> None:
        """Count a lead that was called, and end the campaign with its last one."""
        lead = organization.get("leads", lead_id)
        campaign = organization.get("campaigns", lead["campaign_id"]) if lead else None
        if lead is None or campaign is None:
            return
        result = "failed" if call["started_at"] is None else "completed"
        organization.put("leads", {**lead, "status": result})
        counter = f"{result}_leads"
        organization.put("campaigns", {**campaign, counter: campaign[counter] + 1})
        self._finish(organization, campaign["id"])
        if not self._asked:
            self._asked = True
            self._board.timeline.after(0, self.look)

    def _finish(self, organization: Organization, campaign_id: str) -> None:
        campaign = organization.get("campaigns", campaign_id) or {}
        open_leads = any(
            lead["campaign_id"] == campaign_id and lead["status"] in {"pending", "calling"}
            for lead in organization.rows("leads")
        )
        if campaign["status"] == "scheduled" and not open_leads:
            now = self._board.store.now(after=campaign["updated_at"])
            organization.put("campaigns", {**campaign, "status": "completed", "updated_at": now})


def is_open(campaign: Row, moment: float) -> bool:
    """Say whether a campaign calls at a moment; hours that end before they begin go over midnight.

    Args:
        campaign: Its hours and their time zone.
        moment: Unix time.
    """
    begin, end = (time.fromisoformat(campaign[f"schedule_{edge}_time"]) for edge in ("start", "end"))
    there = datetime.fromtimestamp(moment, tz=_zone(campaign["timezone"])).time()
    return begin <= there < end if begin <= end else there >= begin or there < end


def _zone(name: str) -> tzinfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _number(organization: Organization, campaign: Row) -> Row | None:
    """Give the number to call from: one of the campaign's agent, else any that is active; None without one."""
    active = [row for row in organization.rows("numbers") if row.get("is_active", True)]
    own = [row for row in active if row.get("agent_id") == campaign["agent_id"]]
    return next(iter(own + active), None)
