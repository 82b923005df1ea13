"""A changed password or key is one write, found without a word of it in clear; a stolen slot is drift."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.acceptance.deployment import KEY, Deployment

OLD = {"FLIREO_SECRET_TRUNK": "canary-trunk-old", "FLIREO_SECRET_OPENAI": "canary-key-old"}
NEW = {"FLIREO_SECRET_TRUNK": "canary-trunk-new", "FLIREO_SECRET_OPENAI": "canary-key-new"}


@pytest.fixture
def secrets(deployment: Deployment, deploy: Callable[[Deployment], None]) -> Deployment:
    """A stack with a trunk, a number that uses it, and a key; it is up."""
    deployment.environ.update(OLD)
    deployment.write(
        "trunks/carrier.yaml",
        "name: Carrier\nhost: sip.example.com\nusername: shop\npassword: ${secret.trunk}\nprotect: false\n",
    )
    deployment.write(
        "numbers/main.yaml", 'phone_number: "+31201234567"\ntransfer_trunk_id: ${trunks.carrier.id}\nprotect: false\n'
    )
    deployment.write("byok/openai.yaml", "provider: openai\napi_key: ${secret.openai}\nprotect: false\n")
    deploy(deployment)
    return deployment


def stored(deployment: Deployment) -> dict[str, str]:
    """Give the secrets that the server keeps: its passwords and keys."""
    text = httpx.get(f"{deployment.control_url}/state").text
    return {name: name for name in (*OLD.values(), *NEW.values()) if name in text}


def writes(deployment: Deployment) -> dict[str, int]:
    return {method: count for method, count in deployment.counts().items() if method != "GET"}


def assert_nothing_in_clear(deployment: Deployment, printed: str) -> None:
    files = [file for file in (deployment.home / "state").rglob("*") if file.is_file()]
    files += [file for file in (deployment.home / "flireo").rglob("*") if file.is_file()]
    assert files
    for canary in (*OLD.values(), *NEW.values()):
        assert canary not in printed
        assert not [file for file in files if canary.encode() in file.read_bytes()]


def test_a_changed_value_is_one_write(secrets: Deployment) -> None:
    secrets.environ["FLIREO_SECRET_OPENAI"] = NEW["FLIREO_SECRET_OPENAI"]
    printed = secrets.good("up").text
    assert writes(secrets) == {"POST": 1}

    secrets.environ["FLIREO_SECRET_TRUNK"] = NEW["FLIREO_SECRET_TRUNK"]
    printed += secrets.good("preview", "--diff").text
    printed += secrets.good("up").text
    # A trunk cannot be updated: a new one is made, the number goes over to it, the old one is deleted.
    assert writes(secrets) == {"POST": 1, "PATCH": 1, "DELETE": 1}

    assert set(stored(secrets)) == set(NEW.values())
    printed += secrets.good("preview", "--refresh", "--expect-no-changes").text
    assert_nothing_in_clear(secrets, printed)


def test_a_slot_that_somebody_overwrote_is_drift_and_is_restored(secrets: Deployment) -> None:
    body = {"provider": "openai", "api_key": "somebody-else-s"}
    headers = {"Authorization": f"Bearer {KEY}"}
    httpx.post(f"{secrets.api_url}/byok", json=body, headers=headers).raise_for_status()
    secrets.counts()
    assert secrets.run("preview", "--refresh", "--expect-no-changes").code != 0
    printed = secrets.good("up", "--refresh").text
    assert secrets.counts()["POST"] == 1
    assert OLD["FLIREO_SECRET_OPENAI"] in stored(secrets)
    secrets.good("preview", "--refresh", "--expect-no-changes")
    assert_nothing_in_clear(secrets, printed)


@pytest.mark.sweep
def test_a_slot_that_somebody_overwrote_is_said_when_it_is_written_again(secrets: Deployment) -> None:
    body = {"provider": "openai", "api_key": "somebody-else-s"}
    headers = {"Authorization": f"Bearer {KEY}"}
    httpx.post(f"{secrets.api_url}/byok", json=body, headers=headers).raise_for_status()
    secrets.environ["FLIREO_SECRET_OPENAI"] = NEW["FLIREO_SECRET_OPENAI"]
    done = secrets.good("up")
    assert "the vault holds another key" in done.text
    assert NEW["FLIREO_SECRET_OPENAI"] in stored(secrets)
