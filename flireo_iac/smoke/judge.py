"""Holds what was heard in a call against what a test expects: every expectation, with the turn that comes nearest."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from flireo_iac.smoke.model import SPEAKERS, Failure, Heard, Outcome, UsedTool
from flireo_iac.stacks.smoke_form import SAID, Line, ToolUse, plain_tool
from flireo_iac.stacks.smoke_tests import SmokeTest

ENDED_WELL = frozenset({"ended", "transferred", "completed"})
"""Last statuses of a call in which somebody was spoken to."""
_LONGEST = 120
"""Characters of a value that a text shows."""

_HOLDS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda wanted, text: wanted.casefold() in text.casefold(),
    "equals": lambda wanted, text: wanted == text,
    "matches": lambda wanted, text: re.search(wanted, text) is not None,
}


def judge(test: SmokeTest, heard: Heard, cost: Decimal | None = None) -> Outcome:
    """Judge a call.

    Args:
        test: What is expected.
        heard: The call.
        cost: Euro that it cost; None for nothing.
    """
    found = (*_call(test, heard), *_transcript(test, heard), *_tools(test, heard), *_analysis(test, heard))
    found += tuple(_unreached(test, heard))
    failures = tuple(sorted(found, key=lambda each: each.place))
    return Outcome(
        test.name,
        test.agent,
        test.node.place,
        "failed" if failures else "passed",
        test.asked.description or "",
        failures,
        tuple(_unjudged(test, heard)),
        call=heard.call,
        cost=cost,
    )


def _call(test: SmokeTest, heard: Heard) -> Iterator[Failure]:
    call, wanted, longest = heard.call, test.expect.status, test.expect.max_duration_s
    found = f'"{call.status}"' + (f" ({call.error})" if call.error else "")
    if wanted is not None and call.status != wanted:
        yield Failure(test.place("expect", "status"), f'the call is {found}, "{wanted}" was expected')
    elif wanted is None and test.asked.picks_up == "voicemail":
        text = "voicemail answers, and without a status somebody is expected to be spoken to. Write status: ended"
        yield Failure(test.place("expect", is_key=True), text)
    elif wanted is None and (call.status not in ENDED_WELL or call.error):
        yield Failure(test.place("expect", is_key=True), f"the call is {found}, an answered call was expected")
    if longest is not None and (call.duration_seconds or 0) > longest:
        text = f"the call took {call.duration_seconds:g} s, at most {longest:g} s were expected"
        yield Failure(test.place("expect", "max_duration_s"), text)


def _transcript(test: SmokeTest, heard: Heard) -> Iterator[Failure]:
    for index, line in enumerate(test.expect.transcript or ()):
        condition = next(key for key in SAID if getattr(line, key) is not None)
        turns = [
            (number, turn.content)
            for number, turn in enumerate(heard.turns, 1)
            if (line.speaker or "agent") in ("anyone", SPEAKERS.get(turn.role))
        ]
        place = test.place("expect", "transcript", index, condition)
        yield from (Failure(place, text, turn) for text, turn in _line(line, condition, turns))


def _line(line: Line, condition: str, turns: Sequence[tuple[int, str]]) -> Iterator[tuple[str, int | None]]:
    wanted: str = getattr(line, condition)
    speaker = line.speaker or "agent"
    verb = condition.removeprefix("never_")
    meeting = [(number, said) for number, said in turns if _HOLDS[verb](wanted, said)]
    if condition != verb and not turns:
        who = "nobody" if speaker == "anyone" else f"the {speaker} never"
        yield f"{who} speaks, so that it proves nothing that {_shown(wanted)} is not said", None
    elif condition != verb:
        for number, said in meeting[:1]:
            yield f"{_shown(wanted)} was not expected, turn {number} {_VERBS[verb]} it: {_shown(said)}", number
    elif not meeting:
        near = _nearest(wanted, turns)
        found = f"; nearest is turn {near[0]}: {_shown(near[1])}" if near is not None else "; nothing is said"
        nobody = "no turn" if speaker == "anyone" else f"no turn of the {speaker}"
        yield f"{nobody} {_VERBS[verb]} {_shown(wanted)}{found}", near[0] if near is not None else None


_VERBS = {"contains": "contains", "equals": "is", "matches": "matches"}


def _nearest(wanted: str, turns: Sequence[tuple[int, str]]) -> tuple[int, str] | None:
    """Give the turn that is most like what was wanted."""
    words = wanted.casefold()

    def likeness(turn: tuple[int, str]) -> float:
        said = turn[1].casefold()
        same = sum(
            part.size for part in difflib.SequenceMatcher(None, words, said, autojunk=False).get_matching_blocks()
        )
        return same / (len(words) or 1) - len(said) / 10_000

    return max(turns, key=likeness, default=None)


def _tools(test: SmokeTest, heard: Heard) -> Iterator[Failure]:
    for index, use in enumerate(test.expect.tools or () if heard.tools is not None else ()):
        yield from _tool(test, index, use, heard.tools or ())


def _unreached(test: SmokeTest, heard: Heard) -> Iterator[Failure]:
    """Tell of tools that the script calls and nobody could be asked about: no agent would get a result."""
    for name, error in {each.name: each.error for each in heard.tools or () if each.error is not None}.items():
        index = next(
            i
            for i, turn in enumerate(test.turns)
            if turn.agent_calls is not None and plain_tool(turn.agent_calls.name) == plain_tool(name)
        )
        yield Failure(test.place("caller", index, "agent_calls", "name"), f"{name} cannot be asked: {error}")


def _tool(test: SmokeTest, index: int, use: ToolUse, tools: Sequence[UsedTool]) -> Iterator[Failure]:
    path = ("expect", "tools", index)
    name = use.never or use.name or ""
    calls = [each for each in tools if plain_tool(each.name) == plain_tool(name)]
    if use.never is not None:
        if calls:
            text = f"{name} was not to be called, it is called with {_shown(dict(calls[0].arguments))}"
            yield Failure(test.place(*path, "never"), text)
        return
    if not calls:
        others = ", ".join(dict.fromkeys(each.name for each in tools))
        yield Failure(
            test.place(*path, "name"), f"{name} is not called; {f'called is {others}' if others else 'no tool is'}"
        )
        return
    missed = [list(_values((use.arguments or {}), each.arguments)) for each in calls]
    if all(missed):
        for query, text in min(missed, key=len):
            yield Failure(test.place(*path, "arguments", query), f"{name} is called, but {text}")


def _analysis(test: SmokeTest, heard: Heard) -> Iterator[Failure]:
    wanted = test.expect.analysis
    if not wanted:
        return
    if heard.call.analysis_result is None:
        text = "the call has no analysis: the agent's plan is off, or too little was said"
        yield Failure(test.place("expect", "analysis", is_key=True), text)
        return
    for query, text in _values(wanted, heard.call.analysis_result):
        yield Failure(test.place("expect", "analysis", query), text)


def _values(wanted: Mapping[str, Any], found: Any) -> Iterator[tuple[str, str]]:
    """Give what does not hold of values, each with its JSON path."""
    import jsonpath

    for query, expected in wanted.items():
        values = jsonpath.findall(query, found)
        condition, value = next(iter(expected.items())) if isinstance(expected, dict) else ("equals", expected)
        text = _value(query, condition, value, values)
        if text and not values and isinstance(found, Mapping):
            text += f"; there is {', '.join(map(str, found)) or 'nothing'}"
        if text:
            yield query, text


def _value(query: str, condition: str, wanted: Any, values: Sequence[Any]) -> str:
    """Say what is wrong with the values at a path; empty when nothing is."""
    if condition == "is_there":
        return "" if bool(values) is wanted else f"{query} is {'not ' if wanted else ''}there"
    verb = condition.removeprefix("never_")
    meeting = [each for each in values if _meets(verb, wanted, each)]
    if not values:
        return f"there is nothing at {query}"
    if verb != condition:
        return f"{query} is {_shown(meeting[0])}, {verb} {_shown(wanted)} was not expected" if meeting else ""
    if meeting:
        return ""
    is_text = all(isinstance(each, str) for each in values)
    hint = " (text; put it in quotes)" if is_text and isinstance(wanted, int | float) else ""
    what = _shown(wanted) if verb == "equals" else f"what {verb} {_shown(wanted)}"
    return f"{query} is {', '.join(map(_shown, values))}, {what} was expected{hint}"


def _meets(verb: str, wanted: Any, value: Any) -> bool:
    if verb == "equals":
        return bool(wanted == value) and isinstance(wanted, bool) == isinstance(value, bool)
    if verb == "contains" and isinstance(value, list) and wanted in value:
        return True
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _HOLDS[verb](str(wanted), text)


def _unjudged(test: SmokeTest, heard: Heard) -> Iterator[Failure]:
    if heard.tools is None:
        for index, use in enumerate(test.expect.tools or ()):
            text = f"{use.name or use.never}: the API does not tell which tools a call used"
            yield Failure(test.place("expect", "tools", index), text)


def _shown(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
