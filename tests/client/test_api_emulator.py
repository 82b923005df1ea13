"""The client against the emulator: every kind and style, in every dialect, and with faults on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.client import FlireoApi, list_voices, read_account
from flireo_iac.client.budget import Budget
from flireo_iac.core.ports import Api
from flireo_iac.emulator.server import Running, running
from flireo_iac.errors import (
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    RateLimitError,
    ServerError,
    TransportError,
    UnexpectedAnswerError,
)
from flireo_iac.kinds import KINDS, Kind
from flireo_iac.settings import Settings
from tests.client.conftest import KEY
from tests.needed import make_needed

AGENT = KINDS["agent"]
CHANGES: dict[str, dict[str, Any]] = {
    "agent": {"name": "Night desk", "first_message": None},
    "analysis_template": {"name": "Later", "description": None},
    "tool_template": {"name": "Other"},
    "phone_number": {"name": "Back door", "is_active": False},
    "byok_key": {"api_key": "another-key"},
    "campaign": {"name": "Later", "system_message_template": None},
}


@pytest.fixture
def emulator() -> Iterator[Running]:
    with running(requests_per_minute=0, check_answers=True) as server:
        yield server


def control(emulator: Running, method: str, path: str, **options: Any) -> Any:
    answer = httpx.request(method, f"{emulator.control_url}{path}", trust_env=False, **options)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def requests(emulator: Running) -> list[str]:
    return [f"{each['method']} {each['path']}" for each in control(emulator, "GET", "/requests")["requests"]]


LIVES = [
    pytest.param(kind, dialect, client_dialect, id=f"{kind.name}-{dialect}-{client_dialect}")
    for kind in KINDS.values()
    for dialect in ("dec2025", "jan2026", "successor")
    for client_dialect in (dialect, "auto")
    if client_dialect != "auto" or kind.endpoint.successor_path is not None
]


@pytest.mark.parametrize(("kind", "dialect", "client_dialect"), LIVES)
def test_a_life_of_every_kind(
    make_api: Callable[..., FlireoApi], kind: Kind, dialect: str, client_dialect: str
) -> None:
    with running(requests_per_minute=0, dialect=dialect) as emulator:
        api: Api = make_api(emulator.url, dialect=client_dialect)
        make_needed(kind, emulator.url, emulator.control_url, KEY)
        body = dict(kind.example)
        within = body.get(kind.endpoint.within, "")
        before = api.list(kind, within)
        assert before.is_complete
        if dialect == "successor" and kind.name == "sip_trunk":
            body["provider"] = "carrier"
        row = api.create(kind, body)
        id_ = row["id"]
        listing = api.list(kind, within)
        assert listing.is_complete
        assert [each["id"] for each in listing.rows] == [*(each["id"] for each in before.rows), id_]
        assert api.get(kind, id_) == row
        if kind.endpoint.update != "none":
            change = CHANGES[kind.name]
            changed = api.update(kind, id_, change)
            assert changed["id"] == id_
            shown = {key: value for key, value in change.items() if key != "api_key"}
            assert shown.items() <= changed.items()
            assert api.get(kind, id_) == changed
        assert api.delete(kind, id_) is True
        assert api.get(kind, id_) is None
        assert api.delete(kind, id_) is False
        assert api.list(kind, within) == before


def test_one_request_for_each_verb(emulator: Running, make_api: Callable[..., FlireoApi]) -> None:
    api = make_api(emulator.url)
    row = api.create(AGENT, {"name": "A"})
    api.list(AGENT)
    api.get(AGENT, row["id"])
    api.update(AGENT, row["id"], {"name": "B"})
    api.delete(AGENT, row["id"])
    assert [line.split()[0] for line in requests(emulator)] == ["POST", "GET", "GET", "PATCH", "DELETE"]


def test_more_than_fifty_analysis_templates_are_all_listed(
    emulator: Running, make_api: Callable[..., FlireoApi]
) -> None:
    api = make_api(emulator.url)
    template = KINDS["analysis_template"]
    made = [api.create(template, {**template.example, "name": f"T{number}"})["id"] for number in range(55)]
    control(emulator, "DELETE", "/requests")
    for dialect, count in (("dec2025", 1), ("successor", 2)):
        control(emulator, "PUT", "/settings", json={"dialect": dialect})
        listing = make_api(emulator.url, dialect=dialect).list(template)
        assert [row["id"] for row in listing.rows] == made
        assert listing.is_complete
        assert len(requests(emulator)) == count
        control(emulator, "DELETE", "/requests")


def test_account_and_voices(emulator: Running, make_api: Callable[..., FlireoApi]) -> None:
    api = make_api(emulator.url)
    assert read_account(api.http)["id"]
    assert all(voice["id"] for voice in list_voices(api))


def test_a_wrong_key_is_exit_3(emulator: Running, make_api: Callable[..., FlireoApi]) -> None:
    with pytest.raises(AuthenticationError, match="Check FLIREO_API_KEY") as caught:
        make_api(emulator.url, key="wrong").list(AGENT)
    assert caught.value.exit_code == 3


def test_a_second_number_is_a_conflict(emulator: Running, make_api: Callable[..., FlireoApi]) -> None:
    api = make_api(emulator.url)
    number = KINDS["phone_number"]
    api.create(number, number.example)
    with pytest.raises(ConflictError, match=r'create phone number "\+31201234567"'):
        api.create(number, number.example)


@pytest.mark.parametrize("kind", ["status:502", "disconnect-before", "html", "truncated-body", "429"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_fault_on_the_way_does_not_show(
    emulator: Running, make_api: Callable[..., FlireoApi], kind: str, method: str
) -> None:
    api = make_api(emulator.url)
    id_ = api.create(AGENT, {"name": "A"})["id"]
    fault: dict[str, Any] = {"method": method, "path": "*", "kind": kind, "times": 2}
    if kind == "429":
        fault["retry_after"] = 0
    control(emulator, "POST", "/faults", json=fault)
    control(emulator, "DELETE", "/requests")
    match method:
        case "GET":
            assert api.get(AGENT, id_) is not None
        case "PATCH":
            assert api.update(AGENT, id_, {"name": "B"})["name"] == "B"
        case "DELETE":
            # A delete that was carried out, and whose answer was lost, finds nothing the second time.
            assert api.delete(AGENT, id_) is (kind != "truncated-body")
            assert api.get(AGENT, id_) is None
    assert requests(emulator).count(f"{method} /agents/{id_}") >= 2


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("status:502-after-commit", ServerError),
        ("disconnect-after-commit", TransportError),
        ("html-after-commit", ServerError),
        ("empty", UnexpectedAnswerError),
        ("truncated-body", (UnexpectedAnswerError, TransportError)),
        ("timeout-after-commit", TransportError),
    ],
)
def test_a_create_whose_answer_is_lost_is_sent_once(
    emulator: Running, make_api: Callable[..., FlireoApi], kind: str, error: Any
) -> None:
    api = make_api(emulator.url, read_timeout_s=0.5)
    control(emulator, "POST", "/faults", json={"method": "POST", "path": "/agents", "kind": kind})
    with pytest.raises(error) as caught:
        api.create(AGENT, {"name": "A"})
    assert getattr(caught.value, "may_have_arrived", True)
    assert [row["name"] for row in api.list(AGENT).rows] == ["A"]


def test_a_create_survives_the_servers_own_limit(emulator: Running, make_api: Callable[..., FlireoApi]) -> None:
    api = make_api(emulator.url)
    fault = {"method": "POST", "path": "/agents", "kind": "429", "times": 2, "retry_after": 0}
    control(emulator, "POST", "/faults", json=fault)
    api.create(AGENT, {"name": "A"})
    assert len(api.list(AGENT).rows) == 1
    control(emulator, "POST", "/faults", json={**fault, "retry_after": 3600})
    with pytest.raises(RateLimitError, match="asks to wait 3600 s") as caught:
        api.create(AGENT, {"name": "B"})
    assert caught.value.retry_after_s == 3600


def test_the_field_at_fault_is_named_and_secrets_are_not_shown(
    emulator: Running, make_api: Callable[..., FlireoApi]
) -> None:
    api = make_api(emulator.url)
    with pytest.raises(InvalidRequestError, match="host") as caught:
        api.create(KINDS["sip_trunk"], {"name": "T", "password": "canary", "port": "canary"})
    assert "canary" not in str(caught.value)
    with pytest.raises(InvalidRequestError) as caught:
        api.create(KINDS["phone_number"], {"phone_number": "12"})
    assert "phone_number" in str(caught.value)


def test_a_large_stack_stays_below_the_servers_limit(tmp_path: Path) -> None:
    # The same proportions as 90 of 100 requests a minute, in a window of half a second.
    with running(requests_per_minute=0) as emulator:
        settings = Settings(key="fl_x", base_url=emulator.url, state_dir=tmp_path)
        budget = Budget(tmp_path / "b" / "b.sqlite", 9, window_s=0.5)
        with FlireoApi(settings, budget=budget) as api, ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda number: api.create(AGENT, {"name": f"A{number}"}), range(25)))
        entries = control(emulator, "GET", "/requests")["requests"]
    times = sorted(datetime.fromisoformat(each["time"]).timestamp() for each in entries)
    assert len(times) == 25
    assert max(sum(1 for other in times if first <= other < first + 0.3) for first in times) <= 10
    assert times[-1] - times[0] >= 0.9
