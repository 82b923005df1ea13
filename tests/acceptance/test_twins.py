"""An object that the account holds already, exactly as it would be made: nobody makes it a second time unasked."""

from __future__ import annotations

import shutil
import sys

import httpx
import yaml

from flireo_iac.kinds import KINDS
from tests.acceptance.deployment import KEY, Deployment

TOOL = {**KINDS["tool_template"].example, "name": "Book"}


def write(deployment: Deployment, name: str) -> None:
    folder = deployment.folder / "tools"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(TOOL))


def test_with_state_and_journal_lost_nothing_is_made_twice(deployment: Deployment) -> None:
    write(deployment, "book")
    deployment.good("up")
    shutil.rmtree(deployment.home / "state")
    shutil.rmtree(deployment.home / "flireo")
    deployment.counts()
    done = deployment.run("up")
    assert done.code == 1
    assert "the account holds exactly this already" in done.text
    assert "flireo recover -s dev --take book=" in done.text
    assert "POST" not in deployment.counts()
    deployment.environ["FLIREO_ALLOW"] = "twin:book"
    deployment.good("up")
    assert deployment.counts()["POST"] == 1


def test_an_item_that_got_another_name_is_made_anew_where_the_state_is_told(deployment: Deployment) -> None:
    """`flireo` tells the provider what the state holds; a plain `pulumi up` stops and says how to go on."""
    write(deployment, "book")
    deployment.good("up")
    write(deployment, "booking")
    done = deployment.run("up")
    if deployment.engine == "local":
        assert done.code == 0, done.text
    else:
        assert done.code == 1
        assert "the item got another name" in done.text
        deployment.environ["FLIREO_ALLOW"] = "twin:booking"
        deployment.good("up")
    (kept,) = deployment.account("/tool-templates")["toolTemplates"]
    assert kept["name"] == "Book"


def test_a_key_that_another_stack_stored_stays_until_somebody_says_which(deployment: Deployment) -> None:
    deployment.environ["FLIREO_SECRET_OPENAI"] = "canary-key-ours"
    deployment.write("byok/openai.yaml", "provider: openai\napi_key: ${secret.openai}\nprotect: false\n")
    headers = {"Authorization": f"Bearer {KEY}"}
    body = {"provider": "openai", "api_key": "canary-key-theirs"}
    httpx.post(f"{deployment.api_url}/byok", json=body, headers=headers).raise_for_status()
    deployment.counts()
    stopped = deployment.run("up")
    assert stopped.code == 1
    assert "flireo adopt -s dev byok.openai" in stopped.text
    assert "POST" not in deployment.counts()
    assert "canary-key-theirs" in httpx.get(f"{deployment.control_url}/state").text
    flireo = [sys.executable, "-m", "flireo_iac.cli", "adopt", "--engine", deployment.engine, "-s", "dev", "--yes"]
    adopted = deployment.command(*flireo, "byok.openai")
    assert adopted.code == 0, adopted.text
    deployment.good("preview", "--expect-no-changes")
    assert "POST" not in deployment.counts()
