"""Smoke tests held against the stack: agents, tools and fields of the analysis that they name, and what they play."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flireo_iac.core.check import dotted, suggestion
from flireo_iac.errors import Problem
from flireo_iac.lint.agents import tool_name, tools_of
from flireo_iac.lint.finding import Finding, block, finding
from flireo_iac.stacks.load import Item, LoadedStack
from flireo_iac.stacks.smoke_form import plain_tool
from flireo_iac.stacks.smoke_tests import SmokeTest, read_tests
from flireo_iac.stacks.values import Unresolved

_PLANS = ("structuredDataPlan", "structured_data_plan")
_ENDING = frozenset({"end_call", "transfer_call"})
"""Built-in tools that end the agent's part of a call."""
_NAMES = re.compile(r"\$((?:\.[A-Za-z_][A-Za-z_0-9]*)+)")
"""The names that a JSON path begins with."""


def find(stack: LoadedStack) -> Iterator[Finding]:
    """Find what is wrong with the smoke tests of one environment."""
    problems: list[Problem] = []
    tests = read_tests(stack, problems)
    yield from map(Finding, problems)
    for test in tests:
        yield from of_test(stack, test)


def of_test(stack: LoadedStack, test: SmokeTest) -> Iterator[Finding]:
    """Find what one test names that its agent does not have, and what it plays that cannot happen."""
    if test.agent in stack.origins.files.broken:
        return
    if test.agent not in stack.origins.files.items:
        known = [item.name for item in stack.origins.files.items.values() if item.kind.name == "agent"]
        hint = suggestion(test.asked.agent, known) or f", there are: {', '.join(known) or 'none'}."
        text = f'smoke test "{test.name}": the stack has no agent "{test.asked.agent}"{hint}'
        yield finding("FL602", test.place("agent"), text)
        return
    item = stack.items.get(test.agent)
    if item is not None and not stack.errors:  # what is broken may be what it names
        yield from _tools(test, item)
        yield from _analysis(test, item)


def _tools(test: SmokeTest, item: Item) -> Iterator[Finding]:
    tools = {_name(tool): tool for _, tool in tools_of(item)}
    given = block(item.inputs, "llm_config").get("tools")
    is_unknown = isinstance(given, Unresolved) or any(tool.get("type") == "mcp" for tool in tools.values())
    for path, name in _named(test):
        if plain_tool(name) not in tools and not is_unknown:
            names = [each for each in tools if each]
            hint = suggestion(name, names) or f", there are: {', '.join(names) or 'none'}."
            text = f'smoke test "{test.name}": agent "{item.name}" has no tool "{name}"{hint}'
            yield finding("FL602", test.place(*path), text)
    yield from _never_played(test, item, tools)
    for index, turn in enumerate(test.turns):
        if turn.agent_calls is not None:
            path = ("caller", index, "agent_calls", "arguments")
            schema = _parameters(tools, turn.agent_calls.name)
            what = f"the arguments of {turn.agent_calls.name}"
            yield from _misfits(test, path, turn.agent_calls.arguments, schema, what)
    for index, use in enumerate(test.expect.tools or ()):
        if use.name is not None and use.arguments:
            expected = ("expect", "tools", index, "arguments")
            what = f"the arguments of {use.name}"
            yield from _strange_paths(test, expected, use.arguments, _parameters(tools, use.name), what)


def _never_played(test: SmokeTest, item: Item, tools: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Find what a script plays when nobody is there to play it to, or when the call is over."""
    picks_up = test.asked.picks_up
    is_detected = picks_up == "voicemail" and bool(item.inputs.get("voicemail_detection"))
    if test.turns and (picks_up in ("nobody", "busy") or is_detected):
        text = (
            f'smoke test "{test.name}": picks_up is {picks_up}, so that nothing of this happens. Leave one of them out.'
        )
        yield finding("FL603", test.place("caller", is_key=True), text)
        return
    ending = {name for name, tool in tools.items() if plain_tool(str(tool.get("type", ""))) in _ENDING}
    for index, turn in enumerate(test.turns):
        called = plain_tool(turn.agent_calls.name) if turn.agent_calls is not None else None
        if called in ending or turn.hangs_up:
            is_answered = called in ending and turn.agent_says is not None
            if is_answered or index + 1 < len(test.turns):
                path: tuple[str | int, ...] = ("caller", index, "agent_says") if is_answered else ("caller", index + 1)
                how = f"the agent calls {called}" if called in ending else "the caller hangs up"
                text = f'smoke test "{test.name}": {how} before, so that this never happens. Leave it out.'
                yield finding("FL603", test.place(*path), text)
            return


def _parameters(tools: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """Give the schema of a tool's arguments."""
    tool = tools.get(name, {})
    return block(tool, "parameters") or block(block(tool, "function"), "parameters")


def _strange_paths(
    test: SmokeTest, at: tuple[str | int, ...], paths: Iterable[str], schema: Mapping[str, Any], what: str
) -> Iterator[Finding]:
    """Find JSON paths that begin with a name that a JSON Schema does not have: nothing would ever be there."""
    for path in paths:
        begin = _NAMES.match(path)
        within = schema
        for name in begin[1][1:].split(".") if begin is not None else ():
            known = block(within, "properties")
            if not known or within.get("additionalProperties") or "patternProperties" in within:
                break
            if name not in known:
                hint = suggestion(name, known) or f", there are: {', '.join(known)}."
                text = f'smoke test "{test.name}": {what} have no "{name}"{hint}'
                yield finding("FL602", test.place(*at, path, is_key=True), text)
                break
            within = block(known, name)


def _name(tool: Mapping[str, Any]) -> str:
    kind = str(tool.get("type", ""))
    return tool_name(tool) or plain_tool(kind)


def _named(test: SmokeTest) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Give every tool that a test names, with its path."""
    for index, turn in enumerate(test.turns):
        if turn.agent_calls is not None:
            yield ("caller", index, "agent_calls", "name"), turn.agent_calls.name
    for index, use in enumerate(test.expect.tools or ()):
        key = "name" if use.name is not None else "never"
        yield ("expect", "tools", index, key), use.name or use.never or ""


def _analysis(test: SmokeTest, item: Item) -> Iterator[Finding]:
    plan = block(item.inputs, "analysis_plan")
    data = block(plan, _PLANS[0]) or block(plan, _PLANS[1])
    for path in (("analysis_finds",), ("expect", "analysis")):
        is_asked = test.asked.analysis_finds if len(path) == 1 else test.expect.analysis
        if is_asked and not data.get("enabled", False) and not isinstance(item.inputs.get("analysis_plan"), Unresolved):
            text = f'smoke test "{test.name}": agent "{item.name}" has no analysis that is enabled. Give it a plan.'
            yield finding("FL602", test.place(*path, is_key=True), text)
            return
    if test.asked.analysis_finds:
        schema = {**block(data, "schema"), "required": []}
        yield from _misfits(test, ("analysis_finds",), test.asked.analysis_finds, schema, "what the analysis finds")
    if test.expect.analysis:
        yield from _strange_paths(
            test, ("expect", "analysis"), test.expect.analysis, block(data, "schema"), "what the analysis finds"
        )


def _misfits(
    test: SmokeTest, path: tuple[str | int, ...], values: Mapping[str, Any], schema: Mapping[str, Any], what: str
) -> Iterator[Finding]:
    """Find values that a JSON Schema does not allow, and such as it does not name."""
    import jsonschema
    from referencing.exceptions import Unresolvable

    known = block(schema, "properties")
    strange = [key for key in values if known and key not in known]
    for key in strange:
        hint = suggestion(key, known) or f", there are: {', '.join(known)}."
        text = f'smoke test "{test.name}": {what} have no "{key}"{hint}'
        yield finding("FL603", test.place(*path, key, is_key=True), text)
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
        errors = list(jsonschema.Draft202012Validator(schema).iter_errors(dict(values)))
    except (jsonschema.SchemaError, Unresolvable, re.error):
        return  # FL212 says what is wrong with the schema itself
    for error in errors:
        at = tuple(error.absolute_path)
        is_said = error.validator == "additionalProperties" or (strange and error.validator == "required")
        if not is_said:
            where = f" {dotted(at)}" if at else ""
            text = f'smoke test "{test.name}": {what}:{where} {_words(error)}, which its schema does not allow.'
            yield finding("FL603", test.place(*path, *at), text)


def _words(error: Any) -> str:
    match error.validator:
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            return f"has no {', '.join(missing)}"
        case "enum":
            return f"{json.dumps(error.instance)} is none of {', '.join(map(json.dumps, error.validator_value))}"
        case "type":
            return f"{json.dumps(error.instance)} is no {error.validator_value}"
        case _:
            return f"{json.dumps(error.instance)} breaks {error.validator} {json.dumps(error.validator_value)}"
