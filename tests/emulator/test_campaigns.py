"""Campaigns of the emulator: stored, with a status that goes only where a user may take it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from flireo_iac.emulator.server import Running
from tests.emulator.conftest import client_of


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
    assert own_api.patch(f"/campaigns/{campaign['id']}", json={"name": "Late"}).status_code == 409


def test_an_agent_that_a_campaign_names_stays(own: Running, own_api: httpx.Client) -> None:
    campaign = made(own_api)
    assert own_api.delete(f"/agents/{campaign['agent_id']}").status_code == 409
    with client_of(own) as other:
        unknown = other.post("/campaigns", json={"name": "R", "agent_id": campaign["agent_id"]})
    assert unknown.status_code == 404
    assert own_api.delete(f"/campaigns/{campaign['id']}").status_code == 200
    assert own_api.delete(f"/agents/{campaign['agent_id']}").status_code == 200
