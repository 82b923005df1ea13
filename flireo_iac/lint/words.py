"""Rules about the words of a text: placeholders, notes to oneself, merge marks, emptiness."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flireo_iac.core.check import suggestion
from flireo_iac.lint.finding import Finding, finding
from flireo_iac.lint.passages import Passage

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_NOTES = ("TODO", "FIXME", "XXX")
_NOTE = re.compile(rf"\b({'|'.join(_NOTES)})\b")
_MARKS = ("<" * 7, ">" * 7)
_MARK = re.compile(r"^(?:<{7}|>{7})(?: .*)?$", re.MULTILINE)
_CALL = frozenset({"phoneNumber", "phone_number", "customer", "call", "timestamp"})
"""What webhooks call the parts of a call. Source: contract, AssistantRequestPayload; for prompts inferred."""
_ANALYSIS = frozenset({"transcript", "schema", "endedReason", "ended_reason"})
"""Source: contract, AnalysisPlan; api notes, table of spellings."""


def find(passage: Passage) -> Iterator[Finding]:
    """Find what is wrong with the words of a text."""
    if passage.use == "prompt" and not passage.text.strip():
        text = "the prompt is empty, so the model is told nothing. Write it, or leave it out."
        yield finding("FL309", passage.place(0), text, passage.anchor)
    if "{{" in passage.text:
        yield from _placeholders(passage)
    for match in _NOTE.finditer(passage.text) if any(each in passage.text for each in _NOTES) else ():
        text = f'"{match[1]}" is sent to the model. Settle it, or take it out.'
        yield finding("FL305", passage.place(match.start(), match[0]), text, passage.anchor)
    for match in _MARK.finditer(passage.text) if any(each in passage.text for each in _MARKS) else ():
        text = "a mark of a merge conflict. Choose one side, and take the marks out."
        yield finding("FL306", passage.place(match.start(), match[0]), text, passage.anchor)


def _placeholders(passage: Passage) -> Iterator[Finding]:
    known = _ANALYSIS if passage.use == "analysis" else _CALL
    for match in _PLACEHOLDER.finditer(passage.text):
        if match[1].split(".")[0] not in known:
            hint = suggestion(match[1], known) or f", known are {', '.join(sorted(known))}."
            text = f'placeholder "{{{{{match[1]}}}}}" is not known here{hint}'
            yield finding("FL301", passage.place(match.start(), match[0]), text, passage.anchor)
