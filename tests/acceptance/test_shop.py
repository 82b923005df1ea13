"""The main job, with the requests it may cost."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from flireo_iac.emulator.server import Running, running
from tests.acceptance.deployment import Deployment
from tests.acceptance.shop import write_shop

COLLECTIONS = {
    "/agents": "agents",
    "/numbers": "numbers",
    "/tool-templates": "toolTemplates",
    "/analysis-templates": "analysisTemplates",
    "/sip-trunks": "trunks",
}


def test_a_stack_of_45_items_costs_what_it_has_to(deployment: Deployment) -> None:
    write_shop(deployment)

    deployment.good("preview")
    assert deployment.counts() == {}, "a preview sends nothing"

    deployment.good("up")
    counts = deployment.counts()
    assert counts.pop("POST") == 45
    assert sum(counts.values()) <= 9
    assert set(counts) == {"GET"}
    assert len(deployment.account("/agents")["agents"]) == 20

    deployment.counts()
    done = deployment.good("up", "--refresh", "--expect-no-changes", is_previewed=True)
    counts = deployment.counts()
    assert set(counts) == {"GET"}
    # pulumi starts a provider for the preview and another one for the update; each of them has to look.
    looks = 1 if deployment.engine == "local" else 2
    assert counts["GET"] <= 7 * looks, "one list a kind"
    assert "45" in done.text or "46" in done.text

    deployment.good("up", "--expect-no-changes")
    assert deployment.counts() == {}, "a run that changes nothing sends nothing"

    prompt = deployment.folder / "agents" / "desk07.md"
    prompt.write_text(prompt.read_text().replace("Be brief.", "Be very brief."))
    done = deployment.good("preview", "--diff")
    assert "Be very brief." in done.text
    assert "desk06" not in done.text
    deployment.good("up")
    # Before a write: whose account it is, whether somebody else has changed the agent, how the server spells endCall.
    assert deployment.counts() == {"GET": 3, "PATCH": 1}, "one changed line is one write"

    deployment.good("destroy")
    # The domain and the key have no id in their path: they are looked at first, so that nobody else's is deleted. Then
    # whose account it is, and which numbers and campaigns use an agent.
    assert deployment.counts() == {"DELETE": 45, "GET": 5}
    for path, key in COLLECTIONS.items():
        assert deployment.account(path)[key] == []
    assert deployment.account("/domains")["domain"] is None
    assert set(deployment.account("/byok")["byok_keys"].values()) == {None}


def test_drift_is_shown_and_undone(deployment: Deployment) -> None:
    write_shop(deployment, pairs=2)
    deployment.good("up")
    (agent, _) = deployment.account("/agents")["agents"]
    deployment.edit("agents", agent["id"], {"first_message": "Edited in the dashboard."})
    deployment.counts()

    done = deployment.run("preview", "--refresh", "--expect-no-changes")
    assert done.code == 7
    assert "first_message" in done.text
    assert set(deployment.counts()) == {"GET"}

    deployment.good("refresh")
    deployment.counts()
    deployment.good("up")
    assert deployment.counts() == {"GET": 2, "PATCH": 1}
    assert deployment.account(f"/agents/{agent['id']}")["agent"]["first_message"] == agent["first_message"]
    deployment.good("preview", "--refresh", "--expect-no-changes")


@pytest.mark.sweep
def test_an_object_that_is_gone_is_made_anew(deployment: Deployment) -> None:
    write_shop(deployment, pairs=2)
    deployment.good("up")
    (number, _) = deployment.account("/numbers")["numbers"]
    httpx.delete(f"{deployment.control_url}/objects/numbers/{number['id']}").raise_for_status()
    deployment.counts()
    deployment.good("up", "--refresh")
    counts = deployment.counts()
    assert counts["POST"] == 1
    assert "PATCH" not in counts
    deployment.good("up", "--refresh", "--expect-no-changes")


def test_a_removed_field_is_cleared_and_a_removed_item_deleted(deployment: Deployment) -> None:
    write_shop(deployment, pairs=2)
    deployment.good("up")
    deployment.counts()
    file = deployment.folder / "agents" / "desk00.yaml"
    file.write_text(file.read_text().replace("first_message: Good day, desk 0.\n", ""))
    (deployment.folder / "numbers" / "line01.yaml").unlink()
    deployment.good("up")
    assert deployment.counts() == {"GET": 2, "PATCH": 1, "DELETE": 1}
    by_name = {agent["name"]: agent for agent in deployment.account("/agents")["agents"]}
    assert by_name["Desk 0"]["first_message"] is None
    assert len(deployment.account("/numbers")["numbers"]) == 1


@pytest.mark.sweep
def test_a_trunk_cannot_be_updated_so_it_is_replaced_and_its_numbers_follow(deployment: Deployment) -> None:
    write_shop(deployment, pairs=2)
    deployment.good("up")
    (old,) = deployment.account("/sip-trunks")["trunks"]
    deployment.counts()
    file = deployment.folder / "trunks" / "carrier.yaml"
    file.write_text(file.read_text().replace("sip.example.com", "sip2.example.com"))
    deployment.good("up")
    assert deployment.counts() == {"GET": 4, "POST": 1, "PATCH": 2, "DELETE": 1}
    (new,) = deployment.account("/sip-trunks")["trunks"]
    assert new["id"] != old["id"]
    assert {number["transfer_trunk_id"] for number in deployment.account("/numbers")["numbers"]} == {new["id"]}


def test_protected_items_stay(deployment: Deployment) -> None:
    write_shop(deployment, pairs=1)
    for path in ("numbers/line00.yaml", "trunks/carrier.yaml", "byok/resend.yaml"):
        file = deployment.folder / path
        file.write_text(file.read_text().replace("protect: false\n", ""))
    deployment.good("up")
    done = deployment.run("destroy")
    assert done.code == 1
    assert "protect" in done.text
    assert len(deployment.account("/numbers")["numbers"]) == 1


def test_one_stack_and_one_state_serve_every_dialect(deployment: Deployment, tmp_path: Path) -> None:
    write_shop(deployment, pairs=2)
    agent = deployment.folder / "agents" / "desk01.yaml"
    agent.write_text(agent.read_text().replace("endCall", "end_call") + "tts_config: {provider: openai, voiceId: x}\n")

    def restarted(dialect: str) -> AbstractContextManager[Running]:
        return running(data=tmp_path / "account.json", dialect=dialect)

    def point_at(emulator: Running) -> None:
        deployment.api_url, deployment.control_url = emulator.url, emulator.control_url

    with restarted("jan2026") as emulator:
        point_at(emulator)
        deployment.good("up")
    with restarted("successor") as emulator:
        point_at(emulator)
        deployment.good("up", "--refresh", "--expect-no-changes")
        assert set(deployment.counts()) == {"GET"}
    with restarted("dec2025") as emulator:
        point_at(emulator)
        deployment.good("preview", "--refresh", "--expect-no-changes")
        assert set(deployment.counts()) == {"GET"}
        rows = {row["name"]: row for row in deployment.account("/agents")["agents"]}
    assert rows["Desk 1"]["tts_config"] == {"provider": "openai", "voice_id": "x"}
    assert [row["llm_config"]["tools"][-1]["type"] for row in rows.values()] == ["end_call", "end_call"]
