"""For each operation of the contract a request that succeeds, and those that meet its other answers.

``test_answers.py`` sends them all to an emulator; ``python -m tests.emulator.answers --write`` writes the page that
says which answers are tried, and ``--check``, which is part of ``make lint``, says whether it is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from flireo_iac.emulator import contract
from flireo_iac.emulator.contract import Operation

PAGE = Path("docs/emulator-answers.md")
UNKNOWN = "00000000-0000-4000-8000-000000000000"
TOOL = {"name": "end_it", "tool_type": "endCall", "tool_config": {}}
MCP = {"name": "tools", "url": "https://mcp.example.com/"}
GRAPH: dict[str, Any] = {
    "version": 1,
    "entry_node": "hello",
    "nodes": [{"id": "hello", "type": "conversation", "instructions": "Greet"}],
}
LEAD = {"phone_number": "+31612345678"}
RESEND = {"provider": "resend", "api_key": "re_canary"}


class Asked(NamedTuple):
    """A request: its path below the base URL, and its JSON body when it has one."""

    path: str
    body: Any = None


class Scene:
    """An organization of its own, in which objects are made ready for a request."""

    def __init__(self, api: httpx.Client, control: httpx.Client) -> None:
        self.api = api
        self.control = control

    def make(self, path: str, body: Any) -> str:
        """Make an object, and give its path."""
        answer = self.api.post(path, json=body)
        assert answer.is_success, answer.text
        content = answer.json()
        made = content if "id" in content else next(iter(content.values()))
        return f"{path}/{made['id']}"

    def id_of(self, path: str) -> str:
        return path.rpartition("/")[2]

    def agent(self, **more: Any) -> str:
        return self.id_of(self.make("/agents", {"name": "A", **more}))

    def call(self) -> str:
        """Place a call and let it be answered."""
        self.make("/numbers", {"phone_number": "+31851234567"})
        answer = self.api.post("/calls/outbound", json={"destination": "+31612345678", "agent_id": self.agent()})
        self.control.post("/clock", json={"advance_s": 3}).raise_for_status()
        return f"/calls/{answer.json()['call_id']}"

    def campaign(self) -> str:
        return self.make("/campaigns", {"name": "C", "agent_id": self.agent()})

    def lead(self) -> str:
        return self.make(f"{self.campaign()}/leads", LEAD)

    def domain(self, path: str = "") -> Asked:
        """Set a domain up, and ask something of it."""
        self.api.post("/byok", json=RESEND)
        self.api.post("/domains", json={"domain_name": "mail.example.com"})
        return Asked(f"/domains{path}")

    def at_resend(self) -> Asked:
        self.api.post("/byok", json=RESEND)
        row = {"id": "d1", "name": "mail.example.com"}
        self.control.post("/objects/resend-domains", json=row, headers=self.api.headers).raise_for_status()
        return Asked("/domains/sync", {"resendDomainId": "d1"})

    def used(self, collection: str, path: str, **values: Any) -> Asked:
        """Change an object behind the API, and ask for the other at the path."""
        self.control.post(f"/objects/{collection}", json=values, headers=self.api.headers).raise_for_status()
        return Asked(path)


Ready = Callable[[Scene], Asked]


def _crud(collection: str, name: str, body: Any, change: Any) -> dict[str, Ready]:
    """Give the requests of a collection with the usual five operations."""
    path = f"/{collection}"
    many = {"Agent": "Agents", "Number": "Numbers"}.get(name, f"{name}s")
    return {
        f"list{many}": lambda scene: Asked(path),
        f"create{name}": lambda scene: Asked(path, body),
        f"get{name}": lambda scene: Asked(scene.make(path, body)),
        f"update{name}": lambda scene: Asked(scene.make(path, body), change),
        f"delete{name}": lambda scene: Asked(scene.make(path, body)),
    }


def _outbound(scene: Scene) -> Asked:
    scene.make("/numbers", {"phone_number": "+31851234567"})
    return Asked("/calls/outbound", {"destination": "+31612345678", "agent_id": scene.agent()})


def _with(ready: Ready, **settings: Any) -> Ready:
    def changed(scene: Scene) -> Asked:
        asked = ready(scene)
        scene.control.put("/settings", json=settings).raise_for_status()
        return asked

    return changed


READY: dict[str, Ready] = {
    **_crud("agents", "Agent", {"name": "A"}, {"name": "B"}),
    **_crud("tool-templates", "ToolTemplate", TOOL, {"name": "B"}),
    **_crud("analysis-templates", "AnalysisTemplate", {"name": "T", "schema": {}}, {"name": "B"}),
    **_crud("numbers", "Number", {"phone_number": "+31612345678"}, {"is_active": False}),
    **_crud("sip-trunks", "SipTrunk", {"name": "T", "host": "sip.example.com"}, {}),
    **_crud("workflows", "Workflow", {"name": "W", "definition": GRAPH}, {"name": "B"}),
    **_crud("mcp-servers", "McpServer", MCP, {"name": "B"}),
    "testMcpServer": lambda scene: Asked(f"{scene.make('/mcp-servers', MCP)}/test", {}),
    "listCampaigns": lambda scene: Asked("/campaigns"),
    "createCampaign": lambda scene: Asked("/campaigns", {"name": "C", "agent_id": scene.agent()}),
    "getCampaign": lambda scene: Asked(scene.campaign()),
    "updateCampaign": lambda scene: Asked(scene.campaign(), {"status": "scheduled"}),
    "deleteCampaign": lambda scene: Asked(scene.campaign()),
    "listCampaignLeads": lambda scene: Asked(f"{scene.campaign()}/leads"),
    "addCampaignLead": lambda scene: Asked(f"{scene.campaign()}/leads", LEAD),
    "removeCampaignLead": lambda scene: Asked(scene.lead()),
    "listCalls": lambda scene: Asked("/calls"),
    "createOutboundCall": _outbound,
    "getCall": lambda scene: Asked(scene.call()),
    "controlCall": lambda scene: Asked(f"{scene.call()}/control", {"type": "end-call"}),
    "getUsage": lambda scene: Asked("/usage"),
    "listVoices": lambda scene: Asked("/voices"),
    "getByok": lambda scene: Asked("/byok"),
    "setByok": lambda scene: Asked("/byok", RESEND),
    "deleteByok": lambda scene: (scene.api.post("/byok", json=RESEND), Asked("/byok", {"provider": "resend"}))[1],
    "getByokCatalog": lambda scene: Asked("/byok/config"),
    "setByokConfig": lambda scene: (
        scene.api.post("/byok", json=RESEND),
        Asked("/byok/config", {"provider": "resend", "config": {"from": "a@example.com"}}),
    )[1],
    "getDomain": lambda scene: Asked("/domains"),
    "addDomain": lambda scene: (
        scene.api.post("/byok", json=RESEND),
        Asked("/domains", {"domain_name": "mail.example.com"}),
    )[1],
    "deleteDomain": lambda scene: scene.domain(),
    "listResendDomains": lambda scene: scene.domain("/sync"),
    "syncResendDomain": lambda scene: scene.at_resend(),
    "verifyDomain": lambda scene: scene.domain("/verify"),
    "refreshDomain": lambda scene: scene.domain("/refresh"),
    "getAccount": lambda scene: Asked("/account"),
    "getOrganization": lambda scene: Asked("/organizations?include_children=true"),
    "createOrganization": lambda scene: Asked("/organizations", {"name": "Child"}),
    "updateOrganization": lambda scene: Asked(
        "/organizations", {"content_retention_days": 30, "metadata_retention_days": 90}
    ),
    "getHealth": lambda scene: Asked("/health"),
    "getChatschats": lambda scene: Asked("/chats"),
    "postChatschats": lambda scene: Asked("/chats"),
    "deleteChatschats_Id": lambda scene: Asked(f"/chats/{UNKNOWN}"),
    "getChatschats_context": lambda scene: Asked("/chats/context"),
}
"""By operation, a request that succeeds."""
del READY["updateSipTrunk"]  # the one that the contract leaves out

OTHER: dict[tuple[str, int], Ready] = {
    ("createNumber", 409): lambda scene: (
        scene.make("/numbers", LEAD),
        Asked("/numbers", LEAD),
    )[1],
    ("deleteAgent", 409): lambda scene: Asked(
        f"/agents/{scene.api.get(scene.campaign()).json()['campaign']['agent_id']}"
    ),
    ("deleteCampaign", 409): lambda scene: (
        scene.control.patch(f"/objects/leads/{scene.id_of(lead := scene.lead())}", json={"status": "calling"}),
        Asked(lead.partition("/leads")[0]),
    )[1],
    ("removeCampaignLead", 409): lambda scene: (
        scene.control.patch(f"/objects/leads/{scene.id_of(lead := scene.lead())}", json={"status": "calling"}),
        Asked(lead),
    )[1],
    ("createCampaign", 404): lambda scene: Asked("/campaigns", {"name": "C", "agent_id": UNKNOWN}),
    ("createOutboundCall", 402): _with(_outbound, minutes_balance=0),
    ("createOutboundCall", 404): lambda scene: Asked(
        "/calls/outbound", {"destination": "+31612345678", "agent_id": UNKNOWN}
    ),
    ("listCalls", 400): lambda scene: Asked("/calls?status=lost"),
    ("getUsage", 400): lambda scene: Asked("/usage?start_date=yesterday"),
    ("deleteByok", 404): lambda scene: Asked("/byok", {"provider": "resend"}),
    ("setByokConfig", 404): lambda scene: Asked("/byok/config", {"provider": "openai", "config": {}}),
    ("addDomain", 409): lambda scene: Asked(scene.domain().path, {"domain_name": "other.example.com"}),
    ("deleteDomain", 404): lambda scene: Asked("/domains"),
    ("listResendDomains", 400): lambda scene: Asked("/domains/sync"),
    ("syncResendDomain", 404): lambda scene: Asked(scene.at_resend().path, {"resendDomainId": "d2"}),
    ("verifyDomain", 404): lambda scene: Asked("/domains/verify"),
    ("refreshDomain", 404): lambda scene: Asked("/domains/refresh"),
    ("createOrganization", 403): lambda scene: Asked("/organizations", {"name": "C", "parent_org_id": UNKNOWN}),
    ("createWorkflow", 400): lambda scene: Asked("/workflows", {"name": "W"}),
    ("deleteWorkflow", 409): lambda scene: (
        path := scene.make("/workflows", {"name": "W", "definition": GRAPH}),
        scene.used("numbers", path, phone_number="+31612345678", workflow_id=scene.id_of(path)),
    )[1],
    ("createMcpServer", 409): lambda scene: (scene.make("/mcp-servers", MCP), Asked("/mcp-servers", MCP))[1],
    ("deleteMcpServer", 409): lambda scene: (
        path := scene.make("/mcp-servers", MCP),
        scene.used("agents", path, llm_config={"tools": [{"type": "mcp", "mcp_server_id": scene.id_of(path)}]}),
    )[1],
}
"""By operation and status, a request that meets an answer which the general ones do not meet."""

_COPIES = "agents hold copies"
NEVER: dict[tuple[str, int], str] = {
    ("deleteToolTemplate", 409): _COPIES,
    ("deleteAnalysisTemplate", 409): _COPIES,
    ("deleteNumber", 409): "nothing refers to a number",
    ("deleteSipTrunk", 409): "numbers then have none",
    ("createNumber", 404): "an agent that is not there is 400",
    ("addDomain", 200): "201 is answered",
    ("removeCampaignLead", 400): "409 while it is being called",
    ("verifyDomain", 400): "404 without a domain",
    ("refreshDomain", 400): "404 without a domain",
    ("createWorkflow", 409): "names may be equal",
}
"""Answers that the contract names and the emulator never gives, and what it does instead."""


def tried(operation: Operation) -> list[int]:
    """Give the statuses that are tried, in order."""
    return sorted(status for status in operation.answers if (operation.name, status) not in NEVER)


def page() -> str:
    """Write the page."""
    operations = contract.load().operations
    count = sum(len(tried(each)) for each in operations)
    lines = [
        "<!-- Generated by `python -m tests.emulator.answers --write`; edit tests/emulator/answers.py instead. -->\n",
        "# What the emulator answers\n",
        f"All {len(operations)} operations of the contract answer. The tests meet each of the {count} answers below, "
        "over a connection,",
        "and hold it against the contract. 401 is met without a key, 429 by one request too many, 500 by a fault on "
        "order, 404 by",
        "an id that nothing has, and 400 by a body that is no object, unless the operation has a reason of its own.\n",
        "| Request | Operation | Served by | Answers | Never |",
        "|---|---|---|---|---|",
    ]
    for each in operations:
        never = [f"{status}: {NEVER[each.name, status]}" for status in each.answers if (each.name, status) in NEVER]
        answers = ", ".join(str(status) for status in tried(each))
        served = "every dialect" if each.since is None else "`successor`"
        lines.append(f"| `{each.method} {each.path}` | `{each.name}` | {served} | {answers} | {'; '.join(never)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or only say that it is out of date."""
    text = page()
    if PAGE.is_file() and PAGE.read_text("utf-8") == text:
        return 0
    if "--write" in sys.argv:
        PAGE.write_text(text, "utf-8")
        return 0
    sys.stderr.write(f"out of date: {PAGE}\nRun `make generate` and commit the result.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
