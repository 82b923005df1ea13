"""Changed properties as lines of text; a text of several lines becomes a line diff."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Iterator

from flireo_iac.engine.model.diff import Change
from flireo_iac.engine.model.paths import format_path
from flireo_iac.engine.model.values import UNKNOWN_TEXT, Properties, Secret, Unknown, Value, equal, masked

_CONTEXT_LINES = 2
_FIRST_LINES = 3  # of a new text with several lines
_FIRST_ITEMS = 20  # of a long list, and of the places that differ in it
_SIGNS = {"add": "+", "delete": "-", "update": "~"}

Line = tuple[str, str]
"""Sign and text; the sign decides the colour, and is empty for what did not change."""


def is_shown(key: object) -> bool:
    """Tell whether a property is the user's: names with two underscores in front are not."""
    return not str(key).startswith("__")


def change_lines(changes: Iterable[Change]) -> Iterator[Line]:
    """Give the lines for changes of one resource."""
    in_list: Counter[object] = Counter()
    for change in changes:
        if not is_shown(change.path[0]):
            continue
        if len(change.path) > 1 and isinstance(change.path[1], int):
            in_list[change.path[0]] += 1
            if in_list[change.path[0]] > _FIRST_ITEMS:
                continue
        label = format_path(change.path) + (" (replaces)" if change.replaces else "")
        sign = _SIGNS[change.kind]
        old, new = change.old, change.new
        if isinstance(old, Secret) or isinstance(new, Secret):
            yield sign, f"{label}: [secret]" + ("" if change.kind != "update" else " => [secret]")
        elif isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
            yield sign, f"{label}:"
            yield from _text_lines(old, new)
        elif change.kind == "update":
            yield sign, f"{label}: {value_text(old)} => {value_text(new)}"
        else:
            yield from _value_lines(sign, label, new if change.kind == "add" else old)
    for name, number in in_list.items():
        if number > _FIRST_ITEMS:
            yield "", f"... {number - _FIRST_ITEMS} more places in {name}"


def property_lines(sign: str, properties: Properties) -> Iterator[Line]:
    """Give the lines for all properties of a resource that is created or deleted."""
    for key in sorted(properties):
        if is_shown(key):
            yield from _value_lines(sign, key, properties[key])


def output_lines(old: Properties, new: Properties, *, changed_only: bool) -> Iterator[Line]:
    """Give the lines for the outputs of a stack."""
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if key not in new:
            yield "-", f"{key}: {value_text(before)}"
        elif key not in old:
            yield "+", f"{key}: {value_text(after)}"
        elif not equal(before, after):
            yield "~", f"{key}: {value_text(before)} => {value_text(after)}"
        elif not changed_only:
            yield "", f"{key}: {value_text(after)}"


def _value_lines(sign: str, label: str, value: Value) -> Iterator[Line]:
    if isinstance(value, str) and "\n" in value:
        lines = value.splitlines()
        yield sign, f"{label}:"
        for line in lines[:_FIRST_LINES]:
            yield sign, f"    {line}"
        if len(lines) > _FIRST_LINES:
            yield sign, f"    ... {len(lines) - _FIRST_LINES} more lines"
    elif isinstance(value, dict) and value:
        yield sign, f"{label}:"
        for inner_sign, line in property_lines(sign, value):
            yield inner_sign, f"    {line}"
    elif isinstance(value, list) and any(isinstance(item, dict | list | str) for item in value):
        yield sign, f"{label}:"
        for index, item in enumerate(value[:_FIRST_ITEMS]):
            for inner_sign, line in _value_lines(sign, f"[{index}]", item):
                yield inner_sign, f"    {line}"
        if len(value) > _FIRST_ITEMS:
            yield sign, f"    ... {len(value) - _FIRST_ITEMS} more"
    else:
        yield sign, f"{label}: {value_text(value)}"


def _text_lines(old: str, new: str) -> Iterator[Line]:
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    first = True
    for line in difflib.unified_diff(before, after, n=_CONTEXT_LINES):
        if line.startswith(("---", "+++")) and first:
            continue
        if line.startswith("@@"):
            if not first:
                yield "", "    ..."
            first = False
            continue
        sign = line[0].strip()
        text = line[1:]
        if text.endswith("\n") and not text.endswith("\r\n"):
            text = text[:-1]
            mark = ""
        elif text.endswith("\r\n"):
            text, mark = text[:-2], "\\r"
        else:
            mark = " (no line end)"
        yield sign, f"    {text}{mark}"


def value_text(value: Value) -> str:
    """Give a value as one short text."""
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, Unknown):
        return "(known after the update)"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    plain = json.dumps(masked(value), ensure_ascii=False)
    return plain.replace(f'"{UNKNOWN_TEXT}"', "(known after the update)")
