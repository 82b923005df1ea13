"""``template:`` in an agent: the item of that name is copied in, as the API wants it.

The API knows no reference from an agent to a template, it wants the whole tool or plan. So a template that changes
changes every agent that names it. Keys beside ``template`` are laid over the copy the way an environment is: mappings
merge, lists replace, null removes.

Source: api notes, sections 9 and 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flireo_iac.core.check import suggestion
from flireo_iac.errors import Problem
from flireo_iac.kinds import KINDS
from flireo_iac.stacks.nodes import Entry, ListNode, MapNode, Node, ScalarNode, merge, named
from flireo_iac.stacks.values import Place, Unresolved

_BUILT_IN = {
    "endCall": "endCall",
    "end_call": "endCall",
    "transferCall": "transferCall",
    "transfer_call": "transferCall",
}
_PLAN_KEYS = ("structured_data_plan", "structuredDataPlan")


class Templates:
    """The template items of a stack in one environment.

    Args:
        items: Every item with everything filled in, by its name in the stack.
        absent: Items that exist and are not in ``items``, each with why; an empty reason has been reported already.
        problems: Where problems go: FL135 for a template that is not there, FL136 for one named the wrong way.
    """

    def __init__(self, items: Mapping[str, MapNode], absent: Mapping[str, str], problems: list[Problem]) -> None:
        self._items = items
        self._absent = absent
        self._problems = problems

    def lay_in(self, agent: MapNode) -> MapNode:
        """Copy the templates that an agent names into it."""
        block = agent.get("llm_config")
        tools = block.get("tools") if isinstance(block, MapNode) else None
        if isinstance(block, MapNode) and isinstance(tools, ListNode):
            filled = tuple(self._with_template(tool, "tools") for tool in tools.items)
            agent = agent.having("llm_config", block.having("tools", replace(tools, items=filled)))
        plan = agent.get("analysis_plan")
        return agent if plan is None else agent.having("analysis_plan", self._with_template(plan, "analysis"))

    def _with_template(self, node: Node, folder: str) -> Node:
        named_by = node.get("template") if isinstance(node, MapNode) else None
        if not isinstance(node, MapNode) or named_by is None:
            return node
        unknown = ScalarNode(node.place, Unresolved())
        if isinstance(named_by, ScalarNode) and isinstance(named_by.value, Unresolved):
            return unknown
        name = named_by.value if isinstance(named_by, ScalarNode) else None
        if not isinstance(name, str):
            text = f"template is {named(named_by)}{named_by.note}, expected the name of a file in {folder}/."
            self._problems.append(named_by.place.problem("FL136", text))
            return unknown
        item = self._item(folder, name, named_by.place)
        if item is None:
            return unknown
        overrides = node.without("template")
        made = _tool(item, name) if folder == KINDS["tool_template"].folder else _plan(item, overrides)
        return merge(replace(made, place=node.place), overrides)

    def _item(self, folder: str, name: str, place: Place) -> MapNode | None:
        key = f"{folder}.{name}"
        if key in self._items:
            return self._items[key]
        if key not in self._absent:
            known = [each.removeprefix(f"{folder}.") for each in self._items if each.startswith(f"{folder}.")]
            text = f'template "{name}" is not there, expected a file in {folder}/{suggestion(name, known) or "."}'
            self._problems.append(place.problem("FL135", text))
        elif self._absent[key]:
            self._problems.append(place.problem("FL135", f'template "{name}" is {self._absent[key]}.'))
        return None


def _tool(item: MapNode, name: str) -> MapNode:
    """Make the tool of an agent from a tool template: flat, as the agent keeps it."""
    type_node = item.get("tool_type")
    type_name = _BUILT_IN.get(type_node.value) if isinstance(type_node, ScalarNode) and _is_text(type_node) else None
    config = item.get("tool_config")
    entries: dict[str, Entry] = {}
    if type_name is not None and isinstance(type_node, ScalarNode):
        entries["type"] = Entry(type_node.place, replace(type_node, value=type_name))
    elif not isinstance(config, MapNode) or "name" not in config.entries:
        entries["name"] = Entry(item.place, item.get("name") or ScalarNode(item.place, name, name))
    if isinstance(config, MapNode) and type_name != "endCall":
        entries |= config.entries
    return MapNode(item.place, entries)


def _is_text(node: ScalarNode) -> bool:
    return isinstance(node.value, str)


def _plan(item: MapNode, overrides: MapNode) -> MapNode:
    """Make the analysis plan of an agent from an analysis template."""
    messages = [
        MapNode(prompt.place, {
            "role": Entry(prompt.place, ScalarNode(prompt.place, role, role)),
            "content": Entry(prompt.place, prompt),
        })
        for role, key in (("system", "system_prompt"), ("user", "user_prompt"))
        if (prompt := item.get(key)) is not None
    ]  # fmt: skip
    entries = {"enabled": Entry(item.place, ScalarNode(item.place, True, "true"))}
    if (schema := item.entries.get("schema")) is not None:
        entries["schema"] = schema
    if messages:
        entries["messages"] = Entry(messages[0].place, ListNode(messages[0].place, tuple(messages)))
    key = _PLAN_KEYS[0] if _PLAN_KEYS[0] in overrides.entries else _PLAN_KEYS[1]
    return MapNode(item.place, {key: Entry(item.place, MapNode(item.place, entries))})
