"""A stack held against its account: the rules that need it, each with its own example."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from flireo_iac.cli import validate
from flireo_iac.emulator.server import Running, running
from flireo_iac.errors import AuthenticationError
from flireo_iac.rules import RULES
from tests.client.scripted import reply, serving

Check = Callable[..., Any]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Running]:
    with running(requests_per_minute=0) as server:
        yield server


@pytest.fixture
def check(emulator: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Writes files and validates them live; gives the document and what stderr says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLIREO_API_KEY", "fl_test_live")
    monkeypatch.setenv("FLIREO_BASE_URL", emulator.url)
    monkeypatch.setenv("FLIREO_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("FLIREO_REQUESTS_PER_MINUTE", "100000")
    app = typer.Typer()
    app.callback()(lambda: None)
    validate.register(app)

    def run(files: dict[str, str], *words: str) -> Any:
        for name, text in files.items():
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_text(text)
        return CliRunner().invoke(app, ["validate", "--live", "--json", *words])

    return run


@pytest.mark.parametrize("rule", ["FL501", "FL502"])
def test_each_rule_finds_its_example_and_not_its_mend(check: Check, rule: str) -> None:
    entry = RULES[rule]
    found = check(dict(entry.bad))
    assert found.exit_code == (2 if entry.severity == "error" else 0)
    (problem,) = json.loads(found.stdout)["problems"]
    assert (problem["rule"], problem["file"], problem["line"]) == (rule, "agents/desk.yaml", 2)
    assert "did you mean" in problem["text"].lower()
    mended = check(dict(entry.good))
    assert (mended.exit_code, json.loads(mended.stdout)["problems"]) == (0, [])


def test_an_account_without_minutes_is_warned_of(check: Check, emulator: Running) -> None:
    before = emulator.app.emulation.settings.minutes_balance
    emulator.app.emulation.settings.minutes_balance = 0
    try:
        (problem,) = json.loads(check(dict(RULES["FL503"].bad)).stdout)["problems"]
    finally:
        emulator.app.emulation.settings.minutes_balance = before
    assert problem["rule"] == "FL503"
    assert problem["text"].startswith("the account has 0 minutes left")


def test_what_only_some_environments_have_names_them(check: Check) -> None:
    files = {
        "agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: '${var.model}'}\n",
        "Pulumi.yaml": "name: shop\nruntime: python\n",
        "environments/dev.yaml": "vars: {model: gpt-4o}\n",
        "environments/prod.yaml": "vars: {model: gpt-9}\n",
    }
    (problem,) = json.loads(check(files).stdout)["problems"]
    assert problem["rule"] == "FL502"
    assert problem["text"].endswith("(In prod.)")
    assert json.loads(check(files, "-e", "dev").stdout)["problems"] == []


def test_two_environments_have_two_accounts(check: Check) -> None:
    files = {"agents/desk.yaml": "name: Desk\n", "environments/a.yaml": "", "environments/b.yaml": ""}
    done = check(files, "-e", "a", "-e", "b")
    assert "a, b have an account each, one environment was expected" in str(done.exception)


def test_a_server_without_a_catalog_says_so(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as server:
        server.will(reply(405, {"error": "Method Not Allowed"}), reply(200, {"id": "o1"}))
        monkeypatch.setenv("FLIREO_BASE_URL", server.url)
        done = check({"agents/desk.yaml": "name: Desk\n"})
        assert server.paths == ["/api/v1/byok/config", "/api/v1/account"], "no agent needs the list of voices"
    assert done.exit_code == 0
    assert "the account has no catalog of models" in done.stderr


def test_a_wrong_key_stops(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIREO_API_KEY", "wrong")
    assert type(check({"agents/desk.yaml": "name: Desk\n"}).exception) is AuthenticationError
