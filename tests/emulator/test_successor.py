"""What only successors have: organizations with children, workflows, MCP servers, settings of provider keys."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from flireo_iac.emulator.server import Running
from tests.emulator.answers import GRAPH, MCP, UNKNOWN
from tests.emulator.conftest import client_of
from tests.emulator.world import World


@pytest.fixture
def later(calling: httpx.Client, api: httpx.Client) -> httpx.Client:
    """A client of an emulator that answers as the newest successor."""
    calling.put("/settings", json={"dialect": "successor"}).raise_for_status()
    return api


def test_a_child_organization_has_a_key_of_its_own_and_its_parent_pays(
    later: httpx.Client, calling: httpx.Client, shared: Running
) -> None:
    parent = later.get("/organizations").json()
    assert (parent["parent_org_id"], "children" in parent) == (None, False)
    made = later.post("/organizations", json={"name": "Child", "parent_org_id": parent["id"]}).json()
    assert made["api_key"].startswith("fl_")
    with client_of(shared, made["api_key"]) as child:
        assert child.get("/account").json()["name"] == "Child"
        assert child.get("/organizations").json()["parent_org_id"] == parent["id"]
        grandchild = {"name": "G", "parent_org_id": made["id"]}
        assert child.post("/organizations", json=grandchild).status_code == 400
        world = World(child, calling)
        world.place(assistant_id=world.agent())
        world.advance(60)
        assert child.get("/account").json()["minutes_balance"] == 999
    listed = later.get("/organizations?include_children=true").json()
    assert listed["children"] == [{name: made[name] for name in ("id", "name", "created_at")}]
    assert (listed["minutes_balance"], listed["monthly_usage_minutes"]) == (999, 0)
    assert made["api_key"] not in calling.get("/state").text
    sibling = later.post("/organizations", json={"name": "Sibling", "parent_org_id": parent["id"]}).json()
    with client_of(shared, sibling["api_key"]) as other:
        account = other.get("/account").json()
        assert (account["minutes_balance"], account["monthly_usage_minutes"]) == (999, 0)
    alone = later.post("/organizations", json={"name": "Alone"}).json()
    assert alone["parent_org_id"] is None
    assert later.post("/organizations", json={"name": " "}).status_code == 400


def test_content_is_not_kept_longer_than_what_is_known_of_it(later: httpx.Client) -> None:
    good = {"content_retention_days": 90, "metadata_retention_days": 730}
    assert later.patch("/organizations", json=good).json() == good
    for bad in (
        {**good, "content_retention_days": 31},
        {"content_retention_days": 90},
        {**good, "metadata_retention_days": 30},
    ):
        assert later.patch("/organizations", json=bad).status_code == 400


def test_health_needs_no_key(later: httpx.Client) -> None:
    answer = httpx.get(f"{later.base_url}health")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def graph(**more: Any) -> dict[str, Any]:
    """A conversation, a tool after it, and an end."""
    nodes = [*GRAPH["nodes"], {"id": "book", "type": "tool", "tool_name": "book"}, {"id": "bye", "type": "end"}]
    edges = [{"from": "hello", "to": "book", "description": "wants a table"}, {"from": "book", "to": "bye"}]
    return {**GRAPH, "nodes": nodes, "edges": edges, **more}


def test_a_workflow_is_summed_up_in_the_list_named_by_its_numbers_and_kept_while_they_run_it(
    later: httpx.Client,
) -> None:
    made = later.post("/workflows", json={"name": "W", "definition": graph()}).json()["workflow"]
    assert (made["is_active"], made["definition"]) == (True, graph())
    (listed,) = later.get("/workflows").json()["workflows"]
    assert (listed["entry_node"], listed["node_count"], listed["edge_count"]) == ("hello", 3, 2)
    assert "definition" not in listed
    body = {"phone_number": "+31612345678", "workflow_id": made["id"]}
    number = later.post("/numbers", json=body).json()["number"]
    assert number["workflow_name"] == "W"
    refused = later.delete(f"/workflows/{made['id']}")
    assert (refused.status_code, "1 phone number" in refused.json()["message"]) == (409, True)
    later.patch(f"/numbers/{number['id']}", json={"workflow_id": None})
    assert later.delete(f"/workflows/{made['id']}").json() == {"success": True}


EDGE = {"from": "hello", "to": "bye", "description": "d"}


@pytest.mark.parametrize(
    ("definition", "detail"),
    [
        (graph(entry_node="book"), "entry_node must be the id of a conversation node"),
        (graph(entry_node="nobody"), "entry_node must be the id of a conversation node"),
        (graph(edges=[{**EDGE, "to": "hello"}, *graph()["edges"]]), "edge hello to hello leads to itself"),
        (graph(edges=[EDGE, EDGE, *graph()["edges"]]), "edge hello to bye is there twice"),
        (graph(edges=[{**EDGE, "to": "x"}, *graph()["edges"]]), "edge hello to x: there is no node x"),
        (graph(edges=[]), "node book is a tool and needs exactly one outgoing edge"),
        (
            graph(edges=[{"from": "bye", "to": "hello"}, *graph()["edges"]]),
            "node bye is of type end and can have no outgoing edge",
        ),
        (graph(edges=[{"from": "hello", "to": "book"}, graph()["edges"][1]]), "edge hello to book needs a description"),
        ({**GRAPH, "nodes": [{"id": "hello", "type": "conversation"}]}, "node hello needs instructions"),
        (
            {**GRAPH, "nodes": [{**GRAPH["nodes"][0], "llm_config": {"provider": "openai_live"}}]},
            "realtime_provider_not_allowed_per_node: hello",
        ),
        (
            {**GRAPH, "nodes": [{**GRAPH["nodes"][0], "global": True}]},
            "node hello is global and needs global_description",
        ),
        ({**GRAPH, "nodes": GRAPH["nodes"] * 2}, "node hello is there twice"),
    ],
)
def test_a_graph_that_cannot_be_followed_is_refused_with_its_reasons(
    later: httpx.Client, definition: dict[str, Any], detail: str
) -> None:
    answer = later.post("/workflows", json={"name": "W", "definition": definition})
    assert (answer.status_code, answer.json()["details"]) == (400, [detail])


def test_an_mcp_server_names_its_headers_and_never_what_they_hold(later: httpx.Client) -> None:
    body = {**MCP, "url": "HTTPS://MCP.Example.com:443", "headers": {"X-Key": "canary"}}
    made = later.post("/mcp-servers", json=body).json()["mcp_server"]
    assert (made["url"], made["header_names"]) == ("https://mcp.example.com/", ["X-Key"])
    assert (made["transport"], made["timeout_seconds"]) == ("streamable_http", 20)
    path = f"/mcp-servers/{made['id']}"
    assert "canary" not in later.get(path).text + later.get("/mcp-servers").text
    assert later.post("/mcp-servers", json=MCP).status_code == 409
    moved = {"url": "https://other.example.com/"}
    assert later.patch(path, json=moved).status_code == 400, "headers for another host"
    assert later.patch(path, json={**moved, "headers": {}}).json()["mcp_server"]["header_names"] == []
    tool = {"type": "mcp", "mcp_server_id": made["id"], "allowed_tools": ["x"]}
    agent = later.post(
        "/assistants", json={"name": "A", "llm_config": {"provider": "openai", "model": "m", "tools": [tool]}}
    )
    assert later.delete(path).status_code == 409
    later.delete(f"/assistants/{agent.json()['assistant']['id']}")
    assert later.delete(path).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"},
        {**MCP, "name": " "},
        {**MCP, "url": "http://mcp.example.com/"},
        {**MCP, "url": "https://127.0.0.1/"},
        {**MCP, "headers": {str(n): "x" for n in range(11)}},
        {**MCP, "timeout_seconds": 4},
    ],
)
def test_a_bad_mcp_server_is_refused(later: httpx.Client, body: dict[str, Any]) -> None:
    assert later.post("/mcp-servers", json=body).status_code == 400


def test_a_test_of_an_mcp_server_reaches_nobody_and_says_what_a_test_was_told(
    later: httpx.Client, calling: httpx.Client
) -> None:
    made = later.post("/mcp-servers", json=MCP).json()["mcp_server"]
    assert later.post(f"/mcp-servers/{made['id']}/test").json()["ok"] is False
    calling.patch(f"/objects/mcp-servers/{made['id']}", json={"tools": [{"name": "book"}]}).raise_for_status()
    answer = later.post(f"/mcp-servers/{made['id']}/test", json={"headers": {}}).json()
    assert (answer["ok"], answer["tools"]) == (True, [{"name": "book"}])
    assert "tools" not in later.get(f"/mcp-servers/{made['id']}").json()["mcp_server"]


def test_settings_of_a_provider_key_are_merged_and_outlive_the_key_that_is_replaced(later: httpx.Client) -> None:
    later.post("/byok", json={"provider": "google", "api_key": "k"})
    for config in ({"region": "eu"}, {"project": "p"}):
        answer = later.post("/byok/config", json={"provider": "google", "config": config})
    assert answer.json() == {"byok_config": {"google": {"region": "eu", "project": "p"}}}
    later.post("/byok", json={"provider": "google", "api_key": "k2"})
    again = later.post("/byok/config", json={"provider": "google", "config": {}})
    assert again.json() == answer.json()


def test_every_path_of_a_successor_that_earlier_dialects_have_not_is_404_there(
    api: httpx.Client, calling: httpx.Client
) -> None:
    paths = (
        "/organizations",
        "/health",
        "/workflows",
        "/mcp-servers",
        f"/mcp-servers/{UNKNOWN}/test",
        "/chats",
        "/assistants",
    )
    assert {api.get(path).status_code for path in paths} == {404}


def test_one_store_is_seen_in_every_dialect(later: httpx.Client, calling: httpx.Client) -> None:
    agent = later.post("/assistants", json={"name": "A", "gdpr_mode": True}).json()["assistant"]
    campaign = later.post("/campaigns", json={"name": "C", "agent_id": agent["id"]}).json()["campaign"]
    for dialect in ("dec2025", "jan2026"):
        calling.put("/settings", json={"dialect": dialect}).raise_for_status()
        seen = later.get(f"/agents/{agent['id']}").json()["agent"]
        assert (seen["id"], seen["name"]) == (agent["id"], "A")
        assert later.get(f"/campaigns/{campaign['id']}").json()["campaign"] == campaign
