"""Campaigns that run: leads are called within the hours, counted, and the campaign ends with the last one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.emulator import server
from flireo_iac.emulator.phone.dialler import is_open
from tests.emulator.conftest import client_of
from tests.emulator.world import NUMBER, World

LEADS = [{"phone_number": f"+3161000000{n}", "variables": {"name": f"N{n}"}} for n in range(7)]
ALWAYS = {"schedule_start_time": "00:00", "schedule_end_time": "23:59:59", "timezone": "UTC"}


def campaign(world: World, **more: Any) -> str:
    """A campaign of seven leads that may call at any time, once it is scheduled."""
    body = {"name": "C", "agent_id": world.agent(), "leads": LEADS, **ALWAYS, **more}
    answer = world.api.post("/campaigns", json=body)
    assert answer.status_code == 201, answer.text
    return f"/campaigns/{answer.json()['campaign']['id']}"


def schedule(world: World, path: str) -> None:
    # Not in the last second of the day, in which nobody is called.
    world.control.post("/clock", json={"to": _at(hour=12)}).raise_for_status()
    world.api.patch(path, json={"status": "scheduled"}).raise_for_status()


def _at(hour: int) -> str:
    """An instant of the day after tomorrow, so that it lies ahead."""
    day = datetime.fromtimestamp(datetime.now(UTC).timestamp() + 2 * 86_400, tz=UTC)
    return day.replace(hour=hour, minute=0, second=0).isoformat()


def statuses(world: World, path: str) -> list[str]:
    return [lead["status"] for lead in world.api.get(f"{path}/leads").json()["leads"]]


def test_leads_are_called_five_at_a_time_and_the_campaign_is_completed(world: World) -> None:
    world.control.put("/callees", json={"+31610000003": {"picks_up": "busy"}}).raise_for_status()
    path = campaign(world, system_message_template="Talk to {{name}}")
    world.advance(3600)
    assert statuses(world, path) == ["pending"] * 7, "a draft calls nobody"
    schedule(world, path)
    world.advance(1)
    assert statuses(world, path) == ["calling"] * 5 + ["pending"] * 2
    lead = world.api.get(f"{path}/leads").json()["leads"][1]
    call = world.raw(lead["call_id"])
    assert (call["phone_number"], call["caller_phone"], call["lead_id"]) == (
        NUMBER,
        LEADS[1]["phone_number"],
        lead["id"],
    )
    assert call["agent_config"]["llm_config"]["messages"][0] == {"role": "system", "content": "Talk to N1"}
    assert (lead["attempts"], lead["last_attempt_at"]) == (1, call["created_at"])
    assert world.api.delete(f"{path}/leads/{lead['id']}").status_code == 409
    world.control.post("/clock", json={"until": "quiet"}).raise_for_status()
    assert statuses(world, path) == ["completed"] * 3 + ["failed"] + ["completed"] * 3
    done = world.api.get(path).json()["campaign"]
    counters = [done[f"{name}_leads"] for name in ("total", "completed", "failed")]
    assert (done["status"], counters) == ("completed", [7, 6, 1])
    assert world.said(lead["call_id"])[0] == "a: Hi N1"
    assert world.api.patch(path, json={"status": "paused"}).status_code == 400


def test_nobody_is_called_outside_the_hours(world: World) -> None:
    path = campaign(world, schedule_start_time="14:00", schedule_end_time="15:00")
    schedule(world, path)
    world.advance(2 * 3600 - 60)
    assert statuses(world, path) == ["pending"] * 7
    world.advance(120)
    assert set(statuses(world, path)) & {"calling", "completed"}


def test_a_paused_campaign_finishes_its_calls_and_begins_no_other(world: World) -> None:
    path = campaign(world)
    schedule(world, path)
    world.advance(1)
    world.api.patch(path, json={"status": "paused"}).raise_for_status()
    world.advance(600)
    assert statuses(world, path) == ["completed"] * 5 + ["pending"] * 2
    world.api.patch(path, json={"status": "scheduled"}).raise_for_status()
    world.advance(600)
    assert world.api.get(path).json()["campaign"]["status"] == "completed"


def test_a_campaign_waits_for_minutes_and_for_a_number(world: World) -> None:
    path = campaign(world)
    world.control.put("/settings", json={"minutes_balance": 0})
    schedule(world, path)
    world.advance(600)
    world.control.put("/settings", json={"minutes_balance": 100})
    world.api.patch(f"/numbers/{world.number['id']}", json={"is_active": False})
    world.advance(600)
    assert statuses(world, path) == ["pending"] * 7
    world.api.patch(f"/numbers/{world.number['id']}", json={"is_active": True})
    world.advance(600)
    assert statuses(world, path) == ["completed"] * 7


def test_a_lead_that_was_being_called_when_the_emulator_stopped_has_failed(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with (
        server.running(data=file) as emulator,
        client_of(emulator, "fl_test_stopped") as api,
        httpx.Client(base_url=emulator.control_url) as control,
    ):
        world = World(api, control)
        path = campaign(world)
        schedule(world, path)
        world.advance(1)
    with server.running(data=file) as emulator, client_of(emulator, "fl_test_stopped") as api:
        found = [lead["status"] for lead in api.get(f"{path}/leads").json()["leads"]]
        assert found == ["failed"] * 5 + ["pending"] * 2
        assert api.get(path).json()["campaign"]["failed_leads"] == 5


@pytest.mark.parametrize(
    ("begin", "end", "zone", "is_"),
    [
        ("09:00:00", "17:00:00", "UTC", True),
        ("12:00:01", "17:00:00", "UTC", False),
        ("09:00:00", "12:00:00", "UTC", False),
        ("12:00:00", "12:00:01", "UTC", True),
        ("13:30:00", "14:30:00", "Europe/Amsterdam", True),
        ("22:00:00", "06:00:00", "UTC", False),
        ("22:00:00", "13:00:00", "UTC", True),
        ("12:00:00", "12:00:00", "UTC", False),
    ],
)
def test_hours_are_those_of_their_time_zone(begin: str, end: str, zone: str, is_: bool) -> None:
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
    hours = {"schedule_start_time": begin, "schedule_end_time": end, "timezone": zone}
    assert is_open(hours, noon) is is_
