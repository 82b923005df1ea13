"""Campaigns of the emulator: stored, with a status that goes only where a user may take it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from flireo_iac.emulator.server import Running
from tests.emulator.conftest import client_of

LEAD = {"phone_number": "+31612345678"}


def made(api: httpx.Client, **more: Any) -> dict[str, Any]:
    agent = api.post("/agents", json={"name": "Caller"}).json()["agent"]
    answer = api.post("/campaigns", json={"name": "Renewals", "agent_id": agent["id"], **more})
    assert answer.status_code == 201, answer.text
    campaign: dict[str, Any] = answer.json()["campaign"]
    return campaign


def test_a_campaign_begins_as_a_draft_with_its_leads_counted(api: httpx.Client) -> None:
    campaign = made(api, status="scheduled", schedule_start_time="08:30", leads=[{"phone_number": "+31612345678"}])
    assert (campaign["status"], campaign["total_leads"]) == ("draft", 1)
    assert (campaign["schedule_start_time"], campaign["schedule_end_time"]) == ("08:30:00", "17:00:00")
    assert "leads" not in campaign
    assert api.get(f"/campaigns/{campaign['id']}").json() == {"campaign": campaign}
    assert api.get("/campaigns").json() == {"campaigns": [campaign]}
    assert api.delete(f"/campaigns/{campaign['id']}").json() == {"success": True}
    assert api.get(f"/campaigns/{campaign['id']}").status_code == 404


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (["scheduled", "paused", "scheduled", "draft"], 200),
        (["paused"], 400),
        (["completed"], 400),
        (["cancelled", "scheduled"], 400),
    ],
)
def test_a_status_follows_the_one_before(api: httpx.Client, path: list[str], code: int) -> None:
    campaign = made(api)
    answers = [api.patch(f"/campaigns/{campaign['id']}", json={"status": status}) for status in path]
    assert [answer.status_code for answer in answers] == [200] * (len(path) - 1) + [code]


def test_a_completed_campaign_is_fixed(own: Running, own_api: httpx.Client, control: httpx.Client) -> None:
    campaign = made(own_api)
    control.patch(f"/objects/campaigns/{campaign['id']}", json={"status": "completed"}).raise_for_status()
    assert own_api.patch(f"/campaigns/{campaign['id']}", json={"name": "Late"}).status_code == 400
    assert own_api.post(f"/campaigns/{campaign['id']}/leads", json=LEAD).status_code == 400


def test_an_agent_that_a_campaign_names_stays(own: Running, own_api: httpx.Client) -> None:
    campaign = made(own_api)
    assert own_api.delete(f"/agents/{campaign['agent_id']}").status_code == 409
    with client_of(own) as other:
        unknown = other.post("/campaigns", json={"name": "R", "agent_id": campaign["agent_id"]})
    assert unknown.status_code == 404
    assert own_api.delete(f"/campaigns/{campaign['id']}").status_code == 200
    assert own_api.delete(f"/agents/{campaign['agent_id']}").status_code == 200


def test_a_campaign_takes_its_agent_in_the_successors_word_too(api: httpx.Client) -> None:
    agent = api.post("/agents", json={"name": "A"}).json()["agent"]
    answer = api.post("/campaigns", json={"name": "C", "assistant_id": agent["id"]})
    assert answer.json()["campaign"]["agent_id"] == agent["id"]


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "", "../etc/passwd"])
def test_a_time_zone_that_is_none_is_refused(api: httpx.Client, zone: str) -> None:
    campaign = made(api, timezone="America/New_York")
    answer = api.patch(f"/campaigns/{campaign['id']}", json={"timezone": zone})
    assert (answer.status_code, answer.json()["param"]) == (400, "timezone")


def test_leads_are_kept_in_order_counted_and_removed(api: httpx.Client) -> None:
    first = {"phone_number": "+31612345678", "variables": {"name": "An"}}
    path = f"/campaigns/{made(api, leads=[first, {'phone_number': '+31612345679', 'name': 'Bo'}])['id']}"
    third = api.post(f"{path}/leads", json={"phone_number": "+31612345670"})
    assert third.status_code == 201
    leads = api.get(f"{path}/leads").json()["leads"]
    assert [lead["phone_number"][-1] for lead in leads] == ["8", "9", "0"]
    assert leads[2] == third.json()["lead"]
    assert leads[0] == {
        **first,
        "id": leads[0]["id"],
        "campaign_id": path.removeprefix("/campaigns/"),
        "status": "pending",
        "call_id": None,
        "attempts": 0,
        "last_attempt_at": None,
        "created_at": leads[0]["created_at"],
    }
    assert leads[1]["name"] == "Bo"
    assert api.delete(f"{path}/leads/{leads[0]['id']}").json() == {"success": True}
    assert api.delete(f"{path}/leads/{leads[0]['id']}").status_code == 404
    assert api.get(path).json()["campaign"]["total_leads"] == 2
    other = made(api)
    assert api.delete(f"/campaigns/{other['id']}/leads/{leads[1]['id']}").status_code == 404
    assert api.get(f"/campaigns/{other['id']}/leads").json() == {"leads": []}
    api.delete(path)
    assert api.get(f"{path}/leads").status_code == 404


def test_a_page_of_leads_is_answered_when_one_is_asked_for(api: httpx.Client) -> None:
    numbers = [f"+3161234{n:04}" for n in range(120)]
    path = f"/campaigns/{made(api, leads=[{'phone_number': number} for number in numbers])['id']}/leads"

    def page(**query: Any) -> tuple[list[str], dict[str, int] | None]:
        answer = api.get(path, params=query).json()
        return [lead["phone_number"] for lead in answer["leads"]], answer.get("pagination")

    assert page() == (numbers, None)
    assert page(offset=115) == (numbers[115:], {"total": 120, "limit": 100, "offset": 115})
    assert page(limit=7, offset=3) == (numbers[3:10], {"total": 120, "limit": 7, "offset": 3})
    assert page(limit=5000)[1] == {"total": 120, "limit": 1000, "offset": 0}


def test_a_lead_that_is_being_called_stays_and_so_does_its_campaign(
    own_api: httpx.Client, control: httpx.Client
) -> None:
    path = f"/campaigns/{made(own_api, leads=[LEAD])['id']}"
    (lead,) = own_api.get(f"{path}/leads").json()["leads"]
    control.patch(f"/objects/leads/{lead['id']}", json={"status": "calling"}).raise_for_status()
    assert own_api.delete(f"{path}/leads/{lead['id']}").status_code == 409
    assert own_api.delete(path).status_code == 409
    control.patch(f"/objects/leads/{lead['id']}", json={"status": "failed"})
    assert own_api.delete(path).status_code == 200


@pytest.mark.parametrize("lead", [{}, {"phone_number": "0612345678"}, {"phone_number": "+3161", "variables": {"n": 1}}])
def test_a_bad_lead_is_refused_alone_and_with_its_campaign(api: httpx.Client, lead: dict[str, Any]) -> None:
    campaign = made(api)
    assert api.post(f"/campaigns/{campaign['id']}/leads", json=lead).status_code == 400
    body = {"name": "R", "agent_id": campaign["agent_id"], "leads": [LEAD, lead]}
    answer = api.post("/campaigns", json=body)
    assert (answer.status_code, answer.json()["param"].startswith("leads[1]")) == (400, True)
    assert api.get("/campaigns").json()["campaigns"] == [api.get(f"/campaigns/{campaign['id']}").json()["campaign"]]
