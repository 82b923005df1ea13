"""Rules about environments: variables that nothing uses, and overlays that change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from flireo_iac.errors import Problem
from flireo_iac.lint.finding import Finding, finding
from flireo_iac.stacks.interpolate import Variables
from flireo_iac.stacks.load import LoadedStack
from flireo_iac.stacks.nodes import Entry, ListNode, MapNode, Node, ScalarNode, is_null, merge, value_at
from flireo_iac.stacks.prompts import Prompts, TextFiles
from flireo_iac.stacks.smoke_tests import variables_in_tests


def find(stack: LoadedStack, texts: TextFiles) -> Iterator[Finding]:
    """Find what one environment says in vain.

    Args:
        stack: The stack in that environment.
        texts: The text files of the stack.
    """
    chosen = stack.origins.environment
    if not stack.errors and chosen.variables is not None:
        used = stack.origins.used | _used_by_omitted(stack, texts) | variables_in_tests(stack)
        for name, entry in chosen.variables.entries.items():
            if name not in used:
                text = f'variable "{name}" is not used in {chosen.words}. Remove it, or use it as ${{var.{name}}}.'
                yield finding("FL144", entry.key_place, text)
    for key, overlay in chosen.overlays.items():
        if key in chosen.omitted:
            text = f"{key} is left out in {chosen.words}, so what is laid over it changes nothing. Remove one of them."
            yield finding("FL145", overlay.place, text)
        elif isinstance(overlay, MapNode) and key in stack.origins.files.items:
            yield from _idle(stack.origins.files.items[key].node, overlay, key)


def _used_by_omitted(stack: LoadedStack, texts: TextFiles) -> frozenset[str]:
    chosen = stack.origins.environment
    ignored: list[Problem] = []
    variables = Variables(chosen.variables, chosen.words, ignored)
    variables.check_all()
    prompts = Prompts(texts, variables, ignored)
    for key in chosen.omitted & stack.origins.files.items.keys():
        item = stack.origins.files.items[key]
        node = variables.fill(merge(item.node, chosen.overlays.get(key, MapNode(item.node.place))))
        prompt, place = value_at(node, ("llm_config", "prompt"))
        if isinstance(prompt, ScalarNode) and isinstance(prompt.value, str):
            prompts.text(prompt.value, item.beside, place)
    return variables.used


def _idle(base: Node, overlay: MapNode, path: str) -> Iterator[Finding]:
    """Find the entries of an overlay that leave everything as it was."""
    if not isinstance(base, MapNode):
        return
    for key, entry in overlay.entries.items():
        below, place = base.get(key), entry.key_place
        if is_null(entry.node):
            if below is None:
                yield finding(
                    "FL145", place, f"{path}.{key} is removed, and the item does not have it. Remove the line."
                )
        elif isinstance(entry.node, MapNode) and isinstance(below, MapNode) and entry.node.entries:
            yield from _idle(below, entry.node, f"{path}.{key}")
        elif below is not None and _plain(below) == _plain(entry.node):
            yield finding("FL145", place, f"{path}.{key} is what the item says already. Remove the line.")


def _plain(node: Node) -> object:
    match node:
        case MapNode():
            return {key: _plain(entry.node) for key, entry in node.entries.items() if isinstance(entry, Entry)}
        case ListNode():
            return [_plain(each) for each in node.items]
        case ScalarNode():
            return (type(node.value).__name__, node.value)
