"""Control routes: log, state, objects, settings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import httpx
import pytest
import yaml

from flireo_iac import emulator as package
from flireo_iac.emulator.app import App
from flireo_iac.emulator.emulation import Emulation
from flireo_iac.emulator.masking import masked
from flireo_iac.emulator.options import Settings
from flireo_iac.emulator.requestlog import Entry, RequestLog
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
    organization = entries[0]["organization"]
    known = {"key": "…1234", "organization": organization}
    seen = [{key: value for key, value in entry.items() if key not in {"time", "ms"}} for entry in entries]
    assert seen == [
        {"id": 1, **known, "method": "POST", "path": "/byok", "status": 200, "body_keys": ["provider", "api_key"]},
        {"id": 2, **known, "method": "GET", "path": "/analysis-templates", "status": 200, "query": "limit=2"},
        {"id": 3, **known, "method": "GET", "path": "/agents/x", "status": 404},
        {"id": 4, "key": None, "method": "GET", "path": "/agents", "status": 401},
    ]
    assert entries[0]["time"].endswith("Z")
    assert all(entry["ms"] >= 0 for entry in entries)
    assert organization in control.get("/state").json()["organizations"]
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
        # A browser that reads a plain http page of another name from itself sends nothing else that tells.
        {"Host": "rebound.example.com"},
        {"Host": "rebound.example.com:8765"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
)
def test_pages_of_other_sites_cannot_use_control_routes(
    own_api: httpx.Client, control: httpx.Client, headers: dict[str, str]
) -> None:
    own_api.post("/agents", json={"name": "A"})
    tries: list[tuple[str, str, Any]] = [
        ("POST", "/reset", None),
        ("POST", "/faults", {"kind": "status:500", "times": None}),
        ("POST", "/calls/any/control", {"type": "end-call"}),
        ("DELETE", "/requests", None),
        ("GET", "/state", None),
        ("GET", "/requests/1", None),
        ("GET", "/", None),
        ("GET", "/console/main.js", None),
    ]
    for method, path, body in tries:
        answer = control.request(method, path, headers=headers, json=body)
        assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden"), path
    assert len(own_api.get("/agents").json()["agents"]) == 1
    assert len(control.get("/requests").json()["requests"]) == 2


def test_a_link_from_anywhere_leads_to_the_console(control: httpx.Client) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert control.get("/", headers=link).status_code == 200
    assert control.post("/reset", headers=link).status_code == 403


def test_a_page_of_the_emulator_itself_may_use_control_routes(own: Running, control: httpx.Client) -> None:
    headers = {"Origin": f"http://{own.address}", "Sec-Fetch-Site": "same-origin"}
    assert control.post("/reset", headers=headers).status_code == 200
    assert control.get("/state", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


@pytest.mark.parametrize(
    ("listens", "known", "unknown"),
    [
        ("127.0.0.1", [], ["10.0.0.1", "0.0.0.0", "emulator"]),
        ("emulator", ["emulator", "Emulator:8765"], ["10.0.0.1", "emulator.example.com", "notemulator"]),
        ("10.0.0.1", ["10.0.0.1:8765"], ["10.0.0.2"]),
        ("0.0.0.0", ["0.0.0.0:8765", "10.0.0.1", "[fe80::1]:8765"], ["emulator"]),
        ("::", ["[::]:8765", "10.0.0.1"], ["emulator"]),
    ],
)
def test_control_routes_are_for_who_knows_the_emulator_by_its_own_address(
    listens: str, known: list[str], unknown: list[str]
) -> None:
    own = ["10.1.1.1:8765", "localhost", "LOCALHOST:80", "127.0.0.1:1", "127.8.8.8", "[::1]", "[::1]:8765"]
    odd = ["", ":80", "evil.example@localhost", "localhost@evil.example", "localhost.evil.example", "localhost:80:80"]
    odd += ["127.0.0.1.evil.example", "[::1", "evil.example/localhost", "localhost:x"]

    async def statuses(path: str, hosts: list[str]) -> dict[str, int]:
        app = App(Emulation(Settings()), host=listens)  # reached at 10.1.1.1, wherever a name leads
        headers = {"Authorization": "Bearer fl_test_hosts_1234"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(base_url="http://10.1.1.1", transport=transport, headers=headers) as client:
            return {host: (await client.get(path, headers={"Host": host})).status_code for host in hosts}

    asked = asyncio.run(statuses("/_emulator/state", own + known + odd + unknown))
    assert asked == dict.fromkeys(own + known, 200) | dict.fromkeys(odd + unknown, 403)
    # The API is for everybody who has a key, by whatever name they know it.
    assert set(asyncio.run(statuses("/api/v1/agents", own + known + unknown)).values()) == {200}


def test_other_control_routes_and_methods_are_refused_clearly(own: Running, control: httpx.Client) -> None:
    assert control.get("/nothing").status_code == 404
    answer = control.put("/reset")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert httpx.get(own.url.removesuffix("/api/v1")).status_code == 404


def test_a_logged_request_shows_both_bodies_with_secrets_masked(own_api: httpx.Client, control: httpx.Client) -> None:
    tool = {"type": "function", "function": {"name": "t"}, "server": {"url": "http://localhost/", "secret": "canary"}}
    agent = {
        "name": "A",
        "webhook_secret": "canary",
        "llm_config": {"provider": "openai", "model": "m", "tools": [tool]},
    }
    made = own_api.post("/agents", json=agent).json()["agent"]
    own_api.post("/sip-trunks", content=b'{"password": "canary"')
    own_api.get("/agents")
    control.post("/faults", json={"kind": "truncated-body", "times": None})
    own_api.get(f"/agents/{made['id']}")
    shown = [control.get(f"/requests/{number}").json()["request"] for number in range(1, 5)]
    assert "canary" not in str(shown)
    sent = shown[0]["request"]["json"]
    assert (sent["name"], sent["webhook_secret"]) == ("A", "••••••••")
    assert sent["llm_config"]["tools"][0]["server"] == {"url": "http://localhost/", "secret": "••••••••"}
    assert shown[0]["answer"]["json"]["agent"] == {
        **made,
        **sent,
        "llm_config": shown[0]["answer"]["json"]["agent"]["llm_config"],
    }
    # What is not JSON cannot be masked: only its size is told.
    assert shown[1]["request"] == {"bytes": 21}
    assert shown[2]["request"] is None
    assert list(shown[3]["answer"]) == ["bytes"]
    for unknown in ("5", "0", "x", "-1", "9" * 40):
        assert control.get(f"/requests/{unknown}").status_code == 404


def test_only_the_last_bodies_are_kept() -> None:
    log = RequestLog()
    for body in (b"{}",) * 501:
        entry = log.add(Entry("", None, "POST", "/agents"))
        log.sent(entry, body)
        log.answered(entry, 200, body)
    assert [log.entries[n].sent for n in (0, 1, -1)] == [None, b"{}", b"{}"]
    large = log.add(Entry("", None, "POST", "/agents"))
    log.sent(large, b"x" * 200_001)
    assert large.sent is None
    assert [entry.number for entry in log.last(2, [])] == [501, 502]
    assert len(log.last(None, [])) == len(log.last(10_000, [])) == 502
    assert [entry.number for entry in log.last(None, ["none", "post"])] == [502]


def test_a_look_says_how_many_there_are_and_what_has_changed(own: Running, control: httpx.Client) -> None:
    with client_of(own, "fl_test_first_of_two_1111") as api, client_of(own, "fl_test_second_of_two_2222") as other:
        trunk = {"name": "T", "host": "h", "password": "canary"}
        for each in (api, api, other):
            each.post("/sip-trunks", json=trunk)
        before = control.get("/overview").json()
        assert [(each["key"], each["objects"]) for each in before["organizations"]] == [
            ("…1111", {"sip-trunks": 2}),
            ("…2222", {"sip-trunks": 1}),
        ]
        assert (before["requests"], before["faults"], before["webhooks"], before["live_calls"]) == (3, 0, 0, 0)
        assert control.get("/overview").json() == before
        api.get("/agents")
        after = control.get("/overview").json()["changes"]
        assert after["requests"] > before["changes"]["requests"]
        assert after["objects"] == before["changes"]["objects"]
        organization = before["organizations"][1]["id"]
        (row,) = control.get("/objects/sip-trunks", params={"organization": organization}).json()["objects"]
        assert row["password"] == "canary"
        path = f"/objects/sip-trunks/{row['id']}"
        assert control.get(path, params={"masked": "true"}).json()["object"]["password"] == "••••••••"
        assert control.get("/objects/sip-trunks", params={"organization": "none"}).status_code == 404
        assert [each["path"] for each in control.get("/requests?limit=2").json()["requests"]] == [
            "/sip-trunks",
            "/agents",
        ]
        for wrong in ("0", "x", "-1", "1.5", ""):
            assert control.get("/requests", params={"limit": wrong}).status_code == 400


def test_lists_are_cut_and_searched_where_that_is_asked_for(own_api: httpx.Client, control: httpx.Client) -> None:
    for name in ("First", "Second", "Third"):
        own_api.post("/agents", json={"name": name, "first_message": "x" * 201})
    listed = control.get("/objects/agents?brief=true&limit=2").json()["objects"]
    assert [row["name"] for row in listed] == ["Second", "Third"]
    assert listed[0]["first_message"] == "x" * 200 + "…"
    assert "llm_config" not in listed[0]
    (found,) = control.get("/objects/agents", params={"text": "sECo xx"}).json()["objects"]
    assert (found["name"], len(found["first_message"])) == ("Second", 201)
    assert control.get("/objects/agents", params={"text": "second third"}).json() == {"objects": []}
    own_api.get("/agents", params={"limit": 7})
    (entry,) = control.get("/requests", params={"text": "get LIMIT=7"}).json()["requests"]
    assert entry["path"] == "/agents"


def test_every_secret_of_the_contract_is_masked() -> None:
    """The names that are masked are written down by hand; the contract must not know others."""
    document = yaml.safe_load(resources.files(package).joinpath("openapi.yaml").read_text())
    found = dict(_secrets(document["components"]["schemas"]))
    assert {"secret", "webhook_secret", "password", "auth_password", "api_key", "headers"} <= set(found)
    for name, schema in found.items():
        value: Any = {"x-token": "canary"} if schema["type"] == "object" else "canary"
        assert "canary" not in str(masked({name: value})), name


@pytest.mark.parametrize(
    "secret",
    [
        {"password": 123456789},
        {"password": {"v": "123456789"}},
        {"secret": ["123456789", {"deep": [123456789]}]},
        {"token": "123456789"},
        {"accessToken": "123456789", "X-Api-Key": "123456789", "client_secret": "123456789"},
        {"headers": [{"name": "Authorization", "value": "123456789"}]},
        {"webhook_url": "https://example.com/hook?token=123456789&b=123456789#123456789"},
        {"webhook_url": "https://user:123456789@example.com/hook"},
        {"webhook_url": "HTTPS://123456789@example.com?123456789"},
        {"text": "First https://me:123456789@example.com/, then https://example.com/?day=1&api%5Fkey=123456789 ."},
    ],
)
def test_nothing_below_a_secret_name_and_no_secret_of_a_url_is_seen(secret: dict[str, Any]) -> None:
    assert "123456789" not in json.dumps(masked(secret))


def test_what_is_no_secret_is_seen_as_it_is() -> None:
    seen = {
        "password": None,
        "secret": "",
        "max_output_tokens": 5,
        "openai_secret_id": "s",
        "webhook_url": "http://127.0.0.1:9/hook",
        "first_message": "See https://example.com/?day={{day}}#top, or mail me@example.com: is 1:1 a token?",
    }
    assert masked(seen) == seen
    assert masked({"url": "https://u:p@h/a?b=1&c#d"}) == {"url": "https://••••••••@h/a?b=••••••••&••••••••#••••••••"}


def test_what_is_masked_is_not_found_either(own_api: httpx.Client, control: httpx.Client) -> None:
    trunk = {"name": "Front", "host": "h", "password": "canary1234"}
    own_api.post("/sip-trunks", json=trunk)
    hook = "http://" + "u" * 250 + ":canary1234@localhost/?t=canary1234"
    own_api.post("/agents", json={"name": "Front", "webhook_url": hook})
    own_api.get("/agents", params={"limit": 7, "api_key": "canary1234", "token": "canary1234"})
    for kind in ("sip-trunks", "agents"):
        asked = {"masked": "true", "brief": "true"}
        assert control.get(f"/objects/{kind}", params={**asked, "text": "canary1234"}).json() == {"objects": []}
        (found,) = control.get(f"/objects/{kind}", params={**asked, "text": "front"}).json()["objects"]
        assert "canary" not in str(found)
        assert "uuu" not in str(found)
    assert len(control.get("/objects/sip-trunks", params={"text": "canary1234"}).json()["objects"]) == 1
    assert control.get("/requests", params={"text": "canary1234"}).json() == {"requests": []}
    (entry,) = control.get("/requests", params={"text": "limit=7"}).json()["requests"]
    assert entry["query"] == "limit=7&api_key=••••••••&token=••••••••"


def _secrets(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        for name, schema in node.items():
            if isinstance(schema, dict):
                if (schema.get("writeOnly") or schema.get("x-secret")) and schema.get("type") != "array":
                    yield name, schema
                yield from _secrets(schema)
