"""Control routes: log, state, objects, settings."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from flireo_iac.emulator.server import Running
from tests.emulator.conftest import client_of


def test_the_log_shows_what_was_sent_without_keys_or_values(own: Running, control: httpx.Client) -> None:
    with client_of(own, "fl_live_canarycanary1234") as api:
        api.post("/byok", json={"provider": "openai", "api_key": "sk-canary"})
        api.get("/analysis-templates", params={"limit": 2})
        api.get("/agents/x")
    httpx.get(f"{own.url}/agents")
    control.get("/state")
    entries = control.get("/requests").json()["requests"]
    assert "canary" not in str(entries)
    seen = [{key: value for key, value in entry.items() if key != "time"} for entry in entries]
    assert seen == [
        {"key": "…1234", "method": "POST", "path": "/byok", "status": 200, "body_keys": ["provider", "api_key"]},
        {"key": "…1234", "method": "GET", "path": "/analysis-templates", "status": 200, "query": "limit=2"},
        {"key": "…1234", "method": "GET", "path": "/agents/x", "status": 404},
        {"key": None, "method": "GET", "path": "/agents", "status": 401},
    ]
    assert entries[0]["time"].endswith("Z")
    control.delete("/requests")
    assert control.get("/requests").json() == {"requests": []}


def test_a_faulty_request_says_so_in_the_log(own_api: httpx.Client, control: httpx.Client) -> None:
    control.post("/faults", json={"kind": "disconnect-before"})
    with pytest.raises(httpx.TransportError):
        own_api.get("/agents")
    (entry,) = control.get("/requests").json()["requests"]
    assert (entry["status"], entry["fault"]) == (None, "disconnect-before")


def test_reset_forgets_everything(own_api: httpx.Client, control: httpx.Client) -> None:
    own_api.post("/agents", json={"name": "A"})
    control.post("/faults", json={"kind": "status:500"})
    assert control.post("/reset").json() == {"success": True}
    assert control.get("/requests").json() == {"requests": []}
    assert own_api.get("/agents").json() == {"agents": []}


def test_the_state_is_given_and_taken_whole(own_api: httpx.Client, control: httpx.Client) -> None:
    trunk = own_api.post("/sip-trunks", json={"name": "T", "host": "h", "password": "kept"}).json()["trunk"]
    state = control.get("/state").json()
    (collections,) = state["organizations"].values()
    assert collections == {"sip-trunks": [{**trunk, "password": "kept"}]}
    control.post("/reset")
    assert control.put("/state", json=state).status_code == 200
    assert own_api.get("/sip-trunks").json() == {"trunks": [trunk]}


@pytest.mark.parametrize("state", [None, [], {}, {"organizations": {"o": {"agents": [{"name": "A"}]}}}])
def test_what_is_no_state_is_refused(own_api: httpx.Client, control: httpx.Client, state: Any) -> None:
    own_api.post("/agents", json={"name": "A"})
    assert control.put("/state", json=state).status_code == 400
    assert len(own_api.get("/agents").json()["agents"]) == 1


def test_an_object_is_edited_and_deleted_behind_the_stack(own_api: httpx.Client, control: httpx.Client) -> None:
    agent = own_api.post("/agents", json={"name": "A"}).json()["agent"]
    path = f"/objects/agents/{agent['id']}"
    control.patch(path, json={"name": "B", "invented": {"x": 1}})
    changed = own_api.get(f"/agents/{agent['id']}").json()["agent"]
    assert changed["updated_at"] > agent["updated_at"]
    assert changed == {**agent, "name": "B", "invented": {"x": 1}, "updated_at": changed["updated_at"]}
    assert control.get(path).json()["object"] == control.get("/objects/agents").json()["objects"][0] == changed
    assert control.patch(path, json={"id": "other"}).status_code == 400
    assert control.delete(path).json() == {"success": True}
    assert control.delete(path).status_code == 404
    assert own_api.get("/agents").json() == {"agents": []}


def test_an_object_is_made_for_the_organization_of_a_key(own_api: httpx.Client, control: httpx.Client) -> None:
    assert control.post("/objects/agents", json={"name": "A"}).status_code == 400
    headers = {"Authorization": own_api.headers["authorization"]}
    made = control.post("/objects/agents", json={"name": "A", "is_active": True}, headers=headers).json()["object"]
    assert own_api.get("/agents").json() == {"agents": [made]}


def test_brief_lists_leave_large_fields_out_and_items_do_not(own_api: httpx.Client, control: httpx.Client) -> None:
    agent = own_api.post("/agents", json={"name": "A"}).json()["agent"]
    assert control.put("/settings", json={"lists": "brief"}).json()["lists"] == "brief"
    (item,) = own_api.get("/agents").json()["agents"]
    assert "llm_config" not in item
    assert item["name"] == "A"
    assert own_api.get(f"/agents/{agent['id']}").json()["agent"] == agent


def test_settings_that_do_not_exist_are_refused_and_none_is_taken(control: httpx.Client) -> None:
    before = control.get("/settings").json()
    refused: list[Any] = [{"latency_ms": 5, "x": 1}, {"dialect": "other"}, {"latency_ms": -1}, [], None]
    for wrong in refused:
        assert control.put("/settings", json=wrong).status_code == 400
    assert control.get("/settings").json() == before


def test_the_nested_error_shape_is_an_option(own_api: httpx.Client, control: httpx.Client) -> None:
    control.put("/settings", json={"errors": "nested"})
    error = own_api.post("/agents", json={}).json()["error"]
    assert error == {"code": "invalid_request", "message": "name is required", "param": "name"}


def test_deletes_without_a_body_are_an_option(own_api: httpx.Client, control: httpx.Client) -> None:
    agent = own_api.post("/agents", json={"name": "A"}).json()["agent"]
    own_api.post("/byok", json={"provider": "openai", "api_key": "k"})
    control.put("/settings", json={"deletes": 204})
    answer = own_api.delete(f"/agents/{agent['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert own_api.request("DELETE", "/byok", json={"provider": "openai"}).status_code == 200


def test_an_answer_that_breaks_the_contract_is_noticed(
    own_api: httpx.Client, control: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    agent = own_api.post("/agents", json={"name": "A"}).json()["agent"]
    control.patch(f"/objects/agents/{agent['id']}", json={"is_active": "yes"})
    assert own_api.get("/agents").status_code == 500
    assert "listAgents" in caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://rebound.example.com", "Host": "rebound.example.com"},
        {"Sec-Fetch-Site": "same-origin", "Host": "rebound.example.com"},
    ],
)
def test_pages_of_other_sites_cannot_use_control_routes(
    own_api: httpx.Client, control: httpx.Client, headers: dict[str, str]
) -> None:
    own_api.post("/agents", json={"name": "A"})
    for method, path in (("POST", "/reset"), ("GET", "/state")):
        answer = control.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden")
    assert len(own_api.get("/agents").json()["agents"]) == 1


def test_a_page_of_the_emulator_itself_may_use_control_routes(own: Running, control: httpx.Client) -> None:
    headers = {"Origin": f"http://{own.address}", "Sec-Fetch-Site": "same-origin"}
    assert control.post("/reset", headers=headers).status_code == 200
    assert control.get("/state", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_other_control_routes_and_methods_are_refused_clearly(own: Running, control: httpx.Client) -> None:
    assert control.get("/nothing").status_code == 404
    answer = control.put("/reset")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert httpx.get(own.url.removesuffix("/api/v1")).status_code == 404
