"""Outcomes as JUnit XML, as GitHub's and GitLab's reports of tests read it.

One ``testcase`` a test, whose ``classname`` is what GitLab shows as its suite. What does not hold stands in one
``failure``, because readers take the first. Source: GitLab, "Unit test reports".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree

from flireo_iac.smoke.model import SPEAKERS, Outcome

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(outcomes: Sequence[Outcome], stack: str, began: datetime) -> str:
    """Write outcomes as JUnit XML.

    Args:
        outcomes: What became of the tests.
        stack: Name of the stack.
        began: When the run began, with a zone.
    """
    counts = {
        "tests": str(len(outcomes)),
        "failures": str(sum(each.status == "failed" for each in outcomes)),
        "errors": str(sum(each.status == "error" for each in outcomes)),
        "skipped": str(sum(each.status == "skipped" for each in outcomes)),
        "time": f"{sum(map(_seconds, outcomes)):.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": "flireo test", **counts})
    suite = ElementTree.SubElement(
        root, "testsuite", {"name": _text(stack), "timestamp": began.isoformat(timespec="seconds"), **counts}
    )
    for each in outcomes:
        _case(suite, each, stack)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False)


def _case(suite: ElementTree.Element, outcome: Outcome, stack: str) -> None:
    attributes = {
        "name": outcome.name,
        "classname": f"{stack}.{outcome.agent}",
        "file": outcome.place.file,
        "time": f"{_seconds(outcome):.3f}",
    }
    case = ElementTree.SubElement(suite, "testcase", {name: _text(value) for name, value in attributes.items()})
    if outcome.status == "failed":
        first, more = outcome.failures[0].text, len(outcome.failures) - 1
        message = first + (f" (and {more} more)" if more else "")
        failure = ElementTree.SubElement(case, "failure", {"message": _text(message), "type": "expectation"})
        failure.text = _text("\n".join(map(str, outcome.failures)))
    elif outcome.status != "passed":
        ElementTree.SubElement(case, outcome.status, {"message": _text(outcome.reason)})
    said = (outcome.call.messages or ()) if outcome.call is not None else ()
    lines = [f"{SPEAKERS.get(each.role, each.role)}: {each.content}" for each in said]
    lines += [f"not judged: {each}" for each in outcome.unjudged]
    if lines:
        ElementTree.SubElement(case, "system-out").text = _text("\n".join(lines))


def _seconds(outcome: Outcome) -> float:
    return float(outcome.call.duration_seconds or 0) if outcome.call is not None else 0.0


def _text(text: str) -> str:
    """Give a text without the characters that no XML can hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
