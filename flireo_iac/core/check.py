"""What is wrong with the inputs of one resource: all of it, each with its path and a stable rule id.

The same check serves the stack loader, which adds file and line, and the provider, which adds the resource. No value
of a secret field enters a text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from flireo_iac.core.canonical import canonical
from flireo_iac.kinds import fields, marker, our_name, shapes
from flireo_iac.kinds._markers import ValueSpelling
from flireo_iac.kinds._shape import Shape
from flireo_iac.kinds._spec import Rule, built

Path = tuple[str | int, ...]
Found = TypeVar("Found")


class Form(Protocol):
    """What a mapping is checked against: a kind, or anything else that a file of a stack can hold."""

    @property
    def title(self) -> str:
        """The name as a person writes it."""

    @property
    def model(self) -> type[BaseModel]:
        """Its fields."""

    @property
    def inputs(self) -> Mapping[str, FieldInfo]:
        """The fields that a user may set."""

    @property
    def outputs(self) -> Mapping[str, FieldInfo]:
        """The fields that only the server sets."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Rules over several fields."""


@dataclass(frozen=True, order=True)
class Issue:
    """One thing that is wrong or unwise.

    Args:
        path: Keys and indexes from the resource to the value, as the user spelled them.
        rule: Stable id, such as ``FL103``.
        severity: ``error`` stops, ``warning`` is shown.
        text: What is wrong, what was expected.
        is_about_key: True when the key itself is at fault, not its value.
    """

    path: Path
    rule: str
    severity: str
    text: str
    is_about_key: bool = False

    def __str__(self) -> str:
        """Give the issue as ``path: text``."""
        return f"{dotted(self.path)}: {self.text}" if self.path else self.text


def dotted(path: Iterable[str | int]) -> str:
    """Write a path as ``llm_config.tools[2].name``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def check(
    kind: Form, inputs: Mapping[str, Any], is_unknown: Callable[[Any], bool] = lambda value: False
) -> list[Issue]:
    """Find everything that is wrong with the inputs of a resource.

    Args:
        kind: What the resource is.
        inputs: Its inputs, in any dialect; keys that begin with two underscores are Pulumi's and left alone.
        is_unknown: Tells a value that is not known yet (a reference, a secret); nothing is said about those.
    """
    own = {key: value for key, value in inputs.items() if not key.startswith("__") and value is not None}
    spelled = canonical(kind.model, own)
    doubled = list(_twice(kind.model, own))
    issues = [*(issue for _, issue in doubled), *_server_set(kind, own), *_unlikely_keys(kind, own)]
    issues += _only_shown(kind.model, own)
    # What is wrong with one of two spellings cannot be told from what is wrong with the other.
    unsure = {path for first, issue in doubled for path in (first, issue.path)}
    try:
        built(kind.model).model_validate(spelled)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            path, value = _walk(kind, own, each["loc"])
            issue = _issue(kind, path, value, each)
            is_sure = not any(issue.path[: len(begun)] == begun for begun in unsure)
            if is_sure and not any(is_unknown(step) for step in _values_on(own, issue.path)):
                issues.append(issue)
    for rule in kind.rules:
        for finding in rule.find(spelled):
            path = _walk(kind, own, finding.path)[0]
            if not any(is_unknown(step) for step in _values_on(own, path)):
                issues.append(Issue(path, rule.id, rule.severity, finding.text))
    return sorted(set(issues), key=lambda issue: (dotted(issue.path), issue.rule, issue.text))


def _values_on(inputs: Mapping[str, Any], path: Path) -> Iterator[Any]:
    value: Any = inputs
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list | tuple) and step < len(value):
            value = value[step]
        else:
            return
        yield value


def _walk(kind: Form, inputs: Mapping[str, Any], loc: Iterable[str | int]) -> tuple[Path, Any]:
    """Follow a place in the canonical inputs to the path as the user spelled it, and its value."""
    path: list[str | int] = []
    value: Any = inputs
    model: type[BaseModel] | None = kind.model
    shape: Shape | None = Shape(block=kind.model)
    for step in loc:
        if isinstance(step, str) and shape is not None and shape.variants and step in shape.variants:
            is_tag = not (isinstance(value, Mapping) and step in value)
            if is_tag:
                continue
        if isinstance(step, int):
            value = value[step] if isinstance(value, list | tuple) and step < len(value) else None
            shape = shape.item if shape is not None else None
            path.append(step)
        else:
            written = _as_written(model, value, step)
            value = value.get(written) if isinstance(value, Mapping) else None
            shape = shapes(model).get(step) if model is not None else None
            path.append(written)
        model = shape.model_of(value) if shape is not None and isinstance(value, Mapping) else None
    return tuple(path), value


def _as_written(model: type[BaseModel] | None, value: Any, name: str) -> str:
    if not isinstance(value, Mapping) or name in value:
        return name
    return next((key for key in value if isinstance(key, str) and our_name(model, key) == name), name)


def _issue(kind: Form, path: Path, value: Any, error: Any) -> Issue:
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return Issue(path, "FL105", "error", f"is missing, {_what(kind, path)} has to have it")
        case "extra_forbidden" if path == ("id",):
            return _set_by_server("id")
        case "extra_forbidden":
            known = kind.inputs if len(path) == 1 else _fields_beside(kind, error["loc"])
            text = f'unknown field "{path[-1]}"{suggestion(str(path[-1]), known)}'
            return Issue(path, "FL103", "error", text, is_about_key=True)
        case "literal_error":
            hint = suggestion(value, re.findall(r"'([^']*)'", context["expected"])) if isinstance(value, str) else ""
            return Issue(path, "FL106", "error", f"is {_shown(value)}, expected {context['expected']}{hint}")
        case "union_tag_invalid" | "union_tag_not_found":
            known = "endCall, transferCall, function, mcp"
            named = value.get("type") if isinstance(value, Mapping) else value
            hint = suggestion(named, known.split(", ")) if isinstance(named, str) else ""
            return Issue((*path, "type"), "FL106", "error", f"is {_shown(named)}, expected one of {known}{hint}")
        case "string_too_short":
            return Issue(path, "FL106", "error", "is empty, expected some text")
        case "too_short" | "too_long":
            return Issue(path, "FL106", "error", f"has {context['actual_length']} entries, {_bound(error)}")
        case "greater_than_equal" | "less_than_equal":
            return Issue(path, "FL106", "error", f"is {_shown(value)}, {_bound(error)}")
        case "format":
            return Issue(path, "FL106", "error", f"is not valid, {error['msg']}")
        case _:
            expected = _EXPECTED.get(error["type"], error["msg"])
            return Issue(path, "FL104", "error", f"is {_named(value)}, expected {expected}")


def _fields_beside(kind: Form, loc: Iterable[str | int]) -> Iterable[str]:
    """Name the fields of the block that holds a place."""
    shape = Shape(block=kind.model)
    *above, _ = loc
    for step in above:
        below = shape.item if isinstance(step, int) else shapes(shape.block).get(step) if shape.block else None
        shape = below or Shape()
    return fields(shape.block) if shape.block is not None else ()


_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def _bound(error: Any) -> str:
    context = error["ctx"]
    for key, words in (("ge", "at least"), ("le", "at most"), ("min_length", "at least"), ("max_length", "at most")):
        if key in context:
            return f"expected {words} {context[key]:g}"
    return str(error["msg"])


def _named(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a mapping"
        case _:
            return "something else"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else _named(value)


def _what(kind: Form, path: Path) -> str:
    return f"every {kind.title}" if len(path) == 1 else dotted(path[:-1])


def suggestion(name: str, known: Iterable[str]) -> str:
    """Give ``; did you mean "…"?`` when a known name is close to the given one, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f'; did you mean "{close[0]}"?' if close else ""


def _twice(model: type[BaseModel], value: Any, path: Path = ()) -> Iterator[tuple[Path, Issue]]:
    """Find keys that are given in two spellings at once: the path of the first, and what is wrong with the second."""
    first: dict[str, str] = {}
    for key, each, shape in _entries(model, value):
        known = first.setdefault(our_name(model, key), key)
        if known != key:
            text = f'"{key}" and "{known}" are two spellings of one field, expected one of them'
            yield (*path, known), Issue((*path, key), "FL108", "error", text, is_about_key=True)
        yield from _below(_twice, shape, each, (*path, key))


def _server_set(kind: Form, inputs: Mapping[str, Any]) -> Iterator[Issue]:
    for key in inputs:
        if key in kind.outputs:
            yield _set_by_server(key)


def _set_by_server(key: str) -> Issue:
    text = f'"{key}" is set by the server, it cannot be chosen. Leave it out'
    return Issue((key,), "FL109", "error", text, is_about_key=True)


def _unlikely_keys(kind: Form, inputs: Mapping[str, Any]) -> Iterator[Issue]:
    for key, each, shape in _entries(kind.model, inputs):
        yield from _below(_unlikely, shape, each, (key,))


def _unlikely(model: type[BaseModel], value: Mapping[str, Any], path: Path) -> Iterator[Issue]:
    """Find keys of a block that nobody knows but that look like one that is known."""
    is_closed = model.model_config.get("extra") == "forbid"
    for key, each, shape in _entries(model, value):
        if not is_closed and our_name(model, key) not in fields(model):
            hint = suggestion(key, [name for name in fields(model) if name not in value])
            if hint:
                text = f'"{key}" is not known here and is sent as it is{hint}'
                yield Issue((*path, key), "FL107", "warning", text, is_about_key=True)
        yield from _below(_unlikely, shape, each, (*path, key))


def _only_shown(model: type[BaseModel], value: Mapping[str, Any], path: Path = ()) -> Iterator[Issue]:
    """Find values that an answer may show, and that no server takes."""
    for key, each, shape in _entries(model, value):
        info = fields(model).get(our_name(model, key))
        spelling = marker(info, ValueSpelling) if info is not None else None
        if spelling is not None and spelling.since is None and isinstance(each, str) and each in spelling.canonical:
            text = f'is "{each}", a name that only answers show, expected "{spelling.canonical[each]}"'
            yield Issue((*path, key), "FL106", "error", text)
        yield from _below(_only_shown, shape, each, (*path, key))


def _entries(model: type[BaseModel], value: Any) -> Iterator[tuple[str, Any, Shape | None]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            if isinstance(key, str):
                yield key, each, shapes(model).get(our_name(model, key))


def _below(
    find: Callable[[type[BaseModel], Any, Path], Iterator[Found]], shape: Shape | None, value: Any, path: Path
) -> Iterator[Found]:
    if shape is None:
        return
    if isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _below(find, shape.item, each, (*path, index))
    elif isinstance(value, Mapping) and (model := shape.model_of(value)) is not None:
        yield from find(model, value, path)
