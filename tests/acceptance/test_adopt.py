"""``flireo adopt``: what exists comes into the state of either engine, and nothing is written or planned after it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from flireo_iac.engine.files.secrets import Crypter
from tests.acceptance.deployment import PASSPHRASE, Deployment, Run
from tests.acceptance.shop import SECRETS, write_shop
from tests.engine import checker

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
        kept["propertyDependencies"] = {key: urns for key, urns in depends.items() if urns}
        kept.get("outputs", {}).pop("release", None)
        found[each["urn"]] = kept
    return found


def test_it_leaves_what_a_create_and_a_refresh_leave(deployment: Deployment) -> None:
    write_shop(deployment, 2)
    deployment.good("up", "--skip-preview")
    deployment.good("refresh", "--skip-preview")
    expected = held(deployment)
    shutil.rmtree(deployment.home / "state" / ".pulumi")
    asked = adopt(deployment, code=2)
    assert "adopt   agents.desk00: " in asked.stdout
    assert not any('"urn"' in path.read_text() for path in (deployment.home / "state").glob(".pulumi/stacks/*/*.json"))
    done = adopt(deployment, "--yes")
    assert "password: no answer shows it" in done.stdout
    assert held(deployment) == expected
    deployment.counts()
    deployment.good("preview", "--expect-no-changes")
    assert deployment.counts() == {}
    deployment.good("preview", "--refresh", "--expect-no-changes")
    deployment.good("up", "--skip-preview", "--expect-no-changes")
    assert set(deployment.counts()) == {"GET"}
    assert "nothing to adopt; 9 in the state already." in adopt(deployment).stdout
