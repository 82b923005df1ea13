"""A state that a release wrote is read by the next with an empty plan (docs/promises.md).

Each folder below ``states`` holds what one release left: the state, the stack's file with its salt, and the account as
the emulator kept it. To add one for a release, run this file as a module from the root of a checkout:
``python -m tests.acceptance.test_stored_states VERSION``.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import httpx
import pytest

from flireo_iac.emulator.server import Running, running
from tests.acceptance.deployment import Deployment
from tests.acceptance.shop import write_shop

STATES = Path(__file__).parent / "states"
RELEASES = sorted(path.name for path in STATES.iterdir())


def shop(folder: Path, emulator: Running, engine: str) -> Deployment:
    """The stack that every stored state was made from; it never changes."""
    made = Deployment(folder / "stack", folder / "home", emulator.url, emulator.control_url, engine)
    made.write("Pulumi.yaml", "name: shop\nruntime: python\n")
    made.write("__main__.py", "from flireo_iac import deploy\n\ndeploy()\n")
    write_shop(made, pairs=1)
    return made


def state_file(deployment: Deployment) -> Path:
    return deployment.home / "state" / ".pulumi" / "stacks" / "shop" / "dev.json"


@pytest.mark.parametrize("release", RELEASES)
def test_a_stored_state_plans_empty(release: str, tmp_path: Path, emulator: Running, engine: str) -> None:
    deployment = shop(tmp_path, emulator, engine)
    state_file(deployment).parent.mkdir(parents=True)
    shutil.copy(STATES / release / "dev.json", state_file(deployment))
    shutil.copy(STATES / release / "Pulumi.dev.yaml", deployment.folder)
    account = json.loads((STATES / release / "account.json").read_text())
    httpx.put(f"{emulator.control_url}/state", json=account).raise_for_status()

    deployment.good("preview", "--expect-no-changes")
    assert deployment.counts() == {}
    deployment.good("preview", "--refresh", "--expect-no-changes")
    deployment.good("up", "--refresh", "--expect-no-changes")
    assert set(deployment.counts()) == {"GET"}
    deployment.good("destroy")
    assert deployment.counts()["DELETE"] == 7


def store(release: str) -> None:
    """Deploy the stack and keep what it leaves."""
    with tempfile.TemporaryDirectory() as name, running() as emulator:
        deployment = shop(Path(name), emulator, "local")
        deployment.good("up")
        target = STATES / release
        target.mkdir(parents=True)
        shutil.copy(state_file(deployment), target)
        shutil.copy(deployment.folder / "Pulumi.dev.yaml", target)
        account = httpx.get(f"{emulator.control_url}/state").json()
        (target / "account.json").write_text(json.dumps(account, indent=1) + "\n")


if __name__ == "__main__":
    store(sys.argv[1])
