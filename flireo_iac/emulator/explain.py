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
        return _unknown_type(error.context) or explain(_meant(error.context))
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


def _unknown_type(context: list[ValidationError]) -> tuple[str, str] | None:
    """Name all types when the alternatives are told apart by theirs and none was meant; None otherwise."""
    at_type = [error for error in context if error.validator == "enum" and list(error.path) == ["type"]]
    if {error.schema_path[0] for error in at_type} != {error.schema_path[0] for error in context}:
        return None
    field = _path(at_type[0].absolute_path)
    return field, f"{field} must be one of {', '.join(str(each) for error in at_type for each in _wanted(error))}"


def _meant(context: list[ValidationError]) -> ValidationError:
    """Choose, of the alternatives that all failed, the one that the sender most likely meant.

    One of another JSON type or with another ``type`` was not meant. Of the rest, the one that knows most of the
    keys that were sent is nearest, then the one with the fewest and deepest errors.
    """
    branches: dict[Any, list[ValidationError]] = {}
    for error in context:
        branches.setdefault(error.schema_path[0], []).append(error)

    def distance(errors: list[ValidationError]) -> tuple[bool, bool, int, int, int]:
        branch, value = _branch(errors[0])
        keys = set(value) if isinstance(value, dict) else set()
        known = keys & set(branch.get("properties", {}))
        deepest = max(len(error.path) for error in errors)
        return (any(map(_other_kind, errors)), "type" in keys - known, -len(known), len(errors), -deepest)

    return min(branches.values(), key=distance)[0]


def _other_kind(error: ValidationError) -> bool:
    at_type = error.validator in {"enum", "const"} and list(error.path) == ["type"]
    if error.path:
        return at_type
    instance: Any = error.instance
    without_type = error.validator == "required" and "type" in _wanted(error) and "type" not in instance
    return error.validator == "type" or without_type


def _branch(error: ValidationError) -> tuple[dict[str, Any], Any]:
    """Give the schema of the alternative that an error comes from, and the whole value that it was held against."""
    parent: Any = error.parent
    branch: dict[str, Any] = _wanted(parent)[error.schema_path[0]]
    return branch, parent.instance


def _wanted(error: Any) -> Any:
    return error.validator_value


def _path(parts: Iterable[str | int]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _words(types: list[str]) -> str:
    names = {"integer": "an integer", "object": "an object", "array": "a list", "null": "null"}
    return " or ".join(names.get(each, f"a {each}") for each in types)
