"""Canaries: no secret in any file, output, log or error, of good runs and of failing ones."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.acceptance.deployment import KEY, PASSPHRASE, Deployment
from tests.acceptance.shop import SECRETS, write_shop

CANARIES = [KEY, PASSPHRASE, *SECRETS.values()]


def holding_files(folder: Path) -> dict[str, list[str]]:
    """Name the files below a folder that hold a canary."""
    found: dict[str, list[str]] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            held = [canary for canary in CANARIES if canary.encode() in content]
            if held:
                found[str(path.relative_to(folder))] = held
    return found


def test_canaries_are_nowhere(deployment: Deployment, tmp_path: Path) -> None:
    write_shop(deployment, pairs=2)
    deployment.environ["FLIREO_SETTLE_S"] = "1"  # nothing is under way once a fault has been played
    printed = []
    for verb, *flags in (
        ("preview", "--diff"),
        ("up",),
        ("preview", "--refresh", "--json"),
        ("refresh", "--diff"),
    ):
        printed.append(deployment.good(verb, *flags).text)

    # Another password, another key and another webhook secret: the old and the new value are both secret.
    rotated = {name: f"{value}-rotated" for name, value in SECRETS.items()}
    deployment.environ.update(rotated)
    printed.append(deployment.good("preview", "--diff").text)
    printed.append(deployment.good("preview", "--json").text)

    # A server that repeats what it was sent, and one that fails.
    for kind in ("html", "status:400", "status:502-after-commit", "disconnect-before"):
        httpx.post(
            f"{deployment.control_url}/faults", json={"kind": kind, "method": "POST", "times": 2}
        ).raise_for_status()
        printed.append(deployment.run("up").text)
        httpx.delete(f"{deployment.control_url}/faults").raise_for_status()
    printed.append(deployment.run("up").text)
    trunk = deployment.folder / "trunks" / "carrier.yaml"
    trunk.write_text(trunk.read_text() + "port: ${secret.trunk}\nprovider: [${secret.trunk}]\n")
    printed.append(deployment.run("up").text)
    printed.append(deployment.run("destroy").text)

    text = "\n".join(printed)
    assert [canary for canary in CANARIES if canary in text] == []
    assert holding_files(tmp_path) == {}


def test_state_files_are_for_their_owner_only(deployment: Deployment) -> None:
    write_shop(deployment, pairs=1)
    deployment.good("up")
    if deployment.engine == "local":
        states = list((deployment.home / "state").rglob("*.json"))
        assert states
        assert {oct(path.stat().st_mode & 0o777) for path in states} == {"0o600"}
