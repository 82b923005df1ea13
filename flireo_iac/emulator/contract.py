"""The OpenAPI contract: its operations, the shapes they take and give, and checks of values against them.

The contract is read once for each process and never changed. References are written out and each validator is
built when it is first needed, so that a start stays short.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from flireo_iac.emulator import formats
from flireo_iac.emulator.explain import explain

METHODS = ("get", "post", "patch", "put", "delete")


class Schema:
    """One schema of the contract, references written out.

    Args:
        definition: The JSON Schema.
    """

    def __init__(self, definition: dict[str, Any]) -> None:
        self.definition = definition

    @property
    def properties(self) -> dict[str, Any]:
        """Top-level properties and their schemas; empty for anything but an object."""
        found: dict[str, Any] = self.definition.get("properties", {})
        return found

    @functools.cached_property
    def integers(self) -> frozenset[str]:
        """Names of the top-level properties that hold integers."""
        return frozenset(name for name, schema in self.properties.items() if "integer" in _types(schema))

    @functools.cached_property
    def _validator(self) -> Draft202012Validator:
        return Draft202012Validator(self.definition, format_checker=_CHECKER)

    def problems(self, value: object) -> list[tuple[str, str]]:
        """Say what is wrong with a value.

        Args:
            value: A JSON value.

        Returns:
            Pairs of field (as ``llm_config.tools[0].name``; empty for the whole) and text; empty when all is well.
            No text holds the value itself, which may be a secret.
        """
        errors: list[ValidationError] = sorted(
            self._validator.iter_errors(value), key=lambda error: (len(error.absolute_path), error.json_path)
        )
        return [explain(error) for error in errors]


@dataclass(frozen=True)
class Operation:
    """One method on one path of the contract.

    Args:
        method: Upper case.
        path: Path below the base URL, with ``{id}`` in it.
        name: The contract's operation id.
        since: Successor that brought it (``hmsovereign`` or ``voicedock``); None when Flireo has it.
        successor_path: Path under which a successor serves the same; None when that is the same.
        request: Shape of the JSON body; None when it takes none.
        answers: Shape of the JSON body for each status; None where there is no body.
        takes_pages: True when the operation knows ``limit`` and ``offset``.
        needs_key: False when it is answered without authentication.
    """

    method: str
    path: str
    name: str
    since: str | None
    successor_path: str | None
    request: Schema | None
    answers: Mapping[int, Schema | None]
    takes_pages: bool
    needs_key: bool

    @functools.cached_property
    def success(self) -> int:
        """The status of a good answer, the first the contract names."""
        return next(status for status in self.answers if status < 300)

    @functools.cached_property
    def envelope(self) -> str:
        """The one key that wraps a good answer, such as ``agent``; empty when the answer is bare."""
        schema = self.answers[self.success]
        keys = list(schema.properties) if schema else []
        return keys[0] if len(keys) == 1 else ""


class Contract:
    """The operations of an OpenAPI document.

    Args:
        document: The document as it was loaded.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._components: dict[str, Any] = document["components"]
        self._written_out: dict[str, Any] = {}
        self.operations = tuple(
            self._operation(path, item, method)
            for path, item in document["paths"].items()
            for method in METHODS
            if method in item
        )

    def schema(self, name: str) -> Schema:
        """Give a named schema.

        Args:
            name: Its name under ``components/schemas``.
        """
        return Schema(self._resolve({"$ref": f"#/components/schemas/{name}"}))

    def _operation(self, path: str, item: dict[str, Any], method: str) -> Operation:
        raw = item[method]
        parameters = [self._resolve(each) for each in raw.get("parameters", [])]
        body = self._json_schema(raw["requestBody"]) if "requestBody" in raw else None
        return Operation(
            method=method.upper(),
            path=path,
            name=raw["operationId"],
            since=raw.get("x-since"),
            successor_path=item.get("x-successor-path"),
            request=body,
            answers={
                int(status): self._json_schema(self._resolve_once(answer))
                for status, answer in raw["responses"].items()
            },
            takes_pages="limit" in {each["name"] for each in parameters},
            needs_key=raw.get("security") != [],
        )

    def _json_schema(self, holder: dict[str, Any]) -> Schema | None:
        content = holder.get("content", {}).get("application/json")
        return Schema(self._resolve(content["schema"])) if content else None

    def _resolve_once(self, node: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in node:
            return node
        section, name = node["$ref"].removeprefix("#/components/").split("/")
        found: dict[str, Any] = self._components[section][name]
        return found

    def _resolve(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._resolve(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            reference = node["$ref"]
            if reference not in self._written_out:
                self._written_out[reference] = self._resolve(self._resolve_once(node))
            beside = {key: value for key, value in node.items() if key != "$ref"}
            return {**self._written_out[reference], **beside} if beside else self._written_out[reference]
        return {
            key: _ecma(value) if key == "pattern" and isinstance(value, str) else self._resolve(value)
            for key, value in node.items()
            if not key.startswith("x-")
        }


@functools.cache
def load() -> Contract:
    """Load the copy of the contract that is part of this package."""
    text = resources.files(__package__).joinpath("openapi.yaml").read_text(encoding="utf-8")
    # The C loader is 10 times as fast, and not in every build of PyYAML.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Contract(yaml.load(text, Loader=loader))  # noqa: S506 - a safe loader either way


def _types(schema: dict[str, Any]) -> list[str]:
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)


def _ecma(pattern: str) -> str:
    r"""Write an ECMA pattern for Python, where ``$`` also matches before a newline and ``\d`` takes any digit."""
    ascii_only = pattern.replace(r"\d", "[0-9]")
    return re.sub(r"(?<!\\)\$$", r"\\Z", ascii_only)


_CHECKER = formats.checker(FormatChecker(formats=()))
