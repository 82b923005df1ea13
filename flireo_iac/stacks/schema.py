"""JSON Schemas of stack files, for editors; made from the kinds.

They are as lenient as the loader: wherever a value stands, ``${…}`` may stand too, and an agent may name a prompt file
and templates. ``flireo validate`` is the judge, an editor only helps.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from flireo_iac.kinds import FILE_KINDS, Kind, fields, marker
from flireo_iac.kinds._markers import ServerSet, Spelling
from flireo_iac.kinds._providers import LLM, STT, TTS, Providers
from flireo_iac.stacks.config_keys import CONFIG_KEYS
from flireo_iac.stacks.environment import CHECKS
from flireo_iac.stacks.smoke_form import FORM

ENVIRONMENT = "environment"
"""Name of the schema of environment files."""
CONFIG = "config"
"""Name of the schema of ``Pulumi.<stack>.yaml``."""
SMOKE_TEST = "smoke_test"
"""Name of the schema of the files in ``tests/``."""
MODELINE = "# yaml-language-server: $schema="
"""First line of a file that names its schema."""
_DRAFT = "http://json-schema.org/draft-07/schema#"
_FILLED: dict[str, Any] = {"$ref": "#/definitions/filled_in"}
_FILLED_IN = {
    "description": "Filled in at deploy time: ${var.x}, ${secret.x} or ${folder.item.field}.",
    "type": "string",
    "pattern": "\\$\\{",
}
_TEMPLATE: dict[str, Any] = {
    "description": "Name of a file in the folder of templates; the template is copied in.",
    "type": "string",
}
_TEMPLATE_TOOL = {
    "description": "A tool template, copied in. Keys beside it are laid over the copy.",
    "type": "object",
    "properties": {"template": _TEMPLATE},
    "required": ["template"],
}
_PROMPT = {
    "description": "A Markdown file, beside this one or in prompts/; becomes the system message, byte for byte.",
    "type": "string",
}
_LEADS_FILE = {
    "description": "A CSV file beside this one: the column phone_number, and one column a variable.",
    "type": "object",
    "additionalProperties": False,
    "required": ["file"],
    "properties": {"file": {"type": "string"}},
}


def schemas() -> dict[str, dict[str, Any]]:
    """Give every schema by name: one for each kind, ``environment``, ``config`` and ``smoke_test``."""
    return {kind.name: kind_schema(kind) for kind in FILE_KINDS} | {
        ENVIRONMENT: environment_schema(),
        CONFIG: config_schema(),
        SMOKE_TEST: smoke_test_schema(),
    }


def schema_text(schema: Mapping[str, Any]) -> str:
    """Give a schema as the text of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def kind_schema(kind: Kind) -> dict[str, Any]:
    """Give the schema of the files of a kind."""
    schema, definitions = _kind(kind, is_overlay=False)
    schema["definitions"] = definitions
    return {"$schema": _DRAFT, "title": f"{kind.title} of a Flireo stack", **schema}


def environment_schema() -> dict[str, Any]:
    """Give the schema of environment files."""
    definitions: dict[str, Any] = {}
    flat: dict[str, Any] = {}
    nested: dict[str, Any] = {}
    for kind in FILE_KINDS:
        schema, more = _kind(kind, is_overlay=True)
        definitions |= more | {kind.name: schema}
        overlay = {"$ref": f"#/definitions/{kind.name}"}
        flat[f"^{kind.folder}\\."] = overlay
        nested[kind.folder] = {"type": "object", "additionalProperties": overlay}
    return {
        "$schema": _DRAFT,
        "title": "Environment of a Flireo stack",
        "description": "What differs in this environment, nothing else.",
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            "vars": {
                "description": "Values for ${var.<name>}.",
                "type": ["object", "null"],
                "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_-]*$"},
            },
            "omit": {
                "description": 'Items to leave out, such as "numbers.*".',
                "type": ["array", "null"],
                "items": {"type": "string"},
            },
            "after": {
                "description": "Environment that has to have a release before this one.",
                "type": ["string", "null"],
            },
            "require": {
                "description": "What has to hold before this environment gets a release.",
                "type": ["array", "null"],
                "items": {
                    "anyOf": [
                        {"enum": list(CHECKS)},
                        {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["command"],
                            "properties": {"command": {"type": "string", "minLength": 1}},
                        },
                    ]
                },
            },
            "resources": {
                "description": "Laid over items: mappings merge, lists replace, null removes.",
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": nested,
                "patternProperties": flat,
            },
        },
        "definitions": definitions,
    }


def config_schema() -> dict[str, Any]:
    """Give the schema of ``Pulumi.<stack>.yaml``: what this tool reads there, and whatever Pulumi has besides."""
    known = "|".join(key.removeprefix("flireo:") for key in CONFIG_KEYS)
    return {
        "$schema": _DRAFT,
        "title": "Configuration of a Flireo stack",
        "type": ["object", "null"],
        "properties": {
            "config": {
                "description": "Settings of the stack; secrets are set with: flireo config set --secret <name>.",
                "type": ["object", "null"],
                "properties": {key: dict(schema) for key, schema in CONFIG_KEYS.items()},
                "patternProperties": {f"^flireo:(?!({known})$)": False},
            }
        },
    }


def smoke_test_schema() -> dict[str, Any]:
    """Give the schema of the files in ``tests/``."""
    made = FORM.model.model_json_schema(ref_template="#/definitions/{model}")
    definitions = {name: _loosened(each, is_overlay=False) for name, each in made.pop("$defs", {}).items()}
    schema = {**_loosened(made, is_overlay=False), "description": "A scripted call, and what is expected of it."}
    title = "Smoke test of a Flireo stack"
    return {"$schema": _DRAFT, "title": title, **schema, "definitions": {**definitions, "filled_in": _FILLED_IN}}


def _kind(kind: Kind, *, is_overlay: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    made = copy.deepcopy(kind.model.model_json_schema(by_alias=True, ref_template="#/definitions/{model}"))
    definitions = {name: _loosened(each, is_overlay=is_overlay) for name, each in made.pop("$defs", {}).items()}
    schema = _loosened(made, is_overlay=is_overlay)
    properties = schema["properties"]
    for name, info in fields(kind.model).items():
        if marker(info, ServerSet) is not None:
            del properties[name]
        elif (spelling := marker(info, Spelling)) is not None:
            properties |= dict.fromkeys(spelling.others, properties[name])
            schema["required"] = [each for each in schema.get("required", []) if each != name]
    properties["protect"] = _either(
        {"description": f"Refuse to delete it; {str(kind.is_protected).lower()} when left out.", "type": "boolean"}
    )
    schema["description"] = kind.description
    for name, example in kind.example.items():
        properties[name] = {**properties[name], "examples": [example]}
    if kind.name == "campaign":
        properties["leads"]["anyOf"].insert(0, _LEADS_FILE)
    if kind.name == "agent":
        for block, providers in (("SttConfig", STT), ("LlmConfig", LLM), ("TtsConfig", TTS)):
            _name_providers(definitions[block]["properties"]["provider"], providers)
        definitions["LlmConfig"]["properties"]["prompt"] = _PROMPT
        definitions["AnalysisPlan"]["properties"]["template"] = _TEMPLATE
        definitions["template_tool"] = _TEMPLATE_TOOL
        _add_template_tool(definitions["LlmConfig"]["properties"]["tools"])
    return schema, {**definitions, "filled_in": _FILLED_IN}


def _name_providers(field: dict[str, Any], providers: Providers) -> None:
    """Let an editor offer the providers; another one is an error (FL201)."""
    names = providers.names.split(", ")
    field["anyOf"] = [{"type": "string", "enum": names} if each != _FILLED else each for each in field["anyOf"]]


def _add_template_tool(node: Any) -> None:
    if isinstance(node, dict):
        if any(each == {"$ref": "#/definitions/EndCallTool"} for each in node.get("anyOf", [])):
            node["anyOf"].insert(0, {"$ref": "#/definitions/template_tool"})
        for each in node.values():
            _add_template_tool(each)
    elif isinstance(node, list):
        for each in node:
            _add_template_tool(each)


def _either(schema: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    """Let something filled in stand where a value stands; the description stays on top."""
    about = {key: schema.pop(key) for key in ("description",) if key in schema}
    choices = schema["anyOf"] if set(schema) == {"anyOf"} else [schema]
    return {**about, "anyOf": [*choices, *(each for each in (_FILLED, *others) if each not in choices)]}


def _loosened(schema: Mapping[str, Any], *, is_overlay: bool) -> dict[str, Any]:
    """Loosen the schema of a mapping: each of its values may be filled in, in an overlay it may be null or missing."""
    result = {key: value for key, value in schema.items() if key not in ("title", "default", "properties", "required")}
    if "properties" in schema:
        null = ({"type": "null"},) if is_overlay else ()
        result["properties"] = {key: _either(_value(each), *null) for key, each in schema["properties"].items()}
    if "required" in schema and not is_overlay:
        result["required"] = schema["required"]
    return result


def _value(schema: Mapping[str, Any]) -> dict[str, Any]:
    result = {key: value for key, value in schema.items() if key not in ("title", "default", "oneOf")}
    for key in ("anyOf", "oneOf"):
        if key in schema:
            result["anyOf"] = [_value(each) for each in schema[key]]
    if "items" in schema:
        result["items"] = _either(_value(schema["items"]))
    return result
