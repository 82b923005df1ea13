"""MCP servers: https only, header values that are never answered, and a test that reaches nobody.

What a server offers is said by a test: its ``tools`` in the row of the collection ``mcp-servers``.
Source: api notes, sections 6 to 8; how a URL is normalised is inferred.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flireo_iac.emulator.exchange import Answer, Exchange, Handler
from flireo_iac.emulator.loopback import is_loopback
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.resource import Resource
from flireo_iac.emulator.store import Row

MOST_HEADERS = 10
_HIDDEN = frozenset({"headers", "tools"})


class McpServers(Resource):
    """``/mcp-servers``."""

    collection = "mcp-servers"

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Give the handlers; which of them are served, the contract says."""
        return {**super().routes(), ("POST", "/mcp-servers/{id}/test"): self.test}

    def defaults(self, exchange: Exchange, given: Row) -> Row:
        """Fill transport, headers and timeout."""
        del exchange, given
        return {"name": None, "url": None, "transport": "streamable_http", "headers": {}, "timeout_seconds": 20}

    def filled(self, exchange: Exchange, given: Row) -> Row:
        """Write the URL as it is kept."""
        del exchange
        return {**given, "url": _normalised(given["url"])} if "url" in given else given

    def check(self, exchange: Exchange, given: Row, row: Row | None) -> None:
        """Refuse what is missing, a name that is taken, a URL that is not public https, and too many headers."""
        for field in ("name", "url"):
            if row is None and field not in given:
                raise RefusedError(400, f"{field} is required", param=field)
        if not given.get("name", "x").strip():
            raise RefusedError(400, "name must not be empty", param="name")
        others = [
            each for each in exchange.organization.rows(self.collection) if row is None or each["id"] != row["id"]
        ]
        if any(each["name"] == given.get("name") for each in others):
            raise RefusedError(409 if row is None else 400, "an MCP server of this name is there already", param="name")
        if len(given.get("headers", {})) > MOST_HEADERS:
            raise RefusedError(400, f"headers must have at most {MOST_HEADERS} keys", param="headers")
        if "url" in given:
            _check_url(given, row)

    def shown(self, exchange: Exchange, row: Row) -> Row:
        """Name the headers, and leave out what they hold."""
        del exchange
        kept = {name: value for name, value in row.items() if name not in _HIDDEN}
        return {**kept, "header_names": list(row["headers"])}

    def before_delete(self, exchange: Exchange, row: Row) -> None:
        """Refuse while an agent uses it."""
        for agent in exchange.organization.rows("agents"):
            tools: list[Any] = (agent.get("llm_config") or {}).get("tools") or []
            if any(isinstance(tool, dict) and tool.get("mcp_server_id") == row["id"] for tool in tools):
                raise RefusedError(409, "an agent uses the MCP server")

    def test(self, exchange: Exchange) -> Answer:
        """Say what the server offers, when a test has said so; nobody is reached."""
        row = self.find(exchange)
        if exchange.body is not None:
            exchange.accept()
        if "tools" in row:
            return Answer({"ok": True, "duration_ms": 0, "tools": row["tools"]})
        return Answer({"ok": False, "duration_ms": 0, "error": "the emulator reaches no other machine"})


def _check_url(given: Row, row: Row | None) -> None:
    parts = urlsplit(given["url"])
    host = parts.hostname or ""
    if parts.scheme != "https" or not host or is_loopback(host):
        raise RefusedError(400, "url must be a public https address", param="url")
    if row is not None and host != urlsplit(row["url"]).hostname and row["headers"] and "headers" not in given:
        raise RefusedError(400, "headers are needed with a new host", param="headers")


def _normalised(url: str) -> str:
    """Write scheme and host in lower case, without the port that https has anyway."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise RefusedError(400, "url must be a valid uri", param="url") from None
    where = f"[{host}]" if ":" in host else host
    where += f":{port}" if port not in {None, 443} else ""
    return parts._replace(netloc=where, path=parts.path or "/").geturl()


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return McpServers().routes()
