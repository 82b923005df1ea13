"""Examines a stack whole: what the loader finds in every environment, every other rule, and the waivers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flireo_iac.errors import Problem
from flireo_iac.lint import (
    agents,
    duplicates,
    environments,
    json_schemas,
    languages,
    prompt_files,
    secrets,
    together,
    tools,
    window,
    words,
)
from flireo_iac.lint.finding import Finding
from flireo_iac.lint.passages import Passage, passages
from flireo_iac.lint.waivers import Waived, apply, waivers_of
from flireo_iac.stacks.folder import read_folder
from flireo_iac.stacks.load import LoadedStack, of_environments, resolve
from flireo_iac.stacks.prompts import TextFiles
from flireo_iac.stacks.values import Place


@dataclass(frozen=True)
class Report:
    """Everything that can be said about a stack without an engine.

    Args:
        stacks: The stack in each environment that was looked at.
        problems: What is wrong or unwise, sorted by place.
        waived: What a comment silences, sorted by place.
    """

    stacks: Sequence[LoadedStack]
    problems: Sequence[Problem]
    waived: Sequence[Waived]


def examine_whole(folder: Path, chosen: Sequence[str] | None = None) -> Report:
    """Look at a stack in several environments.

    Args:
        folder: The stack's folder.
        chosen: Names of environments; None for all of them.

    Raises:
        SettingsError: There is no such folder, or it holds no stack.
    """
    files = read_folder(folder)
    names: list[str | None] = [*chosen] if chosen else [*sorted(files.environments or {})] or [None]
    texts = TextFiles(folder)
    stacks = [resolve(files, name, texts) for name in names]
    said = [passages(stack) for stack in stacks]
    found = [
        [*map(Finding, stack.problems), *_of_environment(stack, texts, own)]
        for stack, own in zip(stacks, said, strict=True)
    ]
    anchors = _anchors(said)
    raw = secrets.texts_of(folder)
    over_all = [*secrets.find(raw), *duplicates.find(texts.read, anchors), *prompt_files.find_hiding(folder, anchors)]
    over_all = [replace(each, anchors=(*each.anchors, *anchors.get(each.problem.file, ()))) for each in over_all]
    if not chosen:
        over_all += together.find_unused(stacks)
        if not any(stack.errors for stack in stacks):
            over_all += prompt_files.find_unused(folder, list(texts.read))
    waivers = [
        waiver for file, text in raw.items() if file.endswith((".yaml", ".yml")) for waiver in waivers_of(file, text)
    ]
    problems, waived = apply([*_merged(names, found), *over_all], waivers, is_whole=not chosen)
    return Report(stacks, sorted(set(problems)), sorted(set(waived), key=lambda each: each.problem))


def _of_environment(stack: LoadedStack, texts: TextFiles, said: Sequence[Passage]) -> Iterator[Finding]:
    yield from agents.find(stack)
    yield from json_schemas.find(stack)
    yield from together.find(stack)
    yield from environments.find(stack, texts)
    for passage in said:
        yield from words.find(passage)
    yield from tools.find(stack, said)
    yield from languages.find(stack, said)
    yield from window.find(stack, said)


def _anchors(said: Sequence[Sequence[Passage]]) -> dict[str, tuple[Place, ...]]:
    """Give the places that name each prompt file: the ``prompt:`` lines of all agents that speak it."""
    found: dict[str, dict[Place, None]] = {}
    for own in said:
        for passage in own:
            for file in passage.files:
                found.setdefault(file, {})[passage.anchor] = None
    return {file: tuple(places) for file, places in found.items()}


def _merged(names: Sequence[str | None], found: Sequence[Sequence[Finding]]) -> list[Finding]:
    """Put the findings of the environments together; one that only some of them have names them."""
    anchors: dict[Problem, dict[Place, None]] = {}
    holders: dict[Problem, dict[str, None]] = {}
    for name, findings in zip(names, found, strict=True):
        for each in findings:
            anchors.setdefault(each.problem, {}).update(dict.fromkeys(each.anchors))
            holders.setdefault(each.problem, {})[name or ""] = None
    return [
        Finding(of_environments(problem, list(holders[problem]), len(names)), tuple(places))
        for problem, places in anchors.items()
    ]
