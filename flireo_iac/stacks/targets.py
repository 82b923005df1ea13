"""Where a stack is deployed to: one target for each Pulumi stack, with its environment and its release pin.

Reads ``Pulumi.<stack>.yaml`` as the program of the stack would see it, without an engine and without a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flireo_iac.core.check import suggestion
from flireo_iac.errors import Problem, SettingsError
from flireo_iac.stacks.folder import find_environments, read_file
from flireo_iac.stacks.nodes import MapNode, Node, ScalarNode, named
from flireo_iac.stacks.releases import FORM, KEY, Pin
from flireo_iac.stacks.values import Place

ENVIRONMENT_KEY = "flireo:environment"
_PROJECT_FILE = "Pulumi.yaml"
_STACK_FILE = re.compile(r"Pulumi\.(.+)\.yaml")


@dataclass(frozen=True)
class Target:
    """One Pulumi stack.

    Args:
        stack: Its name.
        environment: The environment that is laid over the base; None for a stack without environments.
        pin: The release that it runs; None when it follows the working tree.
        place: The pin, or the file that would hold it.
    """

    stack: str
    environment: str | None
    pin: Pin | None
    place: Place


def read_targets(folder: Path, problems: list[Problem]) -> list[Target]:
    """Find the targets of a stack, sorted by name: one for each environment, and one for each further stack file.

    Args:
        folder: The stack's folder, with its ``Pulumi.<stack>.yaml`` files.
        problems: Where problems go: FL101 and FL102 for a file that is no YAML, FL110 for one that
            ends in .yml, FL151 for a pin of another form, or one in ``Pulumi.yaml``.
    """
    environments = find_environments(folder, [])
    common = _common(folder, problems)
    found: dict[str, Target] = {}
    for path in sorted(folder.glob("Pulumi.*.yml")):
        text = f'the file is not read beside Pulumi.yaml. Rename it to "{path.stem}.yaml" (and Pulumi.yml alike).'
        problems.append(Place(str(path)).problem("FL110", text))
    for path in sorted(folder.glob("Pulumi.*.yaml")):
        match = _STACK_FILE.fullmatch(path.name)
        if match is None:
            continue
        target = _target(path, match[1], common, environments is not None, problems)
        if environments is None or target.environment in environments:
            found[target.stack] = target
    covered = {target.environment for target in found.values()}
    for name in environments or {}:
        if name not in covered:
            found[name] = Target(name, name, None, Place(str(folder / f"Pulumi.{name}.yaml")))
    return [found[name] for name in sorted(found)]


def target_of(folder: Path, name: str) -> Target:
    """Find a target by the name of its stack, or of its environment when only one stack has that.

    Args:
        folder: The stack's folder.
        name: Name of the stack or of the environment.

    Raises:
        SettingsError: There is none, there are several, or its file is wrong.
    """
    problems: list[Problem] = []
    targets = read_targets(folder, problems)
    found = [each for each in targets if each.stack == name] or [each for each in targets if each.environment == name]
    if len(found) == 1:
        files = (found[0].place.file, str(folder / _PROJECT_FILE))
        wrong = [problem for problem in problems if problem.file in files]
        if wrong:
            raise SettingsError("\n".join(map(str, wrong)))
        return found[0]
    names = [each.stack for each in targets]
    if found:
        several = ", ".join(each.stack for each in found)
        raise SettingsError(f'environment "{name}": the stacks {several} have it, one was expected. Name the stack.')
    hint = suggestion(name, names) or f", there are: {', '.join(names) or 'none'}."
    raise SettingsError(f'environment "{name}": the stack "{folder}" has no such environment{hint}')


def _common(folder: Path, problems: list[Problem]) -> Mapping[str, Node]:
    """Give what ``Pulumi.yaml`` configures for all stacks; a pin is for one of them, so it is refused there."""
    path = folder / _PROJECT_FILE
    config = _config(path, []) if path.is_file() else {}
    pinned = config.get(KEY)
    if pinned is not None:
        text = f"{KEY} stands in {_PROJECT_FILE}, where every stack would have it. Write it into Pulumi.<stack>.yaml."
        problems.append(pinned.place.problem("FL151", text))
    return {key: _default(node) for key, node in config.items()}


def _default(node: Node) -> Node:
    """Give the value of a key of ``Pulumi.yaml``, which may be declared with a default."""
    if not isinstance(node, MapNode):
        return node
    return node.get("value") or node.get("default") or node


def _target(
    path: Path, stack: str, common: Mapping[str, Node], has_environments: bool, problems: list[Problem]
) -> Target:
    config = _config(path, problems)
    pin_node, name = config.get(KEY), config.get(ENVIRONMENT_KEY) or common.get(ENVIRONMENT_KEY)
    environment = str(name.value) if isinstance(name, ScalarNode) and name.value else stack
    pin = _pin(pin_node, problems) if pin_node is not None else None
    place = pin_node.place if pin_node is not None else Place(str(path))
    return Target(stack, environment if has_environments else None, pin, place)


def _config(path: Path, problems: list[Problem]) -> Mapping[str, Node]:
    root = read_file(path, problems)
    block = root.get("config") if root is not None else None
    return {key: entry.node for key, entry in block.entries.items()} if isinstance(block, MapNode) else {}


def _pin(node: Node, problems: list[Problem]) -> Pin | None:
    try:
        return Pin.parse(str(node.value) if isinstance(node, ScalarNode) else "")
    except SettingsError:
        found = f'"{node.value}"' if isinstance(node, ScalarNode) else named(node)
        text = f"{KEY} is {found}, expected {FORM}. Set it with: flireo promote REF ENVIRONMENT."
        problems.append(node.place.problem("FL151", text))
        return None


def configuration(folder: Path, stack: str) -> dict[str, str | None]:
    """Give what ``Pulumi.<stack>.yaml`` configures, by full key; None for what is encrypted.

    Args:
        folder: The stack's folder.
        stack: Name of the Pulumi stack.
    """
    path = next((each for ending in ("yaml", "yml") if (each := folder / f"Pulumi.{stack}.{ending}").is_file()), None)
    found = _config(path, []) if path is not None else {}
    return {key: node.written if isinstance(node, ScalarNode) else None for key, node in found.items()}
