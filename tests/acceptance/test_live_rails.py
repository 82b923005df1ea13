"""What an update and a delete look at first: what somebody else changed, and who still uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.acceptance.deployment import KEY, Deployment

AGENT = """name: Desk
first_message: Good day.
llm_config:
  provider: openai
  model: gpt-4o-mini
  prompt: desk.md
"""


def write_desk(deployment: Deployment, prompt: str = "You answer.", greeting: str = "Good day.") -> None:
    deployment.write("agents/desk.yaml", AGENT.replace("Good day.", greeting))
    deployment.write("agents/desk.md", f"{prompt}\n")


@pytest.fixture
def desk(deployment: Deployment, deploy: Callable[[Deployment], None]) -> Deployment:
    """A stack with one agent that is up."""
    write_desk(deployment)
    deploy(deployment)
    return deployment


def agent(deployment: Deployment) -> dict[str, Any]:
    (found,) = deployment.account("/agents")["agents"]
    assert isinstance(found, dict)
    return found


def edit_prompt(deployment: Deployment, words: str) -> None:
    """Change the prompt as the dashboard does."""
    held = agent(deployment)
    block = {**held["llm_config"], "messages": [{"role": "system", "content": words}]}
    deployment.edit("agents", held["id"], {"llm_config": block})
    deployment.counts()


def test_a_prompt_that_somebody_else_changed_is_not_overwritten(desk: Deployment) -> None:
    edit_prompt(desk, "canary of the dashboard")
    write_desk(desk, prompt="You answer briefly.")
    done = desk.run("up")
    assert done.code != 0
    assert "llm_config.messages[0].content changed outside this stack" in done.text
    assert "onConflict" in done.text
    assert "canary of the dashboard" not in done.text
    assert "PATCH" not in desk.counts()
    assert agent(desk)["llm_config"]["messages"][0]["content"] == "canary of the dashboard"

    desk.environ["FLIREO_ON_CONFLICT"] = "overwrite"
    done = desk.good("up")
    assert "overwritten: llm_config.messages[0].content" in done.text
    assert desk.counts()["PATCH"] == 1
    assert agent(desk)["llm_config"]["messages"][0]["content"].strip() == "You answer briefly."
    desk.good("preview", "--refresh", "--expect-no-changes")


@pytest.mark.sweep
def test_after_a_refresh_has_shown_the_change_it_is_overwritten(desk: Deployment) -> None:
    edit_prompt(desk, "Words of the dashboard.")
    write_desk(desk, prompt="You answer briefly.")
    desk.good("up", "--refresh")
    assert agent(desk)["llm_config"]["messages"][0]["content"].strip() == "You answer briefly."


@pytest.mark.sweep
def test_other_fields_are_overwritten_with_a_warning_unless_the_stack_says_stop(desk: Deployment) -> None:
    held = agent(desk)
    desk.edit("agents", held["id"], {"first_message": "Hello from the dashboard."})
    write_desk(desk, greeting="Good evening.")
    desk.environ["FLIREO_ON_CONFLICT"] = "stop"
    assert "first_message changed outside this stack" in desk.run("up").text
    del desk.environ["FLIREO_ON_CONFLICT"]
    done = desk.good("up")
    assert "changed outside this stack, and overwritten: first_message" in done.text
    assert agent(desk)["first_message"] == "Good evening."


@pytest.mark.sweep
def test_what_is_there_already_is_not_sent(desk: Deployment) -> None:
    edit_prompt(desk, "You answer briefly.\n")
    write_desk(desk, prompt="You answer briefly.")
    desk.counts()
    desk.good("up")
    assert set(desk.counts()) == {"GET"}
    desk.good("preview", "--refresh", "--expect-no-changes")


def test_an_update_whose_answer_never_came_is_no_conflict(desk: Deployment) -> None:
    write_desk(desk, prompt="You answer briefly.")
    order = {"method": "PATCH", "kind": "status:400-after-commit"}
    httpx.post(f"{desk.control_url}/faults", json=order).raise_for_status()
    assert desk.run("up").code != 0
    desk.counts()
    desk.good("up")
    assert set(desk.counts()) == {"GET"}
    assert agent(desk)["llm_config"]["messages"][0]["content"].strip() == "You answer briefly."


def post(deployment: Deployment, path: str, body: dict[str, Any]) -> str:
    answer = httpx.post(f"{deployment.api_url}{path}", json=body, headers={"Authorization": f"Bearer {KEY}"})
    answer.raise_for_status()
    (made,) = answer.json().values()
    return str(made["id"])


def patch(deployment: Deployment, path: str, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    httpx.patch(f"{deployment.api_url}{path}", json=body, headers=headers).raise_for_status()


def test_an_agent_that_a_number_answers_with_is_not_deleted(desk: Deployment) -> None:
    held = agent(desk)["id"]
    number = post(desk, "/numbers", {"phone_number": "+31201234567", "agent_id": held})
    desk.counts()
    done = desk.run("destroy")
    assert done.code != 0
    assert 'phone number "+31201234567"' in done.text
    assert "--allow in-use:desk" in done.text
    assert set(desk.counts()) == {"GET"}
    patch(desk, f"/numbers/{number}", {"is_active": False})
    desk.good("destroy")


def test_an_agent_that_a_campaign_calls_with_is_not_deleted(desk: Deployment) -> None:
    campaign = post(desk, "/campaigns", {"name": "Renewals", "agent_id": agent(desk)["id"]})
    patch(desk, f"/campaigns/{campaign}", {"status": "scheduled"})
    desk.counts()
    (desk.folder / "agents" / "desk.yaml").unlink()
    desk.write("agents/other.yaml", "name: Other\n")
    done = desk.run("up")
    assert done.code != 0
    assert 'campaign "Renewals"' in done.text
    assert "DELETE" not in desk.counts()
    headers = {"Authorization": f"Bearer {KEY}"}
    httpx.delete(f"{desk.api_url}/campaigns/{campaign}", headers=headers).raise_for_status()
    desk.good("up")


def test_what_is_in_use_can_be_deleted_when_it_is_named(desk: Deployment) -> None:
    post(desk, "/numbers", {"phone_number": "+31201234567", "agent_id": agent(desk)["id"]})
    desk.environ["FLIREO_ALLOW"] = "in-use:other"
    assert desk.run("destroy").code != 0
    desk.environ["FLIREO_ALLOW"] = "in-use:de*"
    desk.good("destroy")


@pytest.mark.sweep
def test_a_number_that_goes_elsewhere_in_the_same_run_is_no_hindrance(desk: Deployment) -> None:
    desk.write("numbers/main.yaml", 'phone_number: "+31201234567"\nagent_id: ${agents.desk.id}\nprotect: false\n')
    desk.good("up")
    (desk.folder / "agents" / "desk.yaml").unlink()
    desk.write("agents/other.yaml", "name: Other\n")
    desk.write("numbers/main.yaml", 'phone_number: "+31201234567"\nagent_id: ${agents.other.id}\nprotect: false\n')
    desk.good("up")
    desk.good("destroy")
    assert desk.account("/agents")["agents"] == []
