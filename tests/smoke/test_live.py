"""`flireo test --live`: real calls within a cap, each placed once; an emulator is the account."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace as Namespace
from typing import Any

import httpx
import pytest

from flireo_iac.cli import _testing_live
from flireo_iac.client.calls import PhoneCall
from flireo_iac.client.watching import watch_call
from flireo_iac.emulator.phone import metering
from flireo_iac.emulator.server import Running, running
from flireo_iac.errors import EngineError, SettingsError
from flireo_iac.smoke import live
from flireo_iac.smoke.live import Line
from tests.smoke.conftest import Flireo
from tests.stacks.repository import Repository

CALLEE = "+31612345678"
LIVE = ("test", "-s", "dev", "--live", "--draft", "--to", CALLEE)
SHORT = "agent: desk\ncaller: [{says: Hello there}]\nexpect: {transcript: [{speaker: caller, contains: hello}]}\n"
Control = Callable[..., Any]


@pytest.fixture(scope="module")
def account() -> Iterator[Running]:
    with running() as emulator:
        yield emulator


@pytest.fixture
def control(account: Running, shop: Repository, monkeypatch: pytest.MonkeyPatch) -> Control:
    """Steers the account; its calls go on while the command waits."""

    def ask(method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(method, f"{account.control_url}{path}", json=body, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json()

    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        ask("POST", "/clock", {"advance_s": seconds})

    ask("POST", "/reset")
    ask("PUT", "/settings", {"minutes_balance": 1000})
    for name in ("closed", "booking"):
        (shop.folder / f"stacks/tests/{name}.yaml").unlink()
    for name in ("a", "b", "c"):
        shop.write(f"stacks/tests/{name}.yaml", SHORT)
    environ = {
        "FLIREO_API_KEY": "fl_test_smoke",
        "FLIREO_BASE_URL": account.url,
        "FLIREO_STATE_DIR": str(shop.folder / "state"),
        "FLIREO_REQUESTS_PER_MINUTE": "100000",
        "FLIREO_SECRET_WEBHOOK": "canary",
        "PULUMI_BACKEND_URL": "file://.",
        "PATH": "/usr/bin:/bin",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    httpx.post(
        f"{account.url}/numbers",
        json={"phone_number": "+31851234567"},
        headers={"Authorization": "Bearer fl_test_smoke"},
        trust_env=False,
    )
    ask("PUT", f"/callees/{CALLEE}", {"script": ["Hello there", {"says": "Bye", "hangs_up": True}]})
    monkeypatch.setattr(_testing_live, "Line", functools.partial(Line, sleep=sleep, clock=lambda: now[0]))
    ask("DELETE", "/requests")
    return ask


def placed(control: Control) -> int:
    log = control("GET", "/requests")["requests"]
    return sum(each["path"] == "/calls/outbound" for each in log)


def test_calls_are_placed_told_and_paid_and_tools_are_not_judged(
    shop: Repository, flireo: Flireo, control: Control
) -> None:
    shop.write("stacks/tests/b.yaml", SHORT.replace("expect: {", "expect: {tools: [{never: book}], "))
    done = flireo(*LIVE, "--max-cost", "0.50", "--yes", "a", "b")
    assert done.exit_code == 0, (done.output, done.exception)
    assert done.stdout.splitlines() == [
        "passed   a  agents.desk  6 s  0.07 euro",
        "passed   b  agents.desk  6 s  0.07 euro",
        "  not judged: tests/b.yaml:3:18  book: the API does not tell which tools a call used",
    ]
    assert 'call 1 of 2: a\n  say: "Hello there"' in done.stderr
    assert "2 tests (dev, live): 2 passed, 0.14 euro." in done.stderr
    sent = control("GET", "/calls?all=true")["calls"][0]["request"]
    assert sent["agent_config"]["first_message"].startswith("Good day")
    assert "canary" not in done.output


def test_no_call_is_placed_that_could_pass_the_cap(flireo: Flireo, control: Control) -> None:
    done = flireo(*LIVE, "--max-cost", "0.22", "--yes")  # a call can take two minutes, 0.14 euro, and takes one
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "passed   a  agents.desk  6 s  0.07 euro",
        "passed   b  agents.desk  6 s  0.07 euro",
        "skipped  c  agents.desk",
        "  it was not called: it can cost 0.14 euro (120 s), and 0.14 of 0.22 are spent. Raise --max-cost, or give the "
        "agent a shorter max_duration_seconds",
    ]
    assert placed(control) == 2


def test_an_account_that_charges_more_reaches_the_cap_sooner(
    flireo: Flireo, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metering, "MINUTE_COST", 0.20)
    done = flireo(*LIVE, "--max-cost", "0.50", "--yes", "--json")
    found = json.loads(done.stdout)
    assert [each["status"] for each in found["tests"]] == ["passed", "skipped", "skipped"]
    assert found["cost"] == 0.2
    assert "it can cost 0.40 euro (120 s), and 0.20 of 0.50 are spent" in found["tests"][1]["reason"]


def test_a_call_that_runs_over_is_told_to_end(shop: Repository, flireo: Flireo, control: Control) -> None:
    shop.write("stacks/tests/a.yaml", SHORT.replace("expect: {", "expect: {max_duration_s: 20, "))
    control("PUT", f"/callees/{CALLEE}", {"script": ["Hello there"], "hangs_up": False})
    done = flireo(*LIVE, "--max-cost", "1", "--yes", "a")
    assert done.exit_code == 1
    assert "it runs over 20 s and is told to end" in done.stderr
    assert "at most 20 s were expected" in done.stdout
    (call,) = control("GET", "/calls?all=true")["calls"]
    assert (call["end_reason"], call["duration_seconds"] < 30) == ("control_hangup", True)


def test_a_call_that_nobody_answers_fails_and_costs_nothing(flireo: Flireo, control: Control) -> None:
    control("PUT", f"/callees/{CALLEE}", {"picks_up": "nobody"})
    done = flireo(*LIVE, "--max-cost", "0.14", "--yes", "a", "b")
    assert done.exit_code == 1
    assert done.stdout.count("(nobody answered), an answered call was expected") == 2
    assert "2 failed, 0.00 euro" in done.stderr


def test_without_balance_nothing_more_is_tried(flireo: Flireo, control: Control) -> None:
    control("PUT", "/settings", {"minutes_balance": 0})
    done = flireo(*LIVE, "--max-cost", "1", "--yes")
    assert done.exit_code == 4
    assert done.stdout.count("not tried: a ended with an error") == 2
    assert "Top up the account" in done.stdout
    assert placed(control) == 1


def test_a_call_whose_answer_is_lost_is_not_placed_again(flireo: Flireo, control: Control) -> None:
    control("POST", "/faults", {"method": "POST", "path": "/calls/outbound", "kind": "disconnect-after-commit"})
    done = flireo(*LIVE, "--max-cost", "1", "--yes")
    assert done.exit_code == 4
    assert "not tried: a ended with an error" in done.stdout
    assert placed(control) == 1


def test_it_costs_money_so_somebody_has_to_agree(
    flireo: Flireo, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = flireo(*LIVE, "--max-cost", "1", "--junit", "report.xml")
    assert type(done.exception) is SettingsError
    assert ("none to run" in done.output, Path("report.xml").exists()) == (False, False)
    assert "test --live: needs a yes, and there is no terminal to ask at" in str(done.exception)
    asked: list[str] = []
    monkeypatch.setattr(_testing_live, "must_ask", lambda *_, **__: True)

    def refuse(question: str) -> None:
        asked.append(question)
        raise EngineError("nothing was done.", exit_code=8)

    monkeypatch.setattr(_testing_live, "ask", refuse)
    flireo(*LIVE, "--max-cost", "1")
    assert asked == [f"Place 3 calls to {CALLEE} with agents of dev? At most 1.00 euro."]
    assert placed(control) == 0


def test_a_deployed_agent_has_to_be_deployed(flireo: Flireo, control: Control) -> None:
    done = flireo("test", "a", "-s", "dev", "--live", "--to", CALLEE, "--max-cost", "1", "--yes")
    assert done.exit_code == 4
    assert 'agent "agents.desk": it is not deployed in the stack "dev"' in done.stdout


@pytest.fixture
def interrupted(control: Control, monkeypatch: pytest.MonkeyPatch) -> Control:
    """Steers the account; Ctrl-C is pressed in the second wait."""
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        control("POST", "/clock", {"advance_s": seconds})
        if len(waits) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(_testing_live, "Line", functools.partial(Line, sleep=sleep, clock=lambda: sum(waits)))
    return control


def test_ctrl_c_ends_the_call(flireo: Flireo, interrupted: Control) -> None:
    done = flireo(*LIVE, "--max-cost", "1", "--yes")
    assert done.exit_code != 0
    assert "may go on; it is told to end" in done.stderr
    (call,) = interrupted("GET", "/calls?all=true")["calls"]
    assert (call["status"], call["end_reason"]) == ("ended", "control_hangup")
    assert placed(interrupted) == 1


def test_ctrl_c_ends_a_call_that_still_rings_once_it_is_answered(flireo: Flireo, interrupted: Control) -> None:
    interrupted("PUT", f"/callees/{CALLEE}", {"after_s": 20, "script": ["Hello there"], "hangs_up": False})
    done = flireo(*LIVE, "--max-cost", "1", "--yes", "--json", "--junit", "report.xml")
    (call,) = interrupted("GET", "/calls?all=true")["calls"]
    assert (call["status"], call["end_reason"]) == ("ended", "control_hangup")
    assert call["duration_seconds"] < 5
    (told,) = json.loads(done.stdout)["tests"]
    assert (told["status"], told["cost"]) == ("error", 0.14)
    assert "interrupted. It can have cost 0.14 euro" in Path("report.xml").read_text()


def test_a_call_that_cannot_be_followed_is_counted_and_named_and_the_last(flireo: Flireo, control: Control) -> None:
    for method, path in (("GET", "/calls/*"), ("POST", "/calls/*/control")):
        control("POST", "/faults", {"method": method, "path": path, "kind": "status:404", "times": None})
    done = flireo(*LIVE, "--max-cost", "1", "--yes")
    (call,) = control("GET", "/calls?all=true")["calls"]
    assert f"Run: flireo call end {call['id']}" in done.stderr
    assert "It can have cost 0.14 euro (120 s)." in done.stdout
    assert done.stdout.count("not tried: a ended with an error") == 2
    assert "0.14 euro." in done.stderr
    assert (done.exit_code, placed(control)) == (4, 1)


def test_a_call_of_unknown_length_counts_as_the_longest(
    flireo: Flireo, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_length(*args: Any, **options: Any) -> Iterator[PhoneCall]:
        for call in watch_call(*args, **options):
            yield call.model_copy(update={"duration_seconds": None})

    monkeypatch.setattr(live, "watch_call", without_length)
    monkeypatch.setattr(live, "read_usage", lambda *_, **__: Namespace(logs=()))
    done = flireo(*LIVE, "--max-cost", "0.20", "--yes")
    assert "passed   a  agents.desk  0.14 euro" in done.stdout
    assert "0.14 of 0.20 are spent" in done.stdout


def test_what_no_real_call_can_prove_is_not_paid_for(shop: Repository, flireo: Flireo, control: Control) -> None:
    shop.write("stacks/tests/a.yaml", "agent: desk\nexpect: {tools: [{never: book}]}\n")
    shop.write("stacks/tests/b.yaml", "agent: desk\npicks_up: nobody\nexpect: {status: failed}\n")
    done = flireo(*LIVE, "--max-cost", "1", "a", "b")
    assert done.exit_code == 1
    assert "it was not called: nothing of it can be judged, the API does not tell which tools" in done.stdout
    assert "it was not called: picks_up: nobody is played offline only" in done.stdout
    assert placed(control) == 0


def test_an_agent_that_the_account_does_not_hold_is_not_called(
    flireo: Flireo, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_testing_live, "id_of", lambda *_: "00000000-0000-4000-8000-000000000000")
    done = flireo("test", "a", "-s", "dev", "--live", "--to", CALLEE, "--max-cost", "1", "--yes")
    assert "the account of this key has no agent 00000000-0000-4000-8000-000000000000" in done.stdout
    assert (done.exit_code, placed(control)) == (4, 0)


def test_a_refused_key_has_its_own_exit_code(flireo: Flireo, control: Control) -> None:
    control("POST", "/faults", {"method": "*", "path": "*", "kind": "status:401", "times": None})
    done = flireo(*LIVE, "--max-cost", "1", "--yes")
    assert done.exit_code == 3
    assert "skipped  b" in done.stdout
