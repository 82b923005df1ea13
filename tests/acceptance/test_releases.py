"""A release moves from environment to environment, on both engines."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.acceptance.deployment import Deployment, Run
from tests.stacks.repository import Repository

AGENT = """name: Desk ${var.city}
llm_config:
  provider: openai
  model: gpt-4o
  prompt: desk.md
"""


@pytest.fixture
def repository(deployment: Deployment) -> Repository:
    """A repository in which dev and prod follow the working tree; v1 is its first commit."""
    made = Repository(deployment.folder.parent / "repository")
    made.write("stacks/.gitignore", "Pulumi.*.yaml.bak\n")
    for path in deployment.folder.iterdir():
        made.write(f"stacks/{path.name}", path.read_text())
    deployment.folder = made.folder / "stacks"
    made.write("stacks/agents/desk.yaml", AGENT)
    made.write("stacks/agents/desk.md", "One.\n")
    made.write("stacks/environments/dev.yaml", "vars: {city: Delft}\n")
    made.write("stacks/environments/prod.yaml", "vars: {city: Utrecht}\n")
    made.commit(tag="v1")
    return made


def flireo(deployment: Deployment, command: str, *arguments: str) -> Run:
    return deployment.command(sys.executable, "-m", "flireo_iac.cli", command, *arguments)


def prompts(deployment: Deployment) -> list[tuple[str, str]]:
    """Give name and prompt of every agent of the account."""
    return [
        (each["name"], each["llm_config"]["messages"][0]["content"]) for each in deployment.account("/agents")["agents"]
    ]


def test_a_pinned_stack_runs_the_release_until_the_pin_moves(repository: Repository, deployment: Deployment) -> None:
    deployment.stack = "prod"
    done = flireo(deployment, "promote", "v1", "prod")
    assert done.code == 0, done.text
    repository.write("stacks/agents/desk.md", "Two.\n")
    repository.commit(tag="v2")
    deployment.good("up")
    assert prompts(deployment) == [("Desk Utrecht", "One.\n")]
    deployment.counts()

    moved = flireo(deployment, "promote", "v2", "prod")
    assert (moved.code, "v1 (" in moved.stdout, "-> v2 (" in moved.stdout) == (0, True, True), moved.text
    assert repository.git("diff", "--name-only") == "stacks/Pulumi.prod.yaml"
    deployment.good("up")
    assert deployment.counts() == {"GET": 2, "PATCH": 1}  # the account, the list
    assert prompts(deployment) == [("Desk Utrecht", "Two.\n")]

    listed = json.loads(flireo(deployment, "releases", "--live", "--engine", deployment.engine, "--json").stdout)
    prod = next(each for each in listed if each["stack"] == "prod")
    assert (prod["release"], prod["deployed"]) == ("v2", f"v2@sha256:{prod['digest']}")

    flireo(deployment, "promote", "v1", "prod")  # back
    deployment.good("up")
    assert prompts(deployment) == [("Desk Utrecht", "One.\n")]


def test_a_moved_tag_stops_before_anything_is_sent(repository: Repository, deployment: Deployment) -> None:
    deployment.stack = "prod"
    flireo(deployment, "promote", "v1", "prod")
    repository.write("stacks/agents/desk.md", "Two.\n")
    repository.commit()
    repository.git("tag", "-f", "v1")
    done = deployment.run("up")
    assert done.code != 0
    assert 'read release "v1": its files are not those that were pinned' in done.text
    assert "Traceback" not in done.text
    assert deployment.counts() == {}


def test_up_obeys_what_the_environment_requires(repository: Repository, deployment: Deployment, tmp_path: Path) -> None:
    deployment.stack = "prod"
    wanted = f"vars: {{city: Utrecht}}\nrequire: [validate, drift-free, command: 'test -e {tmp_path}/signed']\n"
    repository.write("stacks/environments/prod.yaml", wanted)
    command = ("up", "--engine", deployment.engine, "--stack", "prod", "--yes", "--skip-preview")
    done = flireo(deployment, *command)
    assert done.code == 5, done.text
    assert "up prod: require command: " in done.stderr
    assert "ended with 1, 0 was expected" in done.stderr
    assert "environments/prod.yaml:2:42" in done.stderr
    assert deployment.counts() == {}
    refused = flireo(deployment, "promote", "v1", "prod", "--engine", deployment.engine)
    assert (refused.code, (deployment.folder / "Pulumi.prod.yaml").exists()) == (5, False)

    (tmp_path / "signed").touch()
    done = flireo(deployment, *command)
    assert done.code == 0, done.text
    deployment.edit("agents", deployment.account("/agents")["agents"][0]["id"], {"name": "Moved"})
    done = flireo(deployment, *command)
    assert (done.code, "require drift-free: somebody changed what is deployed" in done.stderr) == (5, True), done.text


def test_plain_pulumi_up_obeys_the_order_of_environments(repository: Repository, deployment: Deployment) -> None:
    deployment.stack = "prod"
    repository.write("stacks/environments/prod.yaml", "vars: {city: Utrecht}\nafter: dev\n")
    done = deployment.run("up", *(["--skip-preview"] if deployment.engine == "pulumi" else []))
    assert done.code != 0
    assert 'it goes after "dev", and both follow the working tree' in done.text
    asked = flireo(deployment, "up", "--engine", deployment.engine, "--stack", "prod", "--yes")
    assert (asked.code, 'up prod: it goes after "dev"' in asked.stderr) == (5, True), asked.text
    preview = deployment.run("preview")
    assert (preview.code, 'it goes after "dev"' in preview.text) == (0, True), preview.text
