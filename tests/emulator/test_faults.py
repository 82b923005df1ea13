"""Faults on order, as a client meets them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from flireo_iac.emulator import contract, server
from flireo_iac.emulator.server import Running
from tests.emulator.conftest import client_of


def order(control: httpx.Client, **fault: Any) -> None:
    answer = control.post("/faults", json=fault)
    assert answer.status_code == 201, answer.text


def agents(own_api: httpx.Client) -> list[str]:
    return [each["name"] for each in own_api.get("/agents").json()["agents"]]


@pytest.mark.parametrize(("kind", "held"), [("status:502", []), ("status:502-after-commit", ["A"])])
def test_a_status_before_and_after_the_commit(
    own_api: httpx.Client, control: httpx.Client, kind: str, held: list[str]
) -> None:
    order(control, method="POST", path="/agents", kind=kind)
    answer = own_api.post("/agents", json={"name": "A"})
    assert (answer.status_code, answer.json()) == (502, {"error": "Bad Gateway"})
    assert answer.headers["X-RateLimit-Limit"]
    assert agents(own_api) == held


@pytest.mark.parametrize(("kind", "held"), [("disconnect-before", []), ("disconnect-after-commit", ["A"])])
def test_a_cut_connection(own_api: httpx.Client, control: httpx.Client, kind: str, held: list[str]) -> None:
    order(control, method="POST", path="/agents", kind=kind)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        own_api.post("/agents", json={"name": "A"})
    assert agents(own_api) == held


@pytest.mark.parametrize(("kind", "held"), [("timeout", []), ("timeout-after-commit", ["A"])])
def test_a_connection_that_is_held(own_api: httpx.Client, control: httpx.Client, kind: str, held: list[str]) -> None:
    order(control, method="POST", path="/agents", kind=kind)
    with pytest.raises(httpx.ReadTimeout):
        own_api.post("/agents", json={"name": "A"}, timeout=0.2)
    assert agents(own_api) == held


def test_a_held_connection_does_not_keep_the_emulator_from_stopping() -> None:
    with ThreadPoolExecutor(1) as pool:
        with server.running() as emulator, client_of(emulator) as api:
            httpx.post(f"{emulator.control_url}/faults", json={"kind": "timeout"})
            waiting = pool.submit(api.get, "/agents")
            while not any(entry.fault for entry in emulator.app.emulation.log.entries):
                time.sleep(0.01)
            begun = time.monotonic()
        with pytest.raises(httpx.TransportError):
            waiting.result(timeout=5)
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize("retry_after", [7, "Wed, 21 Oct 2026 07:28:00 GMT", None])
def test_a_429_with_seconds_a_date_or_nothing(
    own_api: httpx.Client, control: httpx.Client, retry_after: int | str | None
) -> None:
    order(control, kind="429", retry_after=retry_after)
    answer = own_api.get("/agents")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert answer.headers.get("Retry-After") == (None if retry_after is None else str(retry_after))


def test_a_page_of_a_gateway(own_api: httpx.Client, control: httpx.Client) -> None:
    order(control, kind="html", status=200, times=2)
    answer = own_api.post("/agents", json={"name": "A"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<html>")
    order(control, kind="html-after-commit")
    own_api.get("/agents")
    assert own_api.post("/agents", json={"name": "B"}).status_code == 502
    assert agents(own_api) == ["B"]


def test_spoiled_answers(own_api: httpx.Client, control: httpx.Client) -> None:
    for name in "abc":
        own_api.post("/agents", json={"name": name})
    order(control, path="/agents", kind="truncated")
    assert agents(own_api) == ["a"]
    order(control, path="/agents", kind="truncated-body")
    cut = own_api.get("/agents")
    assert cut.status_code == 200
    with pytest.raises(ValueError):
        cut.json()
    order(control, path="/agents", kind="empty", method="POST")
    empty = own_api.post("/agents", json={"name": "d"})
    assert (empty.status_code, empty.content) == (201, b"")
    assert agents(own_api) == ["a", "b", "c", "d"]
    order(control, path="/account", kind="truncated")
    assert len(own_api.get("/account").content) < len(own_api.get("/account").content)


def test_a_list_that_moved_between_its_pages_names_one_item_twice(own_api: httpx.Client, control: httpx.Client) -> None:
    own_api.post("/agents", json={"name": "a"})
    order(control, path="/agents", kind="duplicates")
    assert agents(own_api) == ["a", "a"]
    for name in "bc":
        own_api.post("/agents", json={"name": name})
    order(control, path="/agents", kind="duplicates")
    assert agents(own_api) == ["a", "b", "a"]
    order(control, path="/account", kind="duplicates")
    assert own_api.get("/account").json()["id"]
    assert agents(own_api) == ["a", "b", "c"]


def test_one_answer_in_another_envelope(own_api: httpx.Client, control: httpx.Client) -> None:
    order(control, method="POST", path="/agents", kind="wrong-envelope")
    assert own_api.post("/agents", json={"name": "a"}).json()["result"]["agent"]["name"] == "a"
    order(control, path="/agents", kind="dialect:successor")
    assert [each["name"] for each in own_api.get("/agents").json()["assistants"]] == ["a"]
    assert agents(own_api) == ["a"]
    template = {"name": "T", "system_prompt": "s", "user_prompt": "u", "schema": {"type": "object"}}
    assert own_api.post("/analysis-templates", json=template).status_code == 201
    for dialect, key in (("jan2026", "analysis_templates"), ("successor", "data")):
        order(control, path="/analysis-templates", kind=f"dialect:{dialect}")
        assert [each["name"] for each in own_api.get("/analysis-templates").json()[key]] == ["T"]


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refusal_on_order_has_the_shape_of_the_contract(
    own_api: httpx.Client, control: httpx.Client, status: int
) -> None:
    shape = next(each.answers[status] for each in contract.load().operations if status in each.answers)
    assert shape is not None
    for message in (None, "Not today."):
        order(control, kind=f"status:{status}", message=message)
        answer = own_api.post("/agents", json={"name": "A"})
        assert answer.status_code == status
        assert shape.problems(answer.json()) == []
        assert message is None or message in answer.text


def test_a_fault_that_spreads_meets_everything_from_its_first_request_on(
    own_api: httpx.Client, control: httpx.Client
) -> None:
    order(control, method="POST", path="/agents", kind="status:401", spreads=True)
    assert own_api.get("/agents").status_code == 200
    assert own_api.post("/agents", json={"name": "A"}).status_code == 401
    assert [own_api.get(path).status_code for path in ("/agents", "/voices", "/numbers")] == [401] * 3
    control.delete("/faults")
    assert agents(own_api) == []


def test_a_fault_meets_only_what_it_names_and_only_so_often(own_api: httpx.Client, control: httpx.Client) -> None:
    order(control, method="get", path="/api/v1/agents*", kind="status:503", times=2, after=1)
    codes = [own_api.get(path).status_code for path in ("/voices", "/agents", "/agents", "/agents/x", "/agents")]
    assert codes == [200, 200, 503, 503, 200]
    assert own_api.post("/agents", json={"name": "A"}).status_code == 201
    assert control.get("/faults").json() == {"faults": []}


def test_a_fault_without_end_lasts_until_it_is_taken_away(own_api: httpx.Client, control: httpx.Client) -> None:
    order(control, kind="status:500", times=None)
    assert [own_api.get("/agents").status_code for _ in range(3)] == [500] * 3
    assert control.get("/faults").json()["faults"][0]["kind"] == "status:500"
    control.delete("/faults")
    assert own_api.get("/agents").status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"kind": "nothing"},
        {"kind": "status:200"},
        {"kind": "429", "times": 0},
        {"kind": "429", "x": 1},
        {"kind": "dialect:x"},
        [],
    ],
)
def test_an_order_that_is_not_understood_is_400(control: httpx.Client, fault: Any) -> None:
    assert control.post("/faults", json=fault).status_code == 400


def test_concurrent_requests_wait_their_latency_side_by_side(own: Running) -> None:
    own.app.emulation.settings.latency_ms = 200
    with ThreadPoolExecutor(8) as pool, client_of(own) as api:
        begun = time.monotonic()
        assert {each.status_code for each in pool.map(lambda _: api.get("/voices"), range(8))} == {200}
        took = time.monotonic() - begun
    assert 0.2 <= took < 1.4
