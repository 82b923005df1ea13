"""Validation errors in words, without the value that is wrong: it may be a secret."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from jsonschema.exceptions import ValidationError

_PLAIN = {
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "minProperties": "must have at least {} keys",
    "maxProperties": "must have at most {} keys",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "format": "must be a valid {}",
}


def explain(error: ValidationError) -> tuple[str, str]:
    """Give the field at fault and what is wrong with it.

    Args:
        error: An error of jsonschema.

    Returns:
        The field as ``llm_config.tools[0].name``, empty for the whole value, and a sentence without full stop.
    """
    if error.validator in {"anyOf", "oneOf"} and error.context:
        return explain(_meant(error.context))
    field, wanted = _path(error.absolute_path), _wanted(error)
    if error.validator == "required":
        missing = next(name for name in wanted if name not in cast(dict[str, Any], error.instance))
        full = f"{field}.{missing}" if field else str(missing)
        return full, f"{full} is required"
    return field, f"{field or 'the body'} {_fault(error)}"


def _fault(error: ValidationError) -> str:
    keyword, wanted = str(error.validator), _wanted(error)
    if keyword == "type":
        return f"must be {_words([wanted] if isinstance(wanted, str) else wanted)}"
    if keyword == "enum":
        return f"must be one of {', '.join(str(each) for each in wanted)}"
    if keyword == "pattern":
        if str(wanted).startswith(r"^\+"):
            return "must be in E.164 format"
        return f"must match {wanted}"
    if keyword == "minLength" and wanted == 1:
        return "must not be empty"
    if keyword in _PLAIN:
        return _PLAIN[keyword].format(wanted)
    return f"breaks the rule {keyword}"


def _meant(context: list[ValidationError]) -> ValidationError:
    """Choose, of the alternatives that all failed, the one that the sender most likely meant.

    An alternative whose ``type`` or ``provider`` has another value was not meant, nor was one of another JSON type;
    of the rest the one with the deepest error is nearest.
    """
    branches: dict[Any, list[ValidationError]] = {}
    for error in context:
        branches.setdefault(error.schema_path[0], []).append(error)

    def distance(errors: list[ValidationError]) -> tuple[bool, bool, int, int]:
        other_kind = any(error.validator in {"enum", "const"} and _last(error) == "type" for error in errors)
        other_type = any(error.validator == "type" and not error.path for error in errors)
        speaks_of_type = any("type" in _properties(error) for error in errors)
        return (other_kind or other_type, not speaks_of_type, len(errors), -max(len(e.path) for e in errors))

    return min(branches.values(), key=distance)[0]


def _properties(error: ValidationError) -> Iterable[str]:
    parent = error.parent
    options = _wanted(parent) if parent is not None else []
    branch = options[error.schema_path[0]] if isinstance(error.schema_path[0], int) else {}
    properties: dict[str, Any] = branch.get("properties", {})
    return properties


def _wanted(error: Any) -> Any:
    return error.validator_value


def _last(error: ValidationError) -> object:
    return error.path[-1] if error.path else None


def _path(parts: Iterable[str | int]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _words(types: list[str]) -> str:
    names = {"integer": "an integer", "object": "an object", "array": "a list", "null": "null"}
    return " or ".join(names.get(each, f"a {each}") for each in types)
