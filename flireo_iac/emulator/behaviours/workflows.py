"""Workflows: graphs of conversation, checked as a whole, replaced as a whole.

Source: api notes, sections 8 and 15, "Workflow rules".
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from flireo_iac.emulator.exchange import Answer, Exchange, Handler
from flireo_iac.emulator.phone.configuration import REALTIME
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.resource import Resource
from flireo_iac.emulator.store import Row

MOST_NAMED = 20
_WITH_EDGES = frozenset({"conversation", "tool"})
_NEEDS = {"conversation": "instructions", "tool": "tool_name", "transfer": "destination"}


class Workflows(Resource):
    """``/workflows``."""

    collection = "workflows"

    def defaults(self, exchange: Exchange, given: Row) -> Row:
        """Make it active."""
        del exchange, given
        return {"name": None, "is_active": True, "definition": None}

    def check(self, exchange: Exchange, given: Row, row: Row | None) -> None:
        """Refuse a missing name or definition on create, an empty name, and a graph that cannot be followed."""
        del exchange
        for field in ("name", "definition"):
            if row is None and field not in given:
                raise RefusedError(400, f"{field} is required", param=field)
        if not given.get("name", "x").strip():
            raise RefusedError(400, "name must not be empty", param="name")
        found = problems(given["definition"]) if "definition" in given else []
        if found:
            raise RefusedError(400, "the definition is not valid", param="definition", details=found[:MOST_NAMED])

    def before_delete(self, exchange: Exchange, row: Row) -> None:
        """Refuse while numbers run it."""
        numbers = sum(each.get("workflow_id") == row["id"] for each in exchange.organization.rows("numbers"))
        if numbers:
            raise RefusedError(409, f"{numbers} phone numbers run the workflow; set their workflow_id to null first")

    def list(self, exchange: Exchange) -> Answer:
        """Answer what a graph holds, not the graph."""
        return Answer({"workflows": [_summary(row) for row in exchange.organization.rows(self.collection)]})


def _summary(row: Row) -> Row:
    definition = row["definition"]
    same = {name: row[name] for name in ("id", "name", "is_active", "created_at", "updated_at")}
    counts = {"node_count": len(definition["nodes"]), "edge_count": len(definition.get("edges", []))}
    return {**same, "entry_node": definition["entry_node"], **counts}


def problems(definition: Row) -> list[str]:
    """Say what is wrong with a graph whose shape is right; empty when all is well.

    Args:
        definition: The definition, checked against the contract.
    """
    nodes: dict[str, Row] = {node["id"]: node for node in definition["nodes"]}
    edges: list[Row] = definition.get("edges", [])
    found = [
        f"node {name} is there twice"
        for name, times in Counter(n["id"] for n in definition["nodes"]).items()
        if times > 1
    ]
    entry = nodes.get(definition["entry_node"])
    if entry is None or entry["type"] != "conversation":
        found.append("entry_node must be the id of a conversation node")
    for name, node in nodes.items():
        found += _of_node(name, node, sum(edge["from"] == name for edge in edges))
    pairs = Counter((edge["from"], edge["to"]) for edge in edges)
    found += [f"edge {begin} to {end} is there twice" for (begin, end), times in pairs.items() if times > 1]
    for edge in edges:
        found += _of_edge(edge, nodes)
    return found


def _of_node(name: str, node: Row, outgoing: int) -> list[str]:
    found = []
    needed = _NEEDS.get(node["type"])
    if needed is not None and not node.get(needed):
        found.append(f"node {name} needs {needed}")
    if node.get("global") and not node.get("global_description"):
        found.append(f"node {name} is global and needs global_description")
    if "voice" in node and "tts_config" in node:
        found.append(f"node {name} has voice and tts_config, only one is possible")
    provider: Any = node.get("llm_config", {}).get("provider")
    if provider in REALTIME:
        found.append(f"realtime_provider_not_allowed_per_node: {name}")
    if node["type"] not in _WITH_EDGES and outgoing:
        found.append(f"node {name} is of type {node['type']} and can have no outgoing edge")
    if node["type"] == "tool" and outgoing != 1:
        found.append(f"node {name} is a tool and needs exactly one outgoing edge")
    return found


def _of_edge(edge: Row, nodes: dict[str, Row]) -> list[str]:
    name = f"edge {edge['from']} to {edge['to']}"
    found = [f"{name}: there is no node {end}" for end in (edge["from"], edge["to"]) if end not in nodes]
    if edge["from"] == edge["to"]:
        found.append(f"{name} leads to itself")
    if nodes.get(edge["from"], {}).get("type") == "conversation" and not edge.get("description"):
        found.append(f"{name} needs a description")
    return found


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return Workflows().routes()
