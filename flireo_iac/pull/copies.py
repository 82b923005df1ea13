"""Recognises copies: a tool or an analysis plan of an agent that is what a template would be copied in as."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flireo_iac.core.canonical import whole

_BUILT_IN = {"endCall", "transferCall"}
_PLAN_KEYS = ("structuredDataPlan", "structured_data_plan")  # dialects spell it differently


class Copies:
    """What each template of the account is copied in as.

    Args:
        tools: Each tool template with the name of its item.
        plans: Each analysis template, likewise.
    """

    def __init__(self, tools: Iterable[tuple[str, Mapping[str, Any]]], plans: Iterable[tuple[str, Mapping[str, Any]]]):
        self._tools: dict[str, str] = {}
        self._plans: dict[str, str] = {}
        for name, template in tools:
            if (tool := _tool(template)) is not None:
                self._tools.setdefault(_text(tool), name)
        for name, template in plans:
            self._plans.setdefault(_text(_plan(template)), name)

    def of_tool(self, tool: Any) -> dict[str, Any] | None:
        """Give what stands in the file for a tool that is a copy; None for one that is none."""
        if not isinstance(tool, Mapping):
            return None
        if (name := self._tools.get(_text(tool))) is not None:
            return {"template": name}
        if tool.get("type") == "function":
            bare = {key: value for key, value in tool.items() if key != "type"}
            if (name := self._tools.get(_text(bare))) is not None:
                return {"template": name, "type": "function"}
        return None

    def of_plan(self, plan: Any) -> dict[str, Any] | None:
        """Give the same for an analysis plan; what stands beside the copied part stays there."""
        if not isinstance(plan, Mapping) or "template" in plan:
            return None
        copied = [value for key, value in plan.items() if key in _PLAN_KEYS]
        beside = {key: value for key, value in plan.items() if key not in _PLAN_KEYS}
        name = self._plans.get(_text(copied[0])) if len(copied) == 1 else None
        return None if name is None or None in beside.values() else {"template": name, **beside}


def _text(value: Any) -> str:
    return json.dumps(whole(value), sort_keys=True)


def _tool(template: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the tool that an agent holds after the template was copied in; None for one that is no common tool.

    Built-in tools are three words long: a template of one is named only where it says more, which is for a transfer.
    """
    kind, config = template.get("tool_type"), template.get("tool_config")
    if not isinstance(config, Mapping):
        return None
    if kind in _BUILT_IN:
        return {"type": kind, **config} if kind == "transferCall" else None
    if kind != "function" or not isinstance(config.get("name"), str):
        return None
    return dict(config)


def _plan(template: Mapping[str, Any]) -> dict[str, Any]:
    messages = [
        {"role": role, "content": template[key]}
        for role, key in (("system", "system_prompt"), ("user", "user_prompt"))
        if template.get(key) is not None
    ]
    plan: dict[str, Any] = {"enabled": True, "schema": template.get("schema")}
    return plan | ({"messages": messages} if messages else {})
