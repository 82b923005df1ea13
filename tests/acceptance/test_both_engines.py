"""One stack, both engines: each goes on where the other stopped, with nothing changed in between."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.emulator.server import Running
from tests.acceptance.deployment import Deployment, pulumi_program
from tests.acceptance.shop import SECRETS, write_shop

pytestmark = [
    pytest.mark.engine_pulumi,
    pytest.mark.skipif(pulumi_program() is None, reason="the pulumi program is not on PATH"),
]

SECRET = "4dabf18193072939515e22adb298388d"
"""What marks a secret in a state."""


@dataclasses.dataclass(frozen=True)
class Pair:
    """The same stack, seen by the engine that makes it and by the one that takes it over."""

    one: Deployment
    other: Deployment

    @property
    def state(self) -> bytes:
        """The state as it is stored."""
        return (self.one.home / "state" / ".pulumi" / "stacks" / "shop" / "dev.json").read_bytes()

    @property
    def config(self) -> bytes:
        """The stack's file, with its salt."""
        return (self.one.folder / "Pulumi.dev.yaml").read_bytes()

    def secret_places(self) -> set[str]:
        """Say where the state holds a secret."""
        found = set()
        for resource in json.loads(self.state)["checkpoint"]["latest"]["resources"]:
            for part in ("inputs", "outputs"):
                found |= {f"{resource['urn']} {part}{path}" for path in secret_paths(resource.get(part, {}))}
        return found


def secret_paths(value: Any, at: str = "") -> Iterator[str]:
    """Give the path of every secret in a value."""
    if isinstance(value, dict) and SECRET in value:
        assert "ciphertext" in value, f"{at}: is marked as a secret and is stored in clear"
        yield at
    elif isinstance(value, dict):
        for key, held in value.items():
            yield from secret_paths(held, f"{at}.{key}")
    elif isinstance(value, list):
        for index, held in enumerate(value):
            yield from secret_paths(held, f"{at}[{index}]")


@pytest.fixture(params=["local", "pulumi"])
def pair(request: pytest.FixtureRequest, tmp_path: Path, emulator: Running) -> Pair:
    """The engine of the parameter begins."""
    folder = tmp_path / "stack"
    folder.mkdir()
    one = Deployment(folder, tmp_path / "home", emulator.url, emulator.control_url, request.param)
    one.write("Pulumi.yaml", "name: shop\nruntime: python\n")
    one.write("__main__.py", "from flireo_iac import deploy\n\ndeploy()\n")
    # The two share what is in their environment: a test changes it for both.
    return Pair(one, dataclasses.replace(one, engine="pulumi" if one.engine == "local" else "local"))


def has_nothing_to_do(deployment: Deployment) -> None:
    """Check that a plan is empty, with and without a look at the account."""
    deployment.counts()
    deployment.good("preview", "--expect-no-changes")
    assert deployment.counts() == {}
    deployment.good("preview", "--refresh", "--expect-no-changes")
    assert set(deployment.counts()) == {"GET"}


def test_each_goes_on_where_the_other_stopped(pair: Pair) -> None:
    write_shop(pair.one, pairs=2)
    pair.one.good("up")
    config, places = pair.config, pair.secret_places()
    assert any("trunks" in place or "carrier" in place for place in places)

    has_nothing_to_do(pair.other)
    pair.other.good("up", "--refresh", "--expect-no-changes")
    assert set(pair.other.counts()) == {"GET"}
    prompt = pair.one.folder / "agents" / "desk01.md"
    prompt.write_text(prompt.read_text().replace("Be brief.", "Be very brief."))
    pair.other.good("up")
    assert pair.other.counts() == {"GET": 3, "PATCH": 1}

    has_nothing_to_do(pair.one)
    assert pair.config == config
    assert pair.secret_places() == places

    pair.other.good("refresh")
    has_nothing_to_do(pair.one)
    assert pair.secret_places() == places

    pair.other.counts()
    pair.one.good("destroy")
    assert pair.one.counts() == {"DELETE": 9, "GET": 5}
    assert pair.config == config
    # An empty stack, too, is one that the other engine goes on with.
    pair.other.good("up")
    assert pair.other.counts()["POST"] == 9
    has_nothing_to_do(pair.one)
    pair.other.good("destroy")


def test_secrets_stay_secret_and_are_read_by_the_other(pair: Pair) -> None:
    write_shop(pair.one, pairs=1)
    printed = pair.one.good("up").text
    # Before the other engine writes it anew.
    assert not any(canary.encode() in pair.state for canary in SECRETS.values())
    clear = pair.one.command("pulumi", "stack", "export", "--stack", "dev", "--show-secrets")
    assert clear.code == 0, clear.text
    for canary in SECRETS.values():
        assert canary in clear.stdout, "pulumi decrypts what either engine stored"

    # The same values are no change only where the other engine could decrypt the former ones.
    has_nothing_to_do(pair.other)
    pair.one.environ["FLIREO_SECRET_WEBHOOK"] = "canary-webhook-rotated"
    shown = pair.other.run("preview", "--diff", "--expect-no-changes")
    assert shown.code != 0
    printed += shown.text + pair.other.good("up", "--diff").text
    has_nothing_to_do(pair.one)
    printed += pair.one.command("pulumi", "stack", "export", "--stack", "dev").text
    for canary in (*SECRETS.values(), "canary-webhook-rotated"):
        assert canary not in printed
        assert canary.encode() not in pair.state
        assert canary.encode() not in pair.config


def test_a_wrong_passphrase_is_refused_by_the_other(pair: Pair) -> None:
    write_shop(pair.one, pairs=1)
    pair.one.good("up")
    state = pair.state
    pair.other.counts()
    pair.one.environ["PULUMI_CONFIG_PASSPHRASE"] = "wrong"
    done = pair.other.run("up")
    assert done.code != 0
    assert "passphrase" in done.text
    assert pair.other.counts() == {}
    assert pair.state == state


PROGRAM = """import pulumi
from flireo_iac import Agent

config = pulumi.Config()
Agent("a", name=config.require("name"), first_message=config.require_secret("greeting"))
"""


def test_the_other_reads_the_configuration(pair: Pair) -> None:
    pair.one.write("__main__.py", PROGRAM)
    set_value(pair.one, "name", "Zoë: desk #1")
    set_value(pair.one, "greeting", "canary greeting, line\\n{{name}}", "--secret")
    pair.other.good("up")
    (agent,) = pair.one.account("/agents")["agents"]
    assert agent["name"] == "Zoë: desk #1"
    assert agent["first_message"] == "canary greeting, line\\n{{name}}"
    has_nothing_to_do(pair.one)

    # A second value by the other engine goes beside the first one, under the same salt.
    set_value(pair.other, "greeting", "canary greeting, changed", "--secret")
    pair.one.good("up")
    (agent,) = pair.one.account("/agents")["agents"]
    assert agent["first_message"] == "canary greeting, changed"
    assert b"canary" not in pair.state + pair.config
    has_nothing_to_do(pair.other)


def set_value(deployment: Deployment, key: str, value: str, *flags: str) -> None:
    """Set a value of the stack's configuration with the engine's own command."""
    if deployment.engine == "local":
        done = deployment.command("flireo", "config", "set", *flags, "--stack", "dev", "--", key, value)
    else:
        deployment.make_stack()
        done = deployment.command("pulumi", "config", "set", *flags, "--stack", "dev", "--", key, value)
    assert done.code == 0, done.text


def test_the_other_ends_what_failed_halfway(pair: Pair) -> None:
    write_shop(pair.one, pairs=2)
    fault = {"kind": "status:400", "method": "POST", "path": "/numbers", "times": 1}
    httpx.post(f"{pair.one.control_url}/faults", json=fault).raise_for_status()
    done = pair.one.run("up")
    assert done.code != 0
    httpx.delete(f"{pair.one.control_url}/faults").raise_for_status()
    assert len(pair.one.account("/numbers")["numbers"]) < 2
    assert len(pair.one.account("/sip-trunks")["trunks"]) == 1
    pair.one.counts()
    pair.other.good("up")
    assert 0 < pair.other.counts()["POST"] < 9, "what the first engine made is in its state"
    assert len(pair.one.account("/numbers")["numbers"]) == 2
    assert len(pair.one.account("/agents")["agents"]) == 2
    has_nothing_to_do(pair.one)


def test_protection_holds_on_the_other(pair: Pair) -> None:
    write_shop(pair.one, pairs=1)
    number = pair.one.folder / "numbers" / "line00.yaml"
    number.write_text(number.read_text().replace("protect: false\n", ""))
    pair.one.good("up")
    number.unlink()
    done = pair.other.run("up")
    assert done.code != 0
    assert "protect" in done.text
    assert len(pair.one.account("/numbers")["numbers"]) == 1


@pytest.mark.parametrize("name", [["--stack", "dev"], []], ids=["named", "the only one"])
def test_flireo_hands_over_and_makes_the_stack_first(name: list[str], pair: Pair) -> None:
    write_shop(pair.one, pairs=1)
    pair.one.write("Pulumi.dev.yaml", "config: {}\n")
    flireo = [sys.executable, "-m", "flireo_iac.cli"]
    done = pair.one.command(*flireo, "up", "--engine", "pulumi", *name, "--yes", "--skip-preview")
    assert done.code == 0, done.text
    assert "engine: pulumi" in done.stderr
    assert pair.one.counts()["POST"] == 7
    done = pair.one.command(*flireo, "preview", "--engine", "auto", *name, "--expect-no-changes")
    assert done.code == 0, done.text
    assert "engine: pulumi" in done.stderr
