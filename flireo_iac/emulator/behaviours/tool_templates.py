"""Tool templates: the shape of ``tool_config`` follows ``tool_type``."""

from __future__ import annotations

from flireo_iac.emulator import contract
from flireo_iac.emulator.exchange import Exchange, Handler
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.resource import Resource
from flireo_iac.emulator.store import Row

_SHAPES = {
    "function": "ToolFunctionConfig",
    "transferCall": "ToolTransferConfig",
    "transfer_call": "ToolTransferConfig",
}


class ToolTemplates(Resource):
    """``/tool-templates``."""

    collection = "tool-templates"
    large = frozenset({"tool_config"})

    def defaults(self, exchange: Exchange, given: Row) -> Row:
        """Fill the organization and an empty description."""
        del given
        return {"org_id": exchange.organization.id, "name": None, "description": None}

    def filled(self, exchange: Exchange, given: Row) -> Row:
        """Fill ``async`` of a function."""
        config = given.get("tool_config")
        stored = exchange.organization.get(self.collection, exchange.path.get("id", "")) or {}
        if config is not None and given.get("tool_type", stored.get("tool_type")) == "function":
            return {**given, "tool_config": {**config, "async": config.get("async", False)}}
        return given

    def check(self, exchange: Exchange, given: Row, row: Row | None) -> None:
        """Hold the config against the type, also when a PATCH changes only one of the two."""
        del exchange
        after = {**(row or {}), **given}
        shape = _SHAPES.get(after["tool_type"])
        if shape is None:
            return
        problems = contract.load().schema(shape).problems(after["tool_config"])
        if problems:
            field, text = problems[0]
            raise RefusedError(400, f"tool_config: {text}", param=f"tool_config.{field}".rstrip("."))


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return ToolTemplates().routes()
