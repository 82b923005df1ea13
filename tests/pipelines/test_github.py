"""The workflows for GitHub: their steps are run as they stand, from a pull request to drift."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
import yaml

from flireo_iac.emulator.server import running
from tests.pipelines.world import PIPELINES, SECRETS, GitHub, World

WORKFLOWS = {file.stem: yaml.safe_load(file.read_text()) for file in (PIPELINES / "github").glob("*.yml")}


def test_a_change_goes_from_a_pull_request_to_staging(tmp_path: Path) -> None:
    with running() as emulator:
        world = World(tmp_path, emulator.url)
        before = world.person.git("rev-parse", "HEAD")
        merged = world.push("Change", "topic", **{"stacks/agents/desk.md": "You answer. Never promise a day.\n"})

        request = {"github.event.pull_request.number": "3", "github.event.pull_request.base.sha": before}
        review = GitHub(world, "review", request)
        review.job("review", "topic", GITHUB_BASE_REF="main")
        for _ in range(2):
            review.job("comment")
        (comment,) = world.forge("comments")  # the second one edited the first
        assert "<del>price</del>" in comment["body"]
        assert "(https://github.example.com/example/voice/actions/runs/1)" in comment["body"]

        world.person.git("push", "-q", "origin", "HEAD:main")
        deploy(world, before, only="dev")

        promotion = GitHub(world, "promote", {"inputs.release": merged, "inputs.environment": "staging"})
        promotion.job("promote")
        (pull,) = world.forge("pulls")
        assert (pull["head"], pull["base"]) == ("promote/staging", "main")
        world.merge("promote/staging")
        deploy(world, merged, only="staging")

        key = {"Authorization": f"Bearer {SECRETS['FLIREO_API_KEY']}"}
        agents = httpx.get(f"{emulator.url}/agents", headers=key).json()["agents"]
        (agent,) = (each for each in agents if each["name"] == "Desk Proefstad")
        httpx.patch(f"{emulator.url}/agents/{agent['id']}", headers=key, json={"name": "Somebody"}).raise_for_status()
        GitHub(world, "drift", {"matrix.environment": "staging"}).job("drift")
        (issue,) = world.forge("issues")
        assert issue["title"] == "Drift in staging"
        assert "Somebody" in issue["body"]
        for name, state in (("Somebody else", "open"), ("Desk Proefstad", "closed")):
            httpx.patch(f"{emulator.url}/agents/{agent['id']}", headers=key, json={"name": name}).raise_for_status()
            GitHub(world, "drift", {"matrix.environment": "staging"}).job("drift")
            (issue,) = world.forge("issues")
            assert ("Somebody else" in issue["body"], issue["state"]) == (True, state)
        world.assert_no_secret()


def deploy(world: World, before: str, only: str) -> None:
    """Play the workflow after a push: what it reaches (prod is not pinned), and one of these."""
    workflow = GitHub(world, "deploy", {"github.event.before": before})
    workflow.job("reached")
    assert json.loads(workflow.context["needs.reached.outputs.environments"]) == ["dev", "prod", "staging"]
    workflow.context["matrix.environment"] = only
    workflow.job("up")


def test_a_stack_with_a_mistake_still_gets_its_review(tmp_path: Path) -> None:
    world = World(tmp_path, "http://127.0.0.1:9/api/v1")
    world.push("Mistake", "topic", **{"stacks/agents/desk.yaml": "name: Desk\nfirst_mesage: Hello\n"})
    checkout = world.checkout("check", "topic")
    log = world.run("scripts/check.sh", checkout, {"FORGE": "github", "GITHUB_BASE_REF": "main"}, codes=(2,))
    assert "::error file=stacks/agents/desk.yaml,line=2" in log
    assert "Hello" in (checkout / "review.md").read_text()


def test_smoke_tests_that_a_change_touches_are_run_and_reported(tmp_path: Path) -> None:
    world = World(tmp_path, "http://127.0.0.1:9/api/v1")
    test = (
        "agent: desk\ncaller: [{says: Hello}]\nexpect: {transcript: [{speaker: agent, contains: nobody says this}]}\n"
    )
    world.push("Test", "topic", **{"stacks/tests/hello.yaml": test})
    checkout = world.checkout("check", "topic")
    environ = {"FORGE": "github", "GITHUB_BASE_REF": "main", "TESTS": "dev"}
    log = world.run("scripts/check.sh", checkout, environ, codes=(1,))
    assert "stacks/tests/hello.yaml:3:50  no turn of the agent contains" in log
    (case,) = ElementTree.parse(checkout / "smoke.xml").getroot().findall("testsuite/testcase[failure]")
    assert (case.get("classname"), case.get("name")) == ("dev.agents.desk", "hello")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_gives_no_right_that_it_does_not_need(name: str) -> None:
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {}
    rights = {
        "review": {"contents": "read"},
        "comment": {"contents": "read", "pull-requests": "write"},
        "reached": {"contents": "read"},
        "up": {"contents": "read"},
        "promote": {"contents": "write", "pull-requests": "write"},
        "drift": {"contents": "read", "issues": "write"},
    }
    for job, said in workflow["jobs"].items():
        assert said["permissions"] == rights[job]
        for step in said["steps"]:
            assert "${{" not in step.get("run", "")  # a value in a script would be run
    if name == "review":  # a fork's pull request gets here
        assert "secrets." not in str(workflow)
        assert "pull_request.head.repo.full_name == github.repository" in workflow["jobs"]["comment"]["if"]
    if name in ("deploy", "drift"):
        (job,) = (each for each in workflow["jobs"].values() if "environment" in each)
        assert job["concurrency"] == "flireo-${{ matrix.environment }}"
