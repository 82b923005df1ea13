"""Waivers: comments such as ``# flireo: allow FL210 the carrier wants it``, and what they silence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from flireo_iac.core.check import suggestion
from flireo_iac.errors import Problem
from flireo_iac.lint.finding import Finding, finding
from flireo_iac.rules import RULES
from flireo_iac.stacks.values import Place

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COMMENT = re.compile(
    r"(?:^|(?<=[ \t]))#[ \t]*flireo:[ \t]*allow\b[ \t]*(FL\d+(?:[ \t]*,[ \t]*FL\d+)*)?[ \t]*([^\n]*)", re.M
)


@dataclass(frozen=True)
class Waiver:
    """One rule that a comment silences.

    Args:
        rule: Id of the rule; empty when the comment names none.
        reason: Why; empty when it says nothing.
        place: Where the comment stands.
        line: Line that it counts for; None for the whole file.
    """

    rule: str
    reason: str
    place: Place
    line: int | None


@dataclass(frozen=True)
class Waived:
    """A problem that a comment silences.

    Args:
        problem: The problem.
        reason: What the comment says.
    """

    problem: Problem
    reason: str


def waivers_of(file: str, text: str) -> Iterator[Waiver]:
    """Read the waivers of a YAML file.

    Args:
        file: Path of the file as the user would type it.
        text: What it holds; a comment inside a text value is none.
    """
    if "flireo:" not in text:
        return
    values = scalar_spans(text)
    lines = text.split("\n")
    head = next((n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), len(lines))
    for match in _COMMENT.finditer(text):
        if any(start <= match.start() < end for start, end in values):
            continue
        number = text.count("\n", 0, match.start())
        place = Place(file, number + 1, match.start() - (text.rfind("\n", 0, match.start()) + 1) + 1)
        line: int | None = number + 1
        if lines[number].lstrip().startswith("#"):
            after = (n for n in range(number, len(lines)) if lines[n].strip() and not lines[n].lstrip().startswith("#"))
            line = None if number < head else next(after, number) + 1
        for rule in re.findall(r"FL\d+", match[1] or "") or [""]:
            yield Waiver(rule, match[2].strip(), place, line)


def scalar_spans(text: str) -> list[tuple[int, int]]:
    """Give begin and end of each scalar of a file, as far as it can be read."""
    found: list[tuple[int, int]] = []
    loader = _LOADER(text)
    try:
        while loader.check_token():
            token = loader.get_token()
            if isinstance(token, yaml.ScalarToken):
                found.append((token.start_mark.index, token.end_mark.index))
    except yaml.YAMLError:
        pass  # the loader has said so
    finally:
        loader.dispose()
    return found


def apply(
    findings: Sequence[Finding], waivers: Sequence[Waiver], *, is_whole: bool
) -> tuple[list[Problem], list[Waived]]:
    """Take out what is waived, and say which waivers are wrong.

    Args:
        findings: Everything that was found.
        waivers: Every waiver of the stack.
        is_whole: Whether all environments were looked at, so that a waiver without effect can be told.

    Returns:
        The problems that are left, with those of the waivers themselves, and what was waived.
    """
    good = [waiver for waiver in waivers if waiver.reason and _is_waivable(waiver.rule)]
    by_place: Mapping[tuple[str, str, int | None], Waiver] = {
        (waiver.rule, waiver.place.file, waiver.line): waiver for waiver in good
    }
    left: list[Problem] = []
    silenced: list[Waived] = []
    used: set[Waiver] = set()
    for each in findings:
        places = [Place(each.problem.file, each.problem.line), *each.anchors]
        keys = [(each.problem.rule, place.file, line) for place in places for line in (place.line, None)]
        waiver = next((by_place[key] for key in keys if key in by_place), None)
        if waiver is None or not _is_waivable(each.problem.rule):
            left.append(each.problem)
        else:
            used.add(waiver)
            silenced.append(Waived(each.problem, waiver.reason))
    left += (_wrong(waiver) for waiver in waivers if waiver not in good)
    if is_whole:
        left += (
            finding("FL403", waiver.place, f"{waiver.rule} finds nothing here. Remove the waiver.").problem
            for waiver in good
            if waiver not in used
        )
    return left, silenced


def _is_waivable(rule: str) -> bool:
    return rule in RULES and RULES[rule].is_waivable


def _wrong(waiver: Waiver) -> Problem:
    if not waiver.rule:
        return finding("FL402", waiver.place, "the waiver names no rule, expected one such as FL210.").problem
    if waiver.rule not in RULES:
        hint = suggestion(waiver.rule, RULES) or "."
        return finding("FL402", waiver.place, f'there is no rule "{waiver.rule}"{hint}').problem
    if not _is_waivable(waiver.rule):
        return finding("FL402", waiver.place, f"{waiver.rule} cannot be waived. Mend what it finds.").problem
    text = f"the waiver of {waiver.rule} gives no reason, expected one after the rule. It silences nothing."
    return finding("FL401", waiver.place, text).problem
