"""``flireo adopt``: what exists comes into the state of either engine, and nothing is written or planned after it."""

from __future__ import annotations

import json
import shutil
import sys
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.engine.files.secrets import Crypter
from flireo_iac.engine.model.urns import BUILT_IN_PROVIDER_TYPE
from tests.acceptance.conftest import PULUMI
from tests.acceptance.deployment import KEY, PASSPHRASE, Deployment, Run
from tests.acceptance.shop import SECRETS, write_shop
from tests.engine import checker

STAMP = "2026-01-01T00:00:00.000Z"
OF_THE_RUN = ("created", "modified", "sourcePosition", "stackTrace")
"""What a state says of the run that wrote it."""


def adopt(deployment: Deployment, *arguments: str, code: int = 0) -> Run:
    """Run the command, and see that it wrote nothing to the account and told no secret."""
    deployment.counts()
    command = [sys.executable, "-m", "flireo_iac.cli", "adopt", "--engine", deployment.engine, "-s", deployment.stack]
    done = deployment.command(*command, *arguments)
    assert set(deployment.counts()) <= {"GET"}
    assert not [secret for secret in SECRETS.values() if secret in done.text]
    assert "Traceback" not in done.text
    assert done.code == code, done.text
    return done


def state_file(deployment: Deployment) -> Path:
    return next((deployment.home / "state").glob(f".pulumi/stacks/*/{deployment.stack}.json"))


def held(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """Give what the state holds by URN, secrets in clear; nothing that comes out anew in every run."""
    text = state_file(deployment).read_text()
    if deployment.engine == "local":
        assert checker.problems(text) == []
    latest = json.loads(text)["checkpoint"]["latest"]
    crypter = Crypter(PASSPHRASE, latest["secrets_providers"]["state"]["salt"])

    def clear(value: Any) -> Any:
        if isinstance(value, list):
            return [clear(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "ciphertext" in value:
            return ["secret", json.loads(crypter.decrypt("", value["ciphertext"]))]
        return {key: clear(each) for key, each in value.items()}

    found = {}
    for each in latest["resources"]:
        kept = {key: clear(value) for key, value in each.items() if key not in OF_THE_RUN}
        kept["provider"] = kept.get("provider", "").rpartition("::")[0]
        if kept["type"].startswith("pulumi:providers"):
            del kept["id"]
        depends = kept.pop("propertyDependencies", {})
        kept["dependencies"] = sorted(kept.get("dependencies", []))
        kept["propertyDependencies"] = {key: urns for key, urns in depends.items() if urns}
        kept.get("outputs", {}).pop("release", None)
        if kept["type"] != BUILT_IN_PROVIDER_TYPE:  # pulumi keeps one where a program has asked it for something
            found[each["urn"]] = kept
    return found


@pytest.mark.parametrize("engine", [PULUMI], indirect=True)
def test_it_leaves_what_a_create_and_a_refresh_leave(deployment: Deployment) -> None:
    write_shop(deployment, 2)
    deployment.good("up")
    deployment.good("refresh", "--skip-preview")
    expected = held(deployment)
    shutil.rmtree(deployment.home / "state" / ".pulumi")
    done = adopt(deployment, "--yes")
    assert "9 to adopt; 0 in the state already." in done.stdout
    assert "password: no answer shows it" in done.stdout
    assert held(deployment) == expected
    deployment.good("preview", "--refresh", "--expect-no-changes")
    assert set(deployment.counts()) == {"GET"}


@pytest.mark.sweep
def test_items_are_forgotten_and_taken_back(deployment: Deployment) -> None:
    write_shop(deployment, 1)
    deployment.good("up")
    expected = held(deployment)
    refused = adopt(deployment, "--remove", "agents.desk00", "--yes", code=1)
    assert "PhoneNumber::line00 needs it" in refused.stderr
    adopt(deployment, "--remove", "agents.desk00", "--remove", "numbers.*", "--yes")
    assert len(held(deployment)) == len(expected) - 2
    again = json.loads(adopt(deployment, "--yes", "--json").stdout)
    taken = {each["item"]: each["action"] for each in again["items"]}
    assert taken == {"agents.desk00": "adopt", "numbers.line00": "adopt"}
    assert held(deployment) == expected


def fill(deployment: Deployment, count: int) -> int:
    """Let the account hold objects as people make them: names that come again, numbers that lead to agents."""
    headers = {"Authorization": f"Bearer {KEY}"}
    made = 0

    def put(path: str, **row: Any) -> str:
        nonlocal made
        made += 1
        whole = {"id": str(uuid.uuid4()), "created_at": STAMP, "updated_at": STAMP, **row}
        httpx.post(f"{deployment.control_url}/objects{path}", json=whole, headers=headers).raise_for_status()
        return str(whole["id"])

    trunk = put("/sip-trunks", name="Carrier", host="sip.example.com", port=5060, username="u", transport="udp")
    tool = {"name": "look_up", "description": "Looks up.", "url": "https://a.example.com", "parameters": {}}
    put("/tool-templates", name="Look up", tool_type="function", tool_config=tool)
    for number in range(count // 3):
        prompt = f"You are desk {number}.\n\n- Be kind.\n"
        block = {"provider": "openai", "model": "gpt-4o", "messages": [{"role": "system", "content": prompt}]}
        agent = put("/agents", name=f"Desk {number // 2}", first_message="Hi", llm_config={**block, "tools": [tool]})
        line = f"+31970102{number:05}"
        put("/numbers", phone_number=line, name="Line", agent_id=agent, transfer_trunk_id=trunk)
        texts = {"system_prompt": "Read.", "user_prompt": "{{transcript}}"}
        put("/analysis-templates", name=f"After {number}", schema={"type": "object"}, **texts)
    return made


@pytest.mark.sweep
def test_a_whole_account_is_pulled_adopted_and_planned_empty(deployment: Deployment) -> None:
    shutil.rmtree(deployment.folder)
    deployment.folder.mkdir()
    count = fill(deployment, 300)
    deployment.counts()
    pull(deployment)
    assert set(Counter(each["path"] for each in deployment.requests()).values()) == {1}
    assert set(deployment.counts()) == {"GET"}
    deployment.environ["FLIREO_SECRET_CARRIER_PASSWORD"] = SECRETS["FLIREO_SECRET_TRUNK"]
    done = adopt(deployment, "--yes")
    assert f"{count} to adopt; 0 in the state already." in done.stdout
    deployment.good("preview", "--expect-no-changes")
    assert deployment.counts() == {}
    deployment.good("preview", "--refresh", "--expect-no-changes")
    assert deployment.counts() == {"GET": 5}
    assert "files: 0 new, 0 changed" in pull(deployment).stdout


def pull(deployment: Deployment) -> Run:
    done = deployment.command(sys.executable, "-m", "flireo_iac.cli", "pull", "--into", ".", "-s", "dev", "--yes")
    assert done.code == 0, done.text
    return done
