"""A key of another organization, and lists that lie: nothing is written, nothing leaves the state."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flireo_iac.core.account import ACCOUNT
from tests.acceptance.deployment import KEY, Deployment
from tests.acceptance.shop import write_shop

OTHER_KEY = "fl_test_another_organization"


def resources(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """Give what the state holds of the account, by name."""
    (file,) = (deployment.home / "state").glob(f".pulumi/stacks/*/{deployment.stack}.json")
    found = json.loads(file.read_bytes())["checkpoint"]["latest"]["resources"]
    return {each["urn"].rpartition("::")[2]: each for each in found if each.get("custom") and "dynamic" in each["type"]}


def ids(deployment: Deployment) -> dict[str, str]:
    """Give the ids that the state holds, by name."""
    return {name: each["id"] for name, each in resources(deployment).items() if "id" in each and "::" not in each["id"]}


def with_key(deployment: Deployment, key: str) -> None:
    deployment.environ["FLIREO_API_KEY"] = key


def methods(deployment: Deployment) -> set[str]:
    return set(deployment.counts())


@pytest.fixture
def shop(deployment: Deployment, deploy: Callable[[Deployment], None]) -> Deployment:
    """A stack that is up, in the account of the first key."""
    write_shop(deployment, pairs=2)
    deploy(deployment)
    return deployment


def test_the_state_holds_the_account_of_each_object(shop: Deployment) -> None:
    account = shop.account("/account")["id"]
    held = [each["outputs"].get(ACCOUNT) for each in resources(shop).values() if each["type"].endswith("Agent")]
    assert held == [account] * 2


def test_a_key_of_another_organization_changes_nothing(shop: Deployment) -> None:
    held = ids(shop)
    desk = shop.folder / "agents" / "desk00.yaml"
    desk.write_text(desk.read_text().replace("Good day", "Good evening"))
    with_key(shop, OTHER_KEY)
    for verb in (["refresh"], ["up", "--refresh"], ["up", "--skip-preview"], ["destroy"]):
        done = shop.run(*verb)
        assert done.code == (3 if shop.engine == "local" else 1), done.text
        assert "--allow other-account" in done.text
        assert methods(shop) == {"GET"}
        assert ids(shop) == held

    # The right key goes on as if nothing had been.
    with_key(shop, KEY)
    shop.good("up")
    assert shop.counts().get("PATCH") == 1
    assert ids(shop) == held


@pytest.mark.sweep
def test_another_account_can_be_meant(shop: Deployment) -> None:
    with_key(shop, OTHER_KEY)
    shop.environ["FLIREO_ALLOW"] = "other-account"
    shop.good("refresh")
    assert not [name for name in ids(shop) if name.startswith(("desk", "line", "carrier"))]
    shop.good("up")
    assert shop.counts()["POST"] == 9
    del shop.environ["FLIREO_ALLOW"]
    shop.good("up", "--refresh", "--expect-no-changes")


def test_the_settings_can_name_the_account(deployment: Deployment) -> None:
    write_shop(deployment, pairs=1)
    deployment.environ["FLIREO_ACCOUNT"] = "another"
    done = deployment.run("up")
    assert done.code != 0
    assert "flireo:account" in done.text
    assert methods(deployment) == {"GET"}
    deployment.environ["FLIREO_ACCOUNT"] = deployment.account("/account")["id"]
    deployment.good("up")


def test_a_create_that_comes_first_is_stopped_too(shop: Deployment) -> None:
    """The ``flireo`` command tells the provider whose objects the state holds."""
    shop.write("agents/aaa.yaml", "name: First of all\n")
    with_key(shop, OTHER_KEY)
    done = shop.command(
        *[sys.executable, "-m", "flireo_iac.cli", "up", "--engine", shop.engine, "--stack", "dev", "--yes"],
    )
    assert done.code != 0
    assert "other-account" in done.text
    assert methods(shop) == {"GET"}


BY_ITSELF = """
from pathlib import Path
from flireo_iac.engine.run import Engine

with Engine(Path(), "dev", emit=lambda event: print(getattr(event, "text", "")), targets=["**::aaa"]) as engine:
    raise SystemExit(engine.up().exit_code)
"""


def test_a_create_that_comes_first_is_stopped_without_the_command(shop: Deployment) -> None:
    """The provider sees no other resource: only the program has asked the engine whose objects the state holds."""
    shop.write("agents/aaa.yaml", "name: First of all\n")
    with_key(shop, OTHER_KEY)
    is_local = shop.engine == "local"
    by_itself = [sys.executable, "-c", BY_ITSELF] if is_local else [*shop.arguments("up"), "--target", "**::aaa"]
    done = shop.command(*by_itself)
    assert done.code != 0
    assert "other-account" in done.text
    assert methods(shop) == {"GET"}
    with_key(shop, KEY)
    assert shop.command(*by_itself).code == 0
    assert shop.counts().get("POST") == 1
    shop.good("up", "--expect-no-changes")  # the other engine's question leaves no trace


def spoil(shop: Deployment, path: str, kind: str, times: int | None = None) -> None:
    order = {"method": "GET", "path": path, "kind": kind, "times": times}
    httpx.post(f"{shop.control_url}/faults", json=order).raise_for_status()


def test_a_list_that_lies_drops_nothing(shop: Deployment) -> None:
    held = ids(shop)
    for kind in ("truncated", "duplicates", "empty", "wrong-envelope"):
        httpx.delete(f"{shop.control_url}/faults").raise_for_status()
        for path in ("/agents", "/numbers", "/tool-templates", "/analysis-templates", "/sip-trunks"):
            spoil(shop, path, kind)
        done = shop.run("refresh")
        assert (done.code == 0) == (kind in ("truncated", "duplicates")), done.text
        assert ids(shop) == held
        assert methods(shop) == {"GET"}


@pytest.mark.sweep
def test_what_is_gone_is_believed_only_with_a_whole_list_and_the_account(shop: Deployment) -> None:
    held = ids(shop)
    gone = held["desk01"]
    httpx.delete(f"{shop.control_url}/objects/agents/{gone}").raise_for_status()
    for path, kind in (("/agents", "duplicates"), ("/account", "status:500"), ("/account", "status:403")):
        httpx.delete(f"{shop.control_url}/faults").raise_for_status()
        spoil(shop, path, kind)
        if path == "/agents":  # two are needed for one to be there twice
            httpx.post(
                f"{shop.api_url}/agents", json={"name": "Other"}, headers={"Authorization": f"Bearer {KEY}"}
            ).raise_for_status()
        done = shop.run("refresh")
        assert done.code != 0, done.text
        assert ids(shop)["desk01"] == gone, done.text
    httpx.delete(f"{shop.control_url}/faults").raise_for_status()
    shop.good("refresh")
    assert "desk01" not in ids(shop)


@pytest.mark.sweep
def test_a_server_without_accounts_is_said_and_stops_nothing(deployment: Deployment) -> None:
    deployment.write("agents/a.yaml", "name: A\n")
    spoil(deployment, "/account", "status:404")
    done = deployment.good("up")
    assert "would not be noticed" in done.text
    assert ACCOUNT not in resources(deployment)["a"]["outputs"]
    httpx.delete(f"{deployment.control_url}/faults").raise_for_status()
    # It is filled in by the next refresh, which shows no change.
    deployment.good("refresh", "--expect-no-changes")
    assert resources(deployment)["a"]["outputs"][ACCOUNT]
