"""Loads a stack: files, environment, templates, prompts and references, to plain inputs in the order of deploying.

Nothing here knows Pulumi or HTTP. What is wrong is collected, never raised one by one, so that a user sees all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flireo_iac.core.check import check
from flireo_iac.errors import Problem, StackError
from flireo_iac.kinds import KINDS, Kind
from flireo_iac.stacks.environment import Environment, read_environment
from flireo_iac.stacks.folder import ItemFile, StackFiles, read_folder
from flireo_iac.stacks.interpolate import Variables
from flireo_iac.stacks.leads import lay_in_leads, leads_of
from flireo_iac.stacks.nodes import MapNode, ScalarNode, is_null, locate, merge, named, value_at
from flireo_iac.stacks.plain import Inputs
from flireo_iac.stacks.prompts import Prompts, TextFiles, lay_in_prompt
from flireo_iac.stacks.references import check_literals, check_references, check_unique, ordered
from flireo_iac.stacks.templates import Templates
from flireo_iac.stacks.values import ItemRef, Place, SecretRef, Unresolved, is_marker, markers


@dataclass(frozen=True)
class Item:
    """One item of a loaded stack.

    Args:
        kind: What it is.
        name: Its name in its folder; the name of the Pulumi resource too.
        inputs: The inputs of the resource: plain data, with markers of ``values`` where a value comes later.
        is_protected: Whether the engine refuses to delete it.
        place: Its file.
        needs: Items that have to be there first, though no reference names them.
        parent: Item that this one exists in; empty for one that has a file of its own.
    """

    kind: Kind
    name: str
    inputs: Mapping[str, Any]
    is_protected: bool
    place: Place
    needs: tuple[str, ...] = ()
    parent: str = ""

    @property
    def key(self) -> str:
        """Name of the item in its stack, such as ``agents.receptionist``."""
        return f"{self.kind.folder}.{self.name}"


@dataclass(frozen=True)
class PromptUse:
    """The prompt file that an agent names.

    Args:
        name: Path of the file as the agent's file, or the environment, says it.
        beside: Folder that is searched first.
        place: Where it is named.
    """

    name: str
    beside: Path
    place: Place


@dataclass(frozen=True)
class Origins:
    """Where the values of a loaded stack come from, for whoever judges more than the loader does.

    Args:
        files: The base files.
        environment: What the environment changes.
        trees: Every item with overlays, variables, templates and prompts laid in; each value knows its place.
        used: Names of the variables that the items use.
        prompt_uses: Which prompt file an agent names, by item.
        prompts: Gives the text of a prompt with its places.
    """

    files: StackFiles
    environment: Environment
    trees: Mapping[str, MapNode]
    used: frozenset[str]
    prompt_uses: Mapping[str, PromptUse]
    prompts: Prompts


@dataclass(frozen=True)
class LoadedStack:
    """A stack in one environment.

    Args:
        folder: Its folder.
        environment: Name of the environment; None for a stack without environments.
        items: Its items by name, in the order of deploying.
        problems: Everything that is wrong or unwise, sorted by place.
        origins: Where its values come from.
    """

    folder: Path
    environment: str | None
    items: Mapping[str, Item]
    problems: tuple[Problem, ...]
    origins: Origins = field(repr=False, compare=False)

    @property
    def errors(self) -> list[Problem]:
        """The problems that stop."""
        return [problem for problem in self.problems if problem.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        """The problems that are only shown."""
        return [problem for problem in self.problems if problem.severity != "error"]

    @property
    def secrets(self) -> dict[str, list[Place]]:
        """Every secret that is used, with the places of its uses."""
        found: dict[str, list[Place]] = {}
        for item in self.items.values():
            for each in markers(dict(item.inputs)):
                if isinstance(each, SecretRef):
                    found.setdefault(each.name, []).append(each.place)
        return {name: sorted(places) for name, places in found.items()}


def load(folder: Path, environment: str | None = None) -> LoadedStack:
    """Load a stack that is expected to be good.

    Args:
        folder: The stack's folder.
        environment: Name of the environment; leave it None for a stack without environments.

    Raises:
        SettingsError: There is no such folder, or it holds no stack.
        StackError: Something is wrong; holds every error with its place.
    """
    loaded = resolve(read_folder(folder), environment)
    if loaded.errors:
        raise StackError(loaded.errors)
    return loaded


def resolve(
    files: StackFiles, environment: str | None, texts: TextFiles | None = None, *, keeps_omitted: bool = False
) -> LoadedStack:
    """Make the stack of one environment from its base files, whatever is wrong with it.

    Args:
        files: The base files.
        environment: Name of the environment; ignored for a stack without environments.
        texts: The text files of the stack, when they are to be read once for several environments.
        keeps_omitted: True keeps the items that the environment leaves out.
    """
    problems = list(files.problems)
    chosen = read_environment(files, environment, problems)
    if keeps_omitted:
        chosen.omitted = set()
    absent = dict.fromkeys(files.broken, "")
    absent |= dict.fromkeys(chosen.omitted - files.broken, f"left out in {chosen.words}")
    origins = _origins(files, chosen, absent, texts or TextFiles(files.folder), problems)
    nodes = origins.trees
    copied: list[Problem] = []
    item_files = {item.node.place.file for item in files.items.values()}
    made: dict[str, Item] = {}
    for key, node in nodes.items():
        found = _issues(made.setdefault(key, _item(files.items[key], node, problems)), node)
        for problem in found:
            is_copied = problem.file != node.place.file and problem.file in item_files
            (copied if is_copied else problems).append(problem)
    kinds = {key: item.kind for key, item in made.items()}
    for key, item in made.items():
        problems += check_references(item.inputs, kinds, absent)
        problems += check_literals(item.kind, item.name, nodes[key], item.inputs, kinds)
    problems += check_unique({key: (item.kind, nodes[key], item.inputs) for key, item in made.items()})
    made = {key: replace(item, needs=_needs(item, made)) for key, item in made.items()}
    made |= {lead.key: lead for key, item in made.items() for lead in _leads(item, nodes[key], problems)}
    order = ordered({key: (item.inputs, item.needs) for key, item in made.items()}, problems)
    return LoadedStack(
        files.folder,
        environment if files.environments is not None else None,
        {key: made[key] for key in order},
        tuple(sorted(set(_without_echoes(problems, copied)))),
        origins,
    )


def _origins(
    files: StackFiles, chosen: Environment, absent: Mapping[str, str], texts: TextFiles, problems: list[Problem]
) -> Origins:
    """Lay overlays, variables, templates and prompts into the tree of every item."""
    variables = Variables(chosen.variables, chosen.words, problems)
    variables.check_all()
    prompts = Prompts(texts, variables, problems)
    filled: dict[str, MapNode] = {}
    for key, item in files.items.items():
        if key in chosen.omitted:
            continue
        node = merge(item.node, chosen.overlays[key]) if key in chosen.overlays else item.node
        made = variables.fill(node)
        if isinstance(made, MapNode):
            filled[key] = made
    templates = Templates(filled, absent, problems)
    uses: dict[str, PromptUse] = {}
    for key, node in filled.items():
        if files.items[key].kind.name == "campaign":
            filled[key] = lay_in_leads(node, files.items[key].beside, texts, problems)
        if files.items[key].kind.name == "agent":
            beside = files.items[key].beside
            filled[key] = lay_in_prompt(templates.lay_in(node), beside, prompts, problems)
            named, _ = value_at(node, ("llm_config", "prompt"))
            if isinstance(named, ScalarNode) and isinstance(named.value, str):
                uses[key] = PromptUse(named.value, beside, named.place)
    return Origins(files, chosen, filled, variables.used, uses, prompts)


def _item(source: ItemFile, node: MapNode, problems: list[Problem]) -> Item:
    inputs = Inputs(source.kind, source.name, problems).of(node.without("protect"))
    return Item(source.kind, source.name, inputs, _protection(source.kind, node, problems), node.place)


def _leads(item: Item, node: MapNode, problems: list[Problem]) -> list[Item]:
    """Give the items that a campaign's leads are."""
    if item.kind.name != "campaign":
        return []
    found = leads_of(item.kind.folder, item.name, node, item.inputs, problems)
    kind = KINDS["campaign_lead"]
    return [Item(kind, lead.name, lead.inputs, False, lead.place, parent=item.key) for lead in found]


def _needs(item: Item, items: Mapping[str, Item]) -> tuple[str, ...]:
    """Name the items of the kinds that this item's kind needs; a reference decides where there is one."""
    if not item.kind.needs:
        return ()
    used = {found.key for found in markers(dict(item.inputs)) if isinstance(found, ItemRef)}
    return tuple(key for key, other in items.items() if other.kind.name in item.kind.needs and key not in used)


def _issues(item: Item, node: MapNode) -> list[Problem]:
    """Say what the kind objects to in an item, at the places in its files."""
    problems = []
    for issue in check(item.kind, item.inputs, is_marker):
        place, note = locate(node, issue.path, is_about_key=issue.is_about_key)
        text = f'{item.kind.title} "{item.name}": {issue}{note}'
        end = "" if text.endswith(("?", ".")) else "."
        problems.append(place.problem(issue.rule, text + end, issue.severity))
    return problems


def _protection(kind: Kind, node: MapNode, problems: list[Problem]) -> bool:
    chosen = node.get("protect")
    if chosen is None or is_null(chosen):
        return kind.is_protected
    if isinstance(chosen, ScalarNode) and isinstance(chosen.value, bool | Unresolved):
        return chosen.value is not False
    text = f"{kind.title}: protect is {named(chosen)}{chosen.note}, expected true or false."
    problems.append(chosen.place.problem("FL104", text))
    return kind.is_protected


def _without_echoes(problems: list[Problem], copied: list[Problem]) -> list[Problem]:
    """Drop what agents say about a template that the template's own file already says, or that another agent said."""
    said = {(problem.file, problem.line, problem.column) for problem in problems}
    first: dict[tuple[str, int, int, str], Problem] = {}
    for problem in copied:
        if (problem.file, problem.line, problem.column) not in said:
            first.setdefault((problem.file, problem.line, problem.column, problem.rule), problem)
    return [*problems, *first.values()]


def of_environments(problem: Problem, names: Sequence[str], count: int) -> Problem:
    """Let a problem that only some environments have name them.

    Args:
        problem: The problem.
        names: The environments that have it.
        count: How many environments were looked at.
    """
    if len(names) == count or 'environment "' in problem.text:
        return problem
    return replace(problem, text=f"{problem.text} (In {', '.join(names)}.)")
