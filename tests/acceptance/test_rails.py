"""What has to be asked for stops before the first write, on both engines."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flireo_iac.plan.read import read_plan
from tests.acceptance.deployment import Deployment, Run
from tests.acceptance.shop import write_shop


def flireo(deployment: Deployment, command: str, *arguments: str) -> Run:
    return deployment.command(sys.executable, "-m", "flireo_iac.cli", command, *arguments)


def up(deployment: Deployment, *flags: str) -> Run:
    """Run flireo's own up, which hands over to pulumi where that is the engine."""
    return flireo(deployment, "up", "--engine", deployment.engine, "--stack", "dev", "--yes", *flags)


def plan_file(deployment: Deployment, tmp_path: Path) -> str:
    """Make a plan as a pipeline does."""
    done = deployment.run("preview", "--json", *(["--show-sames"] if deployment.engine == "pulumi" else []))
    assert done.code == 0, done.text
    (tmp_path / "plan.json").write_text(done.stdout)
    return str(tmp_path / "plan.json")


@pytest.fixture
def shop(deployment: Deployment, deploy: Callable[[Deployment], None]) -> Deployment:
    """Four agents, four numbers, and five others, deployed."""
    write_shop(deployment, pairs=4)
    deploy(deployment)
    return deployment


def test_many_deletes_stop_with_a_list_and_the_flag(shop: Deployment, tmp_path: Path) -> None:
    for n in (2, 3):
        (shop.folder / f"numbers/line{n:02}.yaml").unlink()
        (shop.folder / f"agents/desk{n:02}.yaml").unlink()
        (shop.folder / f"agents/desk{n:02}.md").unlink()

    for flags in ((), ("--skip-preview",)):
        done = up(shop, *flags)
        assert done.code == 5, done.text
        assert "4 of the 13 resources of this stack would be deleted" in done.stderr
        assert 'agent "desk03": delete' in done.stderr
        assert "--allow many-deletes" in done.stderr
        assert shop.counts() == {}

    plan = plan_file(shop, tmp_path)
    gate = flireo(shop, "review", "--plan", plan, "--gate")
    assert (gate.code, "--allow many-deletes" in gate.stderr) == (5, True)
    assert flireo(shop, "review", "--plan", plan, "--gate", "--allow", "many-deletes").code == 0

    done = up(shop, "--skip-preview", "--allow", "many-deletes")
    assert done.code == 0, done.text
    assert shop.counts()["DELETE"] == 4


def test_another_number_has_to_be_asked_for_by_name(shop: Deployment) -> None:
    file = shop.folder / "numbers/line01.yaml"
    file.write_text(file.read_text().replace("00001", "00009"))

    done = shop.run("preview")
    assert done.code != 0
    assert 'replace phone number "line01": phone_number is another one now' in done.text
    assert "Traceback" not in done.text
    assert shop.run("up").code != 0
    assert shop.counts() == {}

    shop.environ["FLIREO_ALLOW"] = "replace:line01"
    shop.good("up")
    counts = shop.counts()
    assert (counts["POST"], counts["DELETE"]) == (1, 1)


@pytest.mark.sweep
def test_an_agent_is_not_taken_from_its_number(shop: Deployment, tmp_path: Path) -> None:
    number = shop.folder / "numbers/line01.yaml"
    number.write_text(number.read_text().replace("agent_id: ${agents.desk01.id}\n", ""))
    (shop.folder / "agents/desk01.yaml").unlink()
    (shop.folder / "agents/desk01.md").unlink()

    done = up(shop)
    assert done.code == 5, done.text
    assert 'The agent "desk01" would be deleted, and phone number "line01" uses it.' in done.stderr
    assert "--allow in-use:desk01" in done.stderr
    assert shop.counts() == {}
    plan = read_plan(Path(plan_file(shop, tmp_path)).read_text(), "plan")
    assert plan.resources == 13
    assert {step.title: step.op for step in plan.of("delete", "update")} == {
        'agent "desk01"': "delete",
        'phone number "line01"': "update",
    }


def test_a_destroy_is_asked_for_already(shop: Deployment) -> None:
    done = flireo(shop, "destroy", "--engine", shop.engine, "--stack", "dev", "--yes")
    assert done.code == 0, done.text
    assert shop.counts()["DELETE"] == 13


def test_the_gate_refuses_the_plan_of_a_preview_that_failed(shop: Deployment) -> None:
    shop.write("agents/bad.yaml", "bad: 1\n")
    done = shop.run("preview", "--json")
    assert done.code != 0
    shop.write("plan.json", done.stdout)
    gate = flireo(shop, "review", "--plan", "plan.json", "--gate")
    assert gate.code != 0
    assert 'unknown field "bad"' in gate.stderr
