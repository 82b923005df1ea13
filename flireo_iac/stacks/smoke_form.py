"""What a smoke test can say: who calls, what the caller does, and what is expected of the call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.fields import FieldInfo

from flireo_iac.core.check import suggestion
from flireo_iac.kinds import fields
from flireo_iac.kinds._spec import Finding, Rule

RULE = "FL601"
SAID = ("contains", "equals", "matches", "never_contains", "never_matches")
"""What can be expected of a text."""
OF_VALUES = (*SAID, "is_there")
"""What can be expected of a value."""
_BUILT_IN = {"endCall": "end_call", "transferCall": "transfer_call"}
_TEXT = {"type": ["string", "number", "boolean"]}
_EXPECTED: dict[str, Any] = {
    "anyOf": [
        {"type": ["string", "number", "boolean", "null", "array"]},
        {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {
                **dict.fromkeys(("contains", "matches", "never_contains", "never_matches"), _TEXT),
                "equals": {},
                "is_there": {"type": "boolean"},
            },
        },
    ]
}
Values = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {"type": "object", "propertyNames": {"pattern": "^\\$"}, "additionalProperties": _EXPECTED},
    ),
]
"""By JSON path: a value that is expected there, or a mapping that says what of it."""


def plain_tool(name: str) -> str:
    """Give the one spelling of a tool's name: a built-in one has two."""
    return _BUILT_IN.get(name, name)


class _Part(BaseModel):
    """Base of the parts of a test: unknown keys are refused, text is not taken for a number."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class ToolCall(_Part):
    """A tool that the agent calls, when the test is run offline."""

    name: Annotated[str, Field(min_length=1, description="Name of the tool, end_call or transfer_call.")]
    arguments: Annotated[dict[str, Any], Field(description="What it is called with.")] = {}
    result: Annotated[
        Any,
        Field(description="What it answers; without it the tool's own address is asked, if that is on this machine."),
    ] = None


class Turn(_Part):
    """One step of the caller."""

    says: Annotated[str | None, Field(min_length=1, description="What the caller says.")] = None
    after_s: Annotated[float | None, Field(ge=0, le=86_400, description="Seconds of silence before; else 2.")] = None
    agent_calls: Annotated[ToolCall | None, Field(description="Offline only: a tool that the agent then calls.")] = None
    agent_says: Annotated[
        str | None,
        Field(min_length=1, description="Offline only: what the agent then says; {{result}} is what the tool gave."),
    ] = None
    hangs_up: Annotated[bool | None, Field(description="The caller hangs up after it.")] = None


class Line(_Part):
    """What is expected of what is said."""

    speaker: Annotated[
        Literal["agent", "caller", "anyone"] | None, Field(description="Whose words count; the agent's if left out.")
    ] = None
    contains: Annotated[str | None, Field(description="One turn has this text; capitals do not matter.")] = None
    equals: Annotated[str | None, Field(description="One turn is this text.")] = None
    matches: Annotated[str | None, Field(description="A regular expression that is found in one turn.")] = None
    never_contains: Annotated[str | None, Field(description="No turn has this text.")] = None
    never_matches: Annotated[str | None, Field(description="A regular expression that is found in no turn.")] = None


class ToolUse(_Part):
    """What is expected of a tool."""

    name: Annotated[str | None, Field(min_length=1, description="Tool that is called.")] = None
    arguments: Annotated[Values | None, Field(description="What one of its calls has, by JSON path.")] = None
    never: Annotated[str | None, Field(min_length=1, description="Tool that is not called.")] = None


class Expectations(_Part):
    """What is expected of the call."""

    status: Annotated[
        str | None, Field(min_length=1, description="Last status of the call; if left out, one of an answered call.")
    ] = None
    transcript: Annotated[list[Line] | None, Field(description="What is said, in any order.")] = None
    tools: Annotated[list[ToolUse] | None, Field(description="Which tools are called, in any order.")] = None
    analysis: Annotated[Values | None, Field(description="What the analysis finds, by JSON path.")] = None
    max_duration_s: Annotated[float | None, Field(gt=0, description="Longest duration of the call, in seconds.")] = None


class SmokeTestProperties(_Part):
    """One test of a call."""

    agent: Annotated[str, Field(min_length=1, description="Agent that is called: the name of its file.")]
    description: Annotated[str | None, Field(description="What the test is about.")] = None
    picks_up: Annotated[
        Literal["person", "voicemail", "nobody", "busy"] | None,
        Field(description="Offline only: who answers the call; a person if left out."),
    ] = None
    context: Annotated[dict[str, Any] | None, Field(description="What the agent is told, by name.")] = None
    first_message: Annotated[str | None, Field(min_length=1, description="Opening line of this call.")] = None
    caller: Annotated[list[Turn] | None, Field(description="What the caller does, in order; then they hang up.")] = None
    analysis_finds: Annotated[
        dict[str, Any] | None, Field(description="Offline only: what the analysis finds, by field of its schema.")
    ] = None
    expect: Annotated[Expectations, Field(description="What is expected of the call.")]


def _findings(given: Mapping[str, Any]) -> Iterator[Finding]:
    expected = given.get("expect")
    if not isinstance(expected, Mapping):
        return
    if not any(value for value in expected.values()):
        yield Finding(("expect",), "expects nothing, so that the test cannot fail. Say what the call has to bring")
    for index, line in _entries(expected.get("transcript")):
        path = ("expect", "transcript", index)
        conditions = {key: value for key, value in line.items() if key in SAID and value is not None}
        if conditions or not line.keys() - {*SAID, "speaker"}:  # what is misspelled is said already
            yield from _conditions(path, conditions, SAID)
    for index, use in _entries(expected.get("tools")):
        path = ("expect", "tools", index)
        if (use.get("name") is None) == (use.get("never") is None):
            yield Finding(path, "has to have name or never, and not both")
        elif use.get("never") is not None and use.get("arguments") is not None:
            yield Finding((*path, "arguments"), "cannot stand beside never. Leave it out")
        yield from _values((*path, "arguments"), use.get("arguments"))
    yield from _values(("expect", "analysis"), expected.get("analysis"))


def _entries(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for index, each in enumerate(value if isinstance(value, list) else ()):
        if isinstance(each, Mapping):
            yield index, each


def _values(path: tuple[str | int, ...], given: Any) -> Iterator[Finding]:
    for query, expected in given.items() if isinstance(given, Mapping) else ():
        wrong = path_problem(query)
        if wrong:
            yield Finding((*path, query), f"is no JSON path: {wrong}. Write one such as $.name")
        if isinstance(expected, Mapping):
            unknown = [key for key in expected if key not in OF_VALUES]
            for key in unknown:
                hint = suggestion(key, OF_VALUES) or '. To expect a mapping, write "equals: {…}"'
                yield Finding((*path, query, key), f"is not known, expected one of {', '.join(OF_VALUES)}{hint}")
            if not unknown:
                yield from _conditions((*path, query), expected, OF_VALUES)


def _conditions(path: tuple[str | int, ...], given: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[Finding]:
    if len(given) != 1:
        found = f"has {' and '.join(given)}" if given else "says nothing"
        yield Finding(path, f"{found}, expected one of {', '.join(known)}")
    for key, value in given.items():
        if key in ("matches", "never_matches") and isinstance(value, str):
            wrong = pattern_problem(value)
            if wrong:
                yield Finding((*path, key), f"is no regular expression: {wrong}")
            elif re.search(value, ""):
                text = "is found in an empty text, too. Write what has to be there, or never_matches with what must not"
                yield Finding((*path, key), text)
        elif key not in ("equals", "is_there") and (value == "" or isinstance(value, Mapping | list)):
            yield Finding((*path, key), "expected some text")
        elif key == "is_there" and not isinstance(value, bool):
            yield Finding((*path, key), "expected true or false")


@cache
def pattern_problem(pattern: str) -> str:
    """Say why a text is no regular expression; empty when it is one."""
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    return ""


@cache
def path_problem(path: str) -> str:
    """Say why a text is no JSON path (RFC 9535); empty when it is one."""
    import jsonpath

    if not path.startswith("$"):
        return 'it has to begin with "$"'
    try:
        jsonpath.compile(path)
    except jsonpath.JSONPathError as error:
        return str(error).partition("\n")[0]
    return ""


@dataclass(frozen=True)
class _SmokeForm:
    """The form of a test's file."""

    title: str = "smoke test"
    model: type[BaseModel] = SmokeTestProperties
    rules: tuple[Rule, ...] = (Rule(RULE, "error", _findings),)

    @property
    def inputs(self) -> Mapping[str, FieldInfo]:
        """What a test can say."""
        return fields(self.model)

    @property
    def outputs(self) -> Mapping[str, FieldInfo]:
        """Nothing: no server has a part in it."""
        return {}


FORM = _SmokeForm()
"""What a file in ``tests/`` holds."""
