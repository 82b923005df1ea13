"""Problems in SARIF 2.1.0, which code scanning of GitHub, GitLab and editors read.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from flireo_iac import __version__
from flireo_iac.errors import Problem
from flireo_iac.lint.waivers import Waived
from flireo_iac.rules import RULES, RuleEntry, page_of

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
"""Schema of the format."""


def sarif(problems: Sequence[Problem], waived: Sequence[Waived]) -> dict[str, Any]:
    """Give a SARIF log.

    Args:
        problems: What was found.
        waived: What a comment silences; part of the log as suppressed results.
    """
    rules = {rule: index for index, rule in enumerate(RULES)}
    results = [_result(problem, rules) for problem in problems]
    for each in waived:
        suppression = {"kind": "inSource", "justification": each.reason}
        results.append({**_result(each.problem, rules), "suppressions": [suppression]})
    driver = {"name": "flireo", "semanticVersion": __version__, "rules": [_rule(entry) for entry in RULES.values()]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(entry: RuleEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.why},
        "help": {"text": entry.why, "markdown": page_of(entry)},
        "helpUri": f"docs/rules/{entry.id}.md",
        "defaultConfiguration": {"level": entry.severity},
    }


def _result(problem: Problem, rules: dict[str, int]) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.file)}}
    if problem.line:
        column = {"startColumn": problem.column} if problem.column else {}
        location["region"] = {"startLine": problem.line, **column}
    return {
        "ruleId": problem.rule,
        "ruleIndex": rules[problem.rule],
        "level": problem.severity,
        "message": {"text": problem.text},
        "locations": [{"physicalLocation": location}],
    }


def _uri(file: str) -> str:
    path = PurePath(file)
    return Path(file).as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))
