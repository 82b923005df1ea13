"""Is a JSON Schema one: the parameters of tools, and what analyses extract."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from flireo_iac.core.check import dotted, suggestion
from flireo_iac.lint.agents import tools_of
from flireo_iac.lint.finding import Finding, about, block
from flireo_iac.stacks.load import Item, LoadedStack
from flireo_iac.stacks.values import Unresolved

_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
Path = tuple[str | int, ...]


def find(stack: LoadedStack) -> Iterator[Finding]:
    """Find schemas that are none."""
    for item in stack.items.values():
        for path, schema in _schemas(item):
            try:
                written = json.dumps(schema, sort_keys=True, default=_written)
            except (TypeError, ValueError):
                continue  # part of it could not be made, and the reason has been reported
            for below, text in _errors(written):
                yield about(stack, item, "FL212", (*path, *below), f"{dotted((path[-1], *below))} {text}")


def _written(marker: Any) -> str:
    """Give a secret or a reference as the user writes it."""
    if isinstance(marker, Unresolved):
        raise TypeError
    return str(marker)


def _schemas(item: Item) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    found: list[tuple[Path, Any]] = []
    match item.kind.name:
        case "agent":
            for index, tool in tools_of(item):
                path = ("llm_config", "tools", index)
                found.append(((*path, "parameters"), tool.get("parameters")))
                found.append(((*path, "function", "parameters"), block(tool, "function").get("parameters")))
            for plan in ("structuredDataPlan", "structured_data_plan"):
                schema = block(block(item.inputs, "analysis_plan"), plan).get("schema")
                found.append((("analysis_plan", plan, "schema"), schema))
        case "tool_template":
            found.append((("tool_config", "parameters"), block(item.inputs, "tool_config").get("parameters")))
        case "analysis_template":
            found.append((("schema",), item.inputs.get("schema")))
        case _:
            pass
    return ((path, schema) for path, schema in found if isinstance(schema, Mapping))


@cache
def _errors(written: str) -> tuple[tuple[Path, str], ...]:
    """Say what is wrong with a schema, each with its path; every agent that copies a tool asks again."""
    import jsonschema

    schema = json.loads(written)
    found: dict[Path, str] = {}
    named = schema.get("type", "object")
    if named != "object" and named in _TYPES:
        found[("type",)] = f'is "{named}", expected "object"'
    validator = jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA)
    for error in validator.iter_errors(schema):
        path = tuple(error.absolute_path)
        found.setdefault(path, _words(path, error.instance, str(error.validator), error.validator_value))
    return tuple(sorted(found.items(), key=lambda each: dotted(each[0])))


def _words(path: Path, value: Any, keyword: str, expected: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    if path and path[-1] == "type":
        hint = suggestion(value, _TYPES) if isinstance(value, str) else ""
        return f"is {shown}, expected one of {', '.join(_TYPES)}{hint.rstrip('?')}{'?' if hint else ''}"
    match keyword:
        case "type":
            kinds = expected if isinstance(expected, list) else [expected]
            return f"is {shown}, expected {' or '.join(kinds)}"
        case "uniqueItems":
            return f"is {shown}, expected each entry once"
        case _:
            return f"is {shown}, which no JSON Schema allows here ({keyword}: {json.dumps(expected)[:60]})"
