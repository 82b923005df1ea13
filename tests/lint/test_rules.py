"""Every rule fires on its own bad example, alone, and is silent on its good one; no other rule exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flireo_iac.kinds import KINDS
from flireo_iac.lint.report import Report, examine_whole
from flireo_iac.rules import RULES, RuleEntry
from tests.stacks.writing import Files

ROOT = Path(__file__).resolve().parents[2]
PLAYED = [entry for entry in RULES.values() if entry.when not in ("deploy", "live") and entry.bad]


def examine(files: Files, texts: dict[str, str]) -> Report:
    for path, text in texts.items():
        files.write(path, text)
    return examine_whole(Path())


@pytest.mark.parametrize("entry", PLAYED, ids=lambda entry: entry.id)
def test_bad_example_breaks_its_rule_and_no_other(files: Files, entry: RuleEntry) -> None:
    found = examine(files, dict(entry.bad)).problems
    assert {problem.rule for problem in found} == {entry.id}, [str(problem) for problem in found]
    assert {problem.severity for problem in found} == {entry.severity}


@pytest.mark.parametrize("entry", PLAYED, ids=lambda entry: entry.id)
def test_good_example_breaks_no_rule(files: Files, entry: RuleEntry) -> None:
    report = examine(files, dict(entry.good))
    assert [str(problem) for problem in report.problems] == []


def test_every_rule_that_the_code_can_report_is_written_down_and_no_other() -> None:
    sources = [
        path for folder in ("stacks", "core", "lint", "kinds") for path in (ROOT / "flireo_iac" / folder).glob("*.py")
    ]
    reported = {rule for path in sources for rule in re.findall(r'"(FL\d+)"', path.read_text("utf-8"))}
    assert reported | {rule.id for kind in KINDS.values() for rule in kind.rules} == set(RULES)


def test_what_is_written_about_a_rule_is_whole() -> None:
    for entry in RULES.values():
        assert entry.why.endswith("."), entry.id
        assert entry.title[0].islower() or entry.title[0] == "`", entry.id
        assert not entry.title.endswith("."), entry.id
        assert entry.bad or entry.id == "FL112"
        if entry.is_waivable and entry.when == "always":
            assert entry.severity == "warning", f"{entry.id} fails every deployment, so a waiver would not help"
