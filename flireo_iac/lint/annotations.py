"""Problems as annotations of GitHub Actions."""

from __future__ import annotations

from flireo_iac.errors import Problem


def annotation(problem: Problem) -> str:
    """Give the line that makes GitHub show a problem beside the changed file.

    Source: GitHub Actions, workflow commands; a value escapes per cent, line ends, colon and comma.
    """
    places = {"file": problem.file, "line": problem.line, "col": problem.column, "title": problem.rule}
    named = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in places.items() if value)
    return f"::{problem.severity} {named}::{_escaped(problem.text, '')}"


def _escaped(text: str, more: str) -> str:
    for sign in ("%", "\r", "\n", *more):
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text
