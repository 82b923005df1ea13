"""What one environment changes: variables, items left out, and overlays over items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from flireo_iac.core.check import suggestion
from flireo_iac.errors import Problem
from flireo_iac.kinds import FILE_KINDS
from flireo_iac.stacks.folder import ENVIRONMENTS, StackFiles, find_environments, read_file
from flireo_iac.stacks.interpolate import NAME
from flireo_iac.stacks.nodes import Entry, ListNode, MapNode, Node, ScalarNode, is_null, named
from flireo_iac.stacks.values import Place

_KEYS = ("vars", "omit", "resources", "after", "require")
CHECKS = ("validate", "drift-free", "smoke-tests")
"""What ``require`` can ask for by name."""


@dataclass(frozen=True)
class Requirement:
    """Something that has to hold before an environment is deployed.

    Args:
        what: ``after``, ``command``, or one of ``CHECKS``.
        place: Where the file asks for it.
        detail: The environment that goes first, or the command; empty for a check.
    """

    what: str
    place: Place
    detail: str = ""


@dataclass(frozen=True)
class Requirements:
    """Everything that has to hold before an environment is deployed.

    Args:
        after: The environment that has to have a release before this one; None for any release.
        requires: What has to hold besides, in order.
    """

    after: Requirement | None = None
    requires: tuple[Requirement, ...] = ()


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
    if files.environments is None:
        return Environment()
    if name is None:
        if not files.environments:
            text = (
                f"the folder holds no environment, expected files such as dev.yaml. Write {files.folder / ENVIRONMENTS}"
            )
            problems.append(Place(str(files.folder / ENVIRONMENTS)).problem("FL141", f"{text}/dev.yaml."))
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
            text = (
                f'unknown key "{key}", expected {", ".join(_KEYS[:-1])} or {_KEYS[-1]}{suggestion(key, _KEYS) or "."}'
            )
            problems.append(entry.key_place.problem("FL142", text))
    _requirements(root, name, files.environments, problems)
    items = sorted({*files.items, *files.broken})
    return Environment(
        name,
        _variables(root, problems),
        set(_omitted(root, items, problems)),
        _overlays(root, items, problems),
    )


def requirements(folder: Path, environment: str | None) -> Requirements:
    """Read what an environment requires; what is wrong with its file is for whoever loads the stack.

    Args:
        folder: The stack's folder.
        environment: Name of the environment; None for a stack without environments.
    """
    known = find_environments(folder, []) or {}
    path = known.get(environment or "")
    root = read_file(path, []) if path is not None else None
    return _requirements(root, environment or "", known, []) if root is not None else Requirements()


def _requirements(root: MapNode, name: str, known: dict[str, Path], problems: list[Problem]) -> Requirements:
    return Requirements(_after(root, name, known, problems), tuple(_requires(root, problems)))


def _after(root: MapNode, name: str, known: dict[str, Path], problems: list[Problem]) -> Requirement | None:
    node = root.get("after")
    if node is None or is_null(node):
        return None
    first = node.value if isinstance(node, ScalarNode) else None
    if not isinstance(first, str):
        problems.append(_wrong(node, "after", "the name of an environment"))
    elif first not in known or first == name:
        others = sorted(set(known) - {name})
        text = f'after names "{first}", which is no other environment{suggestion(first, others) or "."}'
        problems.append(node.place.problem("FL142", text))
    else:
        return Requirement("after", node.place, first)
    return None


def _requires(root: MapNode, problems: list[Problem]) -> Iterator[Requirement]:
    node = root.get("require")
    if node is None or is_null(node):
        return
    if not isinstance(node, ListNode):
        problems.append(_wrong(node, "require", "a list of validate, drift-free, smoke-tests and command: TEXT"))
        return
    for each in node.items:
        command = each.get("command") if isinstance(each, MapNode) and len(each.entries) == 1 else None
        if isinstance(each, ScalarNode) and each.value in CHECKS:
            yield Requirement(each.value, each.place)
        elif isinstance(command, ScalarNode) and isinstance(command.value, str) and command.value.strip():
            yield Requirement("command", command.place, command.value)
        else:
            hint = suggestion(str(each.value), CHECKS) if isinstance(each, ScalarNode) else ""
            found = f'"{each.value}"' if isinstance(each, ScalarNode) else named(each)
            text = f"an entry of require is {found}, expected validate, drift-free, smoke-tests or command: TEXT"
            problems.append(each.place.problem("FL142", f"{text}{hint or '.'}"))


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
    folders = {kind.folder for kind in FILE_KINDS}
    for key, entry in node.entries.items():
        if key not in folders:
            yield key, entry
        elif isinstance(entry.node, MapNode):
            for name, below in entry.node.entries.items():
                yield f"{key}.{name}", below
        else:
            problems.append(_wrong(entry.node, f'"{key}"', "a mapping of items"))
