"""Campaigns and their leads, on either engine: made as a draft, called once, nothing restarted unasked."""

from __future__ import annotations

import sys
from typing import Any

import httpx
import pytest

from tests.acceptance.deployment import KEY, Deployment
from tests.acceptance.test_forecast import check

CAMPAIGN = """name: Renewals
agent_id: ${{agents.{agent}.id}}
status: {status}
system_message_template: Say hello to {{{{name}}}}.
schedule_start_time: "09:30"
leads: {{file: leads.csv}}
"""
LEADS = ["+31201234501,Robin", "+31201234502,Sam", "+31201234503,Kim"]


def write(deployment: Deployment, leads: list[str], status: str = "draft", agent: str = "desk") -> None:
    deployment.write("campaigns/renewals.yaml", CAMPAIGN.format(status=status, agent=agent))
    deployment.write("campaigns/leads.csv", "\n".join(["phone_number,name", *leads, ""]))


def campaign(deployment: Deployment) -> dict[str, Any]:
    (found,) = deployment.account("/campaigns")["campaigns"]
    return dict(found)


def leads(deployment: Deployment) -> dict[str, dict[str, Any]]:
    rows = deployment.account(f"/campaigns/{campaign(deployment)['id']}/leads")["leads"]
    assert len({row["phone_number"] for row in rows}) == len(rows), "somebody would be called twice"
    return {row["phone_number"]: row for row in rows}


def sent(deployment: Deployment) -> list[str]:
    """Give the writes, in order, and empty the log."""
    own = campaign(deployment)["id"] if deployment.account("/campaigns")["campaigns"] else "?"
    found = [f"{each['method']} {each['path']}".replace(own, "ID") for each in deployment.requests()]
    deployment.counts()
    return [line for line in found if not line.startswith("GET")]


@pytest.fixture
def shop(deployment: Deployment) -> Deployment:
    """Two agents and a campaign of three leads, not deployed yet."""
    for name in ("desk", "night"):
        deployment.write(f"agents/{name}.yaml", f"name: {name}\n")
    write(deployment, LEADS)
    return deployment


def test_leads_cost_a_request_only_when_they_change(shop: Deployment) -> None:
    write(shop, LEADS, "scheduled")
    shop.good("up")
    assert sent(shop) == ["POST /agents", "POST /agents", "POST /campaigns", "PATCH /campaigns/ID"]
    assert campaign(shop)["status"] == "scheduled"
    assert {number: row["variables"] for number, row in leads(shop).items()} == {
        "+31201234501": {"name": "Robin"},
        "+31201234502": {"name": "Sam"},
        "+31201234503": {"name": "Kim"},
    }
    shop.good("up")
    shop.good("preview", "--refresh", "--expect-no-changes")
    assert sent(shop) == []

    write(shop, [*LEADS[:1], "+31201234502,Samuel", "+31201234504,Alex"], "scheduled")
    shop.good("up")
    lines = sent(shop)
    assert sorted(line.partition(" ")[0] for line in lines) == ["DELETE", "DELETE", "POST", "POST"]
    assert sorted(leads(shop)) == ["+31201234501", "+31201234502", "+31201234504"]
    assert leads(shop)["+31201234502"]["variables"] == {"name": "Samuel"}

    shop.edit("campaigns", campaign(shop)["id"], {"status": "paused"})
    shop.good("destroy")
    assert [line.partition("/")[2].partition("/")[0] for line in sent(shop)] == ["campaigns", "agents", "agents"]
    assert shop.account("/campaigns")["campaigns"] == []


@pytest.mark.sweep
def test_a_forecast_knows_what_leads_cost(shop: Deployment) -> None:
    if shop.engine == "pulumi":
        pytest.skip("the same plan, and the tests of forecasts hold both engines' plans against each other")
    many = [f"+312012345{number:02},Lead {number}" for number in range(30)]
    write(shop, many, "scheduled")
    assert check(shop, "up")[1] == 4
    write(shop, [*many[2:], "+31201234999,Late"], "scheduled")
    assert check(shop, "up") == (3, 3)  # whose account, the campaigns, and the leads of one
    check(shop, "refresh")
    shop.environ["FLIREO_ALLOW"] = "in-use:renewals"
    assert check(shop, "destroy")[1] == 3


def test_who_was_called_is_not_called_again(shop: Deployment) -> None:
    shop.good("up")
    before = leads(shop)
    for number in ("+31201234501", "+31201234502"):
        shop.edit("leads", before[number]["id"], {"status": "completed", "attempts": 1})
    shop.counts()
    shop.good("preview", "--refresh", "--expect-no-changes")

    write(shop, ["+31201234501,Robin the first", *LEADS[2:]])
    done = shop.good("up")
    assert "was called already (completed)" in done.text
    assert sent(shop) == []
    assert {number: row["id"] for number, row in leads(shop).items()} == {
        number: row["id"] for number, row in before.items()
    }
    shop.good("preview", "--refresh", "--expect-no-changes")

    write(shop, ["+31201234501,Robin the second", *LEADS[2:]])
    shop.environ["FLIREO_ALLOW"] = "call-again:renewals/+31201234501"
    shop.good("up")
    assert [line.partition(" ")[0] for line in sent(shop)] == ["DELETE", "POST"]
    assert leads(shop)["+31201234501"]["status"] == "pending"


def test_a_campaign_that_calls_is_left_alone(shop: Deployment) -> None:
    write(shop, LEADS, "scheduled")
    shop.good("up")
    shop.counts()

    write(shop, LEADS, "scheduled", agent="night")
    done = shop.run("up")
    assert done.code != 0
    assert "--allow replace:renewals" in done.text
    assert "Traceback" not in done.text
    assert sent(shop) == []

    write(shop, LEADS, "scheduled")
    (shop.folder / "campaigns" / "renewals.yaml").rename(shop.folder / "renewals.off")
    done = shop.run("up")
    assert done.code != 0
    assert "--allow in-use:renewals" in done.text
    assert sent(shop) == []
    assert campaign(shop)["status"] == "scheduled"

    (shop.folder / "renewals.off").rename(shop.folder / "campaigns" / "renewals.yaml")
    shop.good("up")  # pulumi has forgotten the leads, before it saw that their campaign stays
    assert sent(shop) == []
    shop.edit("campaigns", campaign(shop)["id"], {"status": "completed"})
    shop.counts()
    shop.good("preview", "--refresh", "--expect-no-changes")
    shop.write("campaigns/renewals.yaml", CAMPAIGN.format(status="scheduled", agent="desk") + "timezone: UTC\n")
    done = shop.run("up")
    assert done.code != 0
    assert "completed campaign is final" in done.text
    assert sent(shop) == []


@pytest.mark.sweep
def test_a_campaign_that_was_deleted_outside_is_made_anew_only_when_asked_for(shop: Deployment) -> None:
    write(shop, LEADS, "scheduled")
    shop.good("up")
    shop.edit("campaigns", campaign(shop)["id"], {"status": "draft"})
    headers = {"Authorization": f"Bearer {KEY}"}
    httpx.delete(f"{shop.api_url}/campaigns/{campaign(shop)['id']}", headers=headers).raise_for_status()
    shop.counts()
    done = shop.run("up", "--skip-preview", "--refresh")
    assert done.code != 0
    assert "deleted outside this stack" in done.text
    assert "--allow replace:renewals" in done.text
    assert sent(shop) == []
    shop.environ["FLIREO_ALLOW"] = "replace:renewals"
    shop.good("up", "--skip-preview", "--refresh")
    assert [line for line in sent(shop) if not line.startswith("DELETE")] == ["POST /campaigns", "PATCH /campaigns/ID"]
    assert sorted(leads(shop)) == ["+31201234501", "+31201234502", "+31201234503"]


def test_a_campaign_whose_file_got_another_name_calls_nobody_anew(shop: Deployment) -> None:
    shop.good("up")
    shop.counts()
    (shop.folder / "campaigns" / "renewals.yaml").rename(shop.folder / "campaigns" / "renewals-2026.yaml")
    done = shop.run("up")
    assert done.code != 0
    # Alone, the program tells nobody what its state holds, so that the campaign looks like one that was left behind.
    word = "twin" if shop.engine == "pulumi" else "replace"
    assert f"--allow {word}:renewals-2026" in done.text
    assert [line for line in sent(shop) if line.startswith("POST")] == []


@pytest.mark.sweep
def test_a_short_list_of_leads_makes_nobody_twice(shop: Deployment) -> None:
    order = {"kind": "truncated", "method": "GET", "path": "/campaigns/*/leads", "times": 9}
    httpx.post(f"{shop.control_url}/faults", json=order).raise_for_status()
    done = shop.run("up")
    assert done.code != 0
    assert "does not show as many" in done.text
    httpx.delete(f"{shop.control_url}/faults").raise_for_status()
    shop.good("up")
    assert sorted(leads(shop)) == ["+31201234501", "+31201234502", "+31201234503"]
    shop.good("preview", "--refresh", "--expect-no-changes")
    drift = shop.command(sys.executable, "-m", "flireo_iac.cli", "drift", "-s", "dev", "--engine", shop.engine)
    assert drift.code == 0, drift.text
