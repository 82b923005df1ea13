"""Rules about items beside each other: transfers to oneself, equal names, templates that nobody copies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flireo_iac.lint.agents import tools_of
from flireo_iac.lint.finding import Finding, about, finding
from flireo_iac.stacks.load import LoadedStack
from flireo_iac.stacks.nodes import ListNode, MapNode, Node, ScalarNode
from flireo_iac.stacks.values import ItemRef, markers


def find(stack: LoadedStack) -> Iterator[Finding]:
    """Find what is wrong between the items of one environment."""
    yield from _transfers(stack)
    yield from _names(stack)


def find_unused(stacks: Sequence[LoadedStack]) -> Iterator[Finding]:
    """Find templates that no agent copies in any environment."""
    if not stacks or any(stack.errors for stack in stacks):
        return  # what is broken may be what uses them
    files = stacks[0].origins.files
    trees = [tree for stack in stacks for tree in stack.origins.trees.values()]
    bases = [item.node for item in files.items.values()]
    overlays = [node for stack in stacks for node in stack.origins.environment.overlays.values()]
    copied = {name for tree in (*bases, *overlays) for name in _templates(tree)}
    values = {
        value for stack in stacks for value in _texts(stack.origins.environment.variables or MapNode(trees[0].place))
    } if trees else set()  # fmt: skip
    referred = {
        reference.key
        for stack in stacks
        for item in stack.items.values()
        for reference in markers(dict(item.inputs))
        if isinstance(reference, ItemRef)
    }
    for key, item in files.items.items():
        if item.kind.name not in ("tool_template", "analysis_template") or key in referred:
            continue
        if item.name not in copied and item.name not in values:
            text = f'{item.kind.title} "{item.name}": no agent copies it. Name it in an agent, or remove the file.'
            yield finding("FL154", item.node.place, text)


def _templates(node: Node) -> Iterator[str]:
    match node:
        case MapNode():
            for key, entry in node.entries.items():
                if key == "template" and isinstance(entry.node, ScalarNode):
                    yield str(entry.node.value)
                yield from _templates(entry.node)
        case ListNode():
            for each in node.items:
                yield from _templates(each)


def _texts(node: Node) -> Iterator[str]:
    match node:
        case MapNode():
            for entry in node.entries.values():
                yield from _texts(entry.node)
        case ListNode():
            for each in node.items:
                yield from _texts(each)
        case ScalarNode(value=str()):
            yield node.value


def _transfers(stack: LoadedStack) -> Iterator[Finding]:
    answered: dict[str, dict[str, str]] = {}
    for key, item in stack.items.items():
        answers, number = item.inputs.get("agent_id"), item.inputs.get("phone_number")
        if item.kind.name == "phone_number" and isinstance(answers, ItemRef) and isinstance(number, str):
            answered.setdefault(answers.key, {})[number] = key
    for key, own in answered.items():
        agent = stack.items.get(key)
        if agent is None:
            continue
        for index, tool in tools_of(agent):
            for at, number in enumerate(_numbers(tool)):
                if isinstance(number, str) and number in own:
                    path = ("llm_config", "tools", index, "destinations", at, "number")
                    text = f'transfers to "{number}", which is {own[number]} and answered by the same agent'
                    yield about(stack, agent, "FL223", path, text)


def _numbers(tool: Mapping[str, Any]) -> list[Any]:
    destinations = tool.get("destinations")
    found = destinations if isinstance(destinations, list) else []
    return [each.get("number") if isinstance(each, Mapping) else None for each in found]


def _names(stack: LoadedStack) -> Iterator[Finding]:
    first: dict[tuple[str, str], str] = {}
    for key, item in sorted(stack.items.items()):
        name = item.inputs.get("name")
        if item.kind.natural_key != ("name",) or not isinstance(name, str):
            continue
        other = first.setdefault((item.kind.name, name), key)
        if other != key:
            text = f'name "{name}" is that of {other} too, expected a name of its own'
            yield about(stack, item, "FL224", ("name",), text)
