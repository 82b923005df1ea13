"""Reads the smoke tests of a stack: one file a test, ``tests/<name>.yaml``, with the variables of an environment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from flireo_iac.core.check import check
from flireo_iac.errors import Problem
from flireo_iac.stacks.folder import TESTS, read_file
from flireo_iac.stacks.interpolate import ITEM_NAME, Variables
from flireo_iac.stacks.load import LoadedStack
from flireo_iac.stacks.nodes import MapNode, locate
from flireo_iac.stacks.plain import Inputs
from flireo_iac.stacks.smoke_form import FORM, RULE, Expectations, SmokeTestProperties, Turn
from flireo_iac.stacks.values import Place, is_marker, markers


@dataclass(frozen=True)
class SmokeTest:
    """One test, in one environment.

    Args:
        name: Name of its file.
        asked: What it says.
        node: The same with places.
    """

    name: str
    asked: SmokeTestProperties
    node: MapNode

    @property
    def agent(self) -> str:
        """Name of its agent in the stack, such as ``agents.receptionist``."""
        return f"agents.{self.asked.agent.removeprefix('agents.')}"

    @property
    def context(self) -> str | None:
        """What the agent is told, as the API takes it: a text that holds a JSON object; None for nothing."""
        return json.dumps(self.asked.context, ensure_ascii=False) if self.asked.context else None

    @property
    def turns(self) -> list[Turn]:
        """What the caller does."""
        return self.asked.caller or []

    @property
    def expect(self) -> Expectations:
        """What is expected of the call."""
        return self.asked.expect

    def place(self, *path: str | int, is_key: bool = False) -> Place:
        """Give the place of a value, or of what is nearest above it.

        Args:
            *path: Keys and indexes from the top of the file.
            is_key: True for the place of the last key.
        """
        return locate(self.node, path, is_about_key=is_key)[0]


def find_tests(folder: Path) -> list[Path]:
    """Give the files of a stack's tests, sorted."""
    found = (folder / TESTS).glob("*.y*ml") if (folder / TESTS).is_dir() else ()
    return sorted(path for path in found if path.suffix in (".yaml", ".yml") and not path.name.startswith("."))


def variables_in_tests(stack: LoadedStack) -> frozenset[str]:
    """Name the variables that the tests of a stack use."""
    variables = _variables(stack, [])
    for path in find_tests(stack.folder):
        if (node := read_file(path, [])) is not None:
            variables.fill(node)
    return variables.used


def _variables(stack: LoadedStack, problems: list[Problem]) -> Variables:
    chosen = stack.origins.environment
    return Variables(chosen.variables, chosen.words, problems)


def read_tests(stack: LoadedStack, problems: list[Problem]) -> list[SmokeTest]:
    """Read the tests of a stack in its environment; those that are wrong are left out, with the reasons.

    Args:
        stack: The stack, as long as its files are there.
        problems: Where problems go: those of every file and field, and FL601.
    """
    found: dict[str, SmokeTest] = {}
    variables = _variables(stack, problems)
    for path in find_tests(stack.folder):
        if not re.fullmatch(ITEM_NAME, path.stem):
            text = f'"{path.stem}" cannot name a test, expected small letters, digits, dashes and underscores.'
            problems.append(Place(str(path)).problem("FL110", f"{text} Rename the file."))
        elif path.stem in found:
            problems.append(Place(str(path)).problem("FL111", f'test "{path.stem}" has a file already. Remove one.'))
        elif (test := _read(path, variables, problems)) is not None:
            found[path.stem] = test
    return list(found.values())


def _read(path: Path, variables: Variables, problems: list[Problem]) -> SmokeTest | None:
    written = read_file(path, problems)
    node = variables.fill(written) if written is not None else None
    if not isinstance(node, MapNode):
        return None
    inputs = Inputs(FORM, path.stem, problems).of(node)
    wrong = [*_references(path.stem, inputs), *_issues(path.stem, inputs, node)]
    problems += wrong
    if wrong:
        return None
    try:
        asked = SmokeTestProperties.model_validate({key: value for key, value in inputs.items() if value is not None})
    except ValidationError:
        return None  # a variable that has no value, which has been reported
    return SmokeTest(path.stem, asked, node)


def _references(name: str, inputs: dict[str, object]) -> Iterator[Problem]:
    for each in markers(inputs):
        text = f'smoke test "{name}": {each} cannot stand in a test, expected text or ${{var.<name>}}. Write the value.'
        yield each.place.problem(RULE, text)


def _issues(name: str, inputs: dict[str, object], node: MapNode) -> Iterator[Problem]:
    for issue in check(FORM, inputs, is_marker):
        place, note = locate(node, issue.path, is_about_key=issue.is_about_key)
        text = f'smoke test "{name}": {issue}{note}'
        yield place.problem(issue.rule, text + ("" if text.endswith(("?", ".")) else "."), issue.severity)
