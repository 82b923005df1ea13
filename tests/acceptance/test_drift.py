"""`flireo drift` on states that real runs have written, on either engine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.acceptance.deployment import Deployment, Run

AGENT = "name: Desk\nfirst_message: Good day.\nwebhook_url: https://hooks.example.com\nwebhook_secret: ${secret.hook}\n"


def drift(deployment: Deployment, *flags: str) -> Run:
    command = [sys.executable, "-m", "flireo_iac.cli", "drift", "-s", "dev", "--engine", deployment.engine]
    return deployment.command(*command, *flags)


@pytest.mark.sweep
def test_what_is_accepted_needs_no_write(deployment: Deployment, tmp_path: Path) -> None:
    deployment.environ["FLIREO_SECRET_HOOK"] = "canary-of-the-hook"
    deployment.write("agents/desk.yaml", AGENT)
    deployment.write("agents/night.yaml", "name: Night\n")
    deployment.good("up")
    held = {each["name"]: each["id"] for each in deployment.account("/agents")["agents"]}
    deployment.edit("agents", held["Desk"], {"first_message": "Yo.", "webhook_secret": "canary-of-somebody"})
    deployment.write("agents/night.yaml", "name: Late\n")
    deployment.counts()
    (state,) = (deployment.home / "state").glob(".pulumi/stacks/*/dev.json")
    before = state.read_bytes()

    del deployment.environ["FLIREO_SECRET_HOOK"]
    deployment.environ["FLIREO_STATE_DIR"] = str(tmp_path / "another machine")
    found = drift(deployment, "--json")
    assert found.code == 7, found.text
    classes = {each["field"]: each["class"] for item in json.loads(found.stdout)["items"] for each in item["fields"]}
    assert classes == {
        "agents.desk.first_message": "dashboard ahead",
        "agents.desk.webhook_secret": "dashboard ahead",
        "agents.night.name": "repo ahead",
    }
    assert "canary" not in found.text
    assert set(deployment.counts()) == {"GET"}
    assert state.read_bytes() == before
    assert not list((deployment.home / "state/.pulumi").rglob("locks/**/*.json"))

    accepted = drift(deployment, "--accept", "agents.desk.first_message")
    assert (accepted.code, "+ first_message: Yo." in accepted.stdout) == (7, True), accepted.text
    deployment.environ["FLIREO_SECRET_HOOK"] = "canary-of-the-hook"
    deployment.write("agents/night.yaml", "name: Night\n")
    deployment.edit("agents", held["Desk"], {"webhook_secret": "canary-of-the-hook"})
    deployment.counts()
    deployment.good("up")
    assert set(deployment.counts()) == {"GET"}
    assert drift(deployment).code == 0
