"""Examines a stack whole: what the loader finds in every environment, every other rule, and the waivers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flireo_iac.errors import Problem, SettingsError
from flireo_iac.lint import (
    agents,
    duplicates,
    environments,
    json_schemas,
    languages,
    prompt_files,
    secrets,
    smoke_tests,
    together,
    tools,
    window,
    words,
)
from flireo_iac.lint.finding import Finding, without_copies
from flireo_iac.lint.passages import Passage, passages
from flireo_iac.lint.waivers import Waived, apply, waivers_of
from flireo_iac.stacks.folder import ENVIRONMENTS
from flireo_iac.stacks.load import LoadedStack, of_environments, resolve
from flireo_iac.stacks.prompts import TextFiles
from flireo_iac.stacks.releases import Base, base_of
from flireo_iac.stacks.targets import Target, read_targets
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
    """Look at a stack in several environments, each as it would be deployed: with its release, if it is pinned.

    Args:
        folder: The stack's folder.
        chosen: Names of environments; None for all of them.

    Raises:
        SettingsError: There is no such folder, or it holds no stack.
    """
    problems: list[Problem] = []
    targets = read_targets(folder, problems)
    pinned = [each for each in targets if each.pin is not None and (not chosen or each.environment in chosen)]
    fixed = {each.environment for each in pinned}
    with base_of(folder) as base:
        names = [*chosen] if chosen else sorted(base.files.environments or {})
        free: list[str | None] = [name for name in names if name not in fixed]
        if free or not pinned:
            own = examine_base(base, free or [None], is_whole=not chosen and not pinned)
        else:  # nothing runs these files yet, and the next promotion shall not be the first to look at them
            own = _foreseen(examine_base(base, [*names] or [None], is_whole=False))
    reports = [own, *(_of_release(folder, target, len(targets)) for target in pinned)]
    return Report(
        [stack for report in reports for stack in report.stacks],
        sorted({*problems, *(problem for report in reports for problem in report.problems)}),
        sorted({waived for report in reports for waived in report.waived}, key=lambda each: each.problem),
    )


def _foreseen(report: Report) -> Report:
    """Let what is wrong be a warning, where no environment runs the files yet."""
    lowered = [
        replace(each, severity="warning", text=f"{each.text} (No environment runs these files yet.)")
        for each in report.problems
    ]
    return replace(report, stacks=[], problems=lowered)


def _of_release(folder: Path, target: Target, targets: int) -> Report:
    """Look at a stack that is pinned."""
    try:
        with base_of(folder, target.pin) as base:
            report = examine_base(base, [target.environment], is_whole=False)
    except SettingsError as error:
        return Report([], [target.place.problem("FL156", str(error))], [])
    return replace(report, problems=[of_environments(problem, [target.stack], targets) for problem in report.problems])


def examine_base(base: Base, names: Sequence[str | None], *, is_whole: bool) -> Report:
    """Look at base files in several environments.

    Args:
        base: The files, open.
        names: Names of the environments; None for a stack without environments.
        is_whole: Whether nothing else uses the files, so that what these environments do not use is unused.

    Returns:
        What was found; files of a release are named with their ref.
    """
    files, folder = base.files, base.files.folder
    texts = TextFiles(folder)
    stacks = [resolve(files, name, texts) for name in names]
    said = [passages(stack) for stack in stacks]
    found = [
        [*map(Finding, stack.problems), *without_copies(_of_environment(stack, texts, own))]
        for stack, own in zip(stacks, said, strict=True)
    ]
    anchors = _anchors(said)
    raw = _raw(base)
    over_all = [*secrets.find(raw), *duplicates.find(texts.read, anchors), *prompt_files.find_hiding(folder, anchors)]
    over_all = [replace(each, anchors=(*each.anchors, *anchors.get(each.problem.file, ()))) for each in over_all]
    if is_whole:
        over_all += together.find_unused(stacks)
        if not any(stack.errors for stack in stacks):
            over_all += prompt_files.find_unused(folder, list(texts.read))
    waivers = [
        waiver for file, text in raw.items() if file.endswith((".yaml", ".yml")) for waiver in waivers_of(file, text)
    ]
    problems, waived = apply([*_merged(names, found), *over_all], waivers, is_whole=is_whole)
    return Report(
        stacks,
        sorted({base.named(problem) for problem in problems}),
        sorted({replace(each, problem=base.named(each.problem)) for each in waived}, key=lambda each: each.problem),
    )


def _raw(base: Base) -> dict[str, str]:
    """Give the texts of all files; the environments' are those of the working tree, also beside a release."""
    raw = secrets.texts_of(base.files.folder)
    if base.revision is not None:
        old = base.files.folder / ENVIRONMENTS
        raw = {file: text for file, text in raw.items() if not Path(file).is_relative_to(old)}
        for path in (base.files.environments or {}).values():
            raw[str(path)] = path.read_text(encoding="utf-8", errors="replace")
    return raw


def _of_environment(stack: LoadedStack, texts: TextFiles, said: Sequence[Passage]) -> Iterator[Finding]:
    yield from agents.find(stack)
    yield from json_schemas.find(stack)
    yield from together.find(stack)
    yield from environments.find(stack, texts)
    yield from secrets.find_in_headers(stack)
    for passage in said:
        yield from words.find(passage)
    yield from tools.find(stack, said)
    yield from languages.find(stack, said)
    yield from window.find(stack, said)
    yield from smoke_tests.find(stack)


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
