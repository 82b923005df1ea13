"""What one environment changes: variables, items left out, and overlays over items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from flireo_iac.core.check import suggestion
from flireo_iac.errors import Problem
from flireo_iac.kinds import KINDS
from flireo_iac.stacks.folder import ENVIRONMENTS, StackFiles, read_file
from flireo_iac.stacks.interpolate import NAME
from flireo_iac.stacks.nodes import Entry, ListNode, MapNode, Node, ScalarNode, is_null, named
from flireo_iac.stacks.values import Place

_KEYS = ("vars", "omit", "resources")


@dataclass
class Environment:
    """One environment.

    Args:
        name: Its name; empty for a stack without environments.
        variables: Its ``vars``; None when they could not be read.
        omitted: Names of items that it leaves out.
        overlays: What it lays over items, by their names in the stack.
    """

    name: str = ""
    variables: MapNode | None = field(default_factory=lambda: MapNode(Place("")))
    omitted: set[str] = field(default_factory=set)
    overlays: dict[str, Node] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The environment as a text names it; empty for a stack without environments."""
        return f'environment "{self.name}"' if self.name else ""


def read_environment(files: StackFiles, name: str | None, problems: list[Problem]) -> Environment:
    """Read one environment of a stack.

    Args:
        files: The base files.
        name: The environment; None for a stack without environments.
        problems: Where problems go: FL141 for an environment without file, FL142 for its form, FL143 for names of
            items that do not exist.
    """
    if name is None or files.environments is None:
        return Environment()
    path = files.environments.get(name)
    if path is None:
        problems.append(_missing(files.folder, files.environments, name))
        return Environment(name, None)
    root = read_file(path, problems)
    if root is None:
        return Environment(name, None)
    for key, entry in root.entries.items():
        if key not in _KEYS:
            text = f'unknown key "{key}", expected vars, omit or resources{suggestion(key, _KEYS) or "."}'
            problems.append(entry.key_place.problem("FL142", text))
    items = sorted({*files.items, *files.broken})
    return Environment(
        name,
        _variables(root, problems),
        set(_omitted(root, items, problems)),
        _overlays(root, items, problems),
    )


def _missing(folder: Path, known: dict[str, Path], name: str) -> Problem:
    names = ", ".join(sorted(known)) or "none"
    text = f'environment "{name}" has no file, there are: {names}{suggestion(name, known) or "."}'
    wanted = f'Write {folder / ENVIRONMENTS / name}.yaml, or set "flireo:environment" to one of them.'
    return Place(str(folder / ENVIRONMENTS)).problem("FL141", f"{text} {wanted}")


def _wrong(node: Node, what: str, expected: str) -> Problem:
    return node.place.problem("FL142", f"{what} is {named(node)}, expected {expected}.")


def _variables(root: MapNode, problems: list[Problem]) -> MapNode | None:
    node = root.get("vars")
    if node is None or is_null(node):
        return MapNode(root.place)
    if not isinstance(node, MapNode):
        problems.append(_wrong(node, "vars", 'a mapping, "name: value" lines'))
        return None
    for key, entry in node.entries.items():
        if not re.fullmatch(NAME, key):
            text = f'"{key}" cannot name a variable, expected a letter, then letters, digits, dashes and underscores.'
            problems.append(entry.key_place.problem("FL142", text))
    return node


def _omitted(root: MapNode, items: list[str], problems: list[Problem]) -> Iterator[str]:
    node = root.get("omit")
    if node is None or is_null(node):
        return
    if not isinstance(node, ListNode):
        problems.append(_wrong(node, "omit", 'a list of names such as "numbers.*"'))
        return
    for each in node.items:
        if not isinstance(each, ScalarNode) or not isinstance(each.value, str):
            problems.append(_wrong(each, "an entry of omit", 'a name such as "numbers.*"'))
            continue
        pattern = each.value
        found = [item for item in items if fnmatchcase(item, pattern)]
        if not found:
            is_glob = any(sign in pattern for sign in "*?[")
            text = f'omit "{pattern}" matches no item{suggestion(pattern, items) or "."}'
            problems.append(each.place.problem("FL143", text, "warning" if is_glob else "error"))
        yield from found


def _overlays(root: MapNode, items: list[str], problems: list[Problem]) -> dict[str, Node]:
    node = root.get("resources")
    if node is None or is_null(node):
        return {}
    if not isinstance(node, MapNode):
        problems.append(_wrong(node, "resources", 'a mapping, "<folder>.<item>:" with the changed fields below'))
        return {}
    overlays: dict[str, Node] = {}
    for key, entry in _flat(node, problems):
        if key not in items:
            text = f'resources names "{key}", which is not in the stack{suggestion(key, items) or "."}'
            problems.append(entry.key_place.problem("FL143", text))
        elif key in overlays:
            text = f'resources names "{key}" twice, first at {overlays[key].place}. Put the two together.'
            problems.append(entry.key_place.problem("FL142", text))
        elif not isinstance(entry.node, MapNode):
            problems.append(_wrong(entry.node, f'"{key}"', "a mapping of the changed fields"))
        else:
            overlays[key] = entry.node
    return overlays


def _flat(node: MapNode, problems: list[Problem]) -> Iterator[tuple[str, Entry]]:
    """Give every overlay with its item's name, written ``agents.a:`` or ``agents:`` with ``a:`` below."""
    folders = {kind.folder for kind in KINDS.values()}
    for key, entry in node.entries.items():
        if key not in folders:
            yield key, entry
        elif isinstance(entry.node, MapNode):
            for name, below in entry.node.entries.items():
                yield f"{key}.{name}", below
        else:
            problems.append(_wrong(entry.node, f'"{key}"', "a mapping of items"))
