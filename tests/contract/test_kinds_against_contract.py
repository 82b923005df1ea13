"""The kinds say what the contract says: fields, nullability, who sets them, what is never given back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from flireo_iac.core.check import check
from flireo_iac.kinds import KINDS, Kind, fields, marker, shapes
from flireo_iac.kinds._markers import (
    AfterCreate,
    Clearable,
    Immutable,
    OnlyOnCreate,
    Secret,
    ServerDefault,
    ServerSet,
    Since,
    Spelling,
)

CONTRACT = Path(__file__).parents[2] / "flireo_iac" / "emulator" / "openapi.yaml"

# The schema of an object, of its create and of its update.
SCHEMAS = {
    "agent": ("Agent", "AgentCreate", "AgentUpdate"),
    "tool_template": ("ToolTemplate", "ToolTemplateCreate", "ToolTemplateUpdate"),
    "analysis_template": ("AnalysisTemplate", "CreateAnalysisTemplate", "UpdateAnalysisTemplate"),
    "phone_number": ("PhoneNumber", "PhoneNumberCreate", "PhoneNumberUpdate"),
    "sip_trunk": ("SipTrunk", "SipTrunkCreate", None),
    "byok_key": (None, "ByokSet", None),
    "domain": ("Domain", "DomainCreate", None),
    "campaign": ("Campaign", "CampaignCreate", "CampaignUpdate"),
    "campaign_lead": ("CampaignLead", "CampaignLeadCreate", None),
}

# Fields of the contract that a kind leaves out, each with the reason.
LEFT_OUT = {
    ("sip_trunk", "inbound_addresses"): "only in the first SDK, which later called it wrong",
    ("sip_trunk", "outbound_number"): "only in the first SDK, which later called it wrong",
    ("campaign_lead", "name"): "only in the first SDK, later ones say to put it in the variables",
}

BLOCKS = {
    "stt_config": "STTConfig",
    "llm_config": "LLMConfig",
    "tts_config": "TTSConfig",
    "analysis_plan": "AnalysisPlan",
}


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: dict[str, Any] = yaml.load(CONTRACT.read_text("utf-8"), loader)["components"]["schemas"]
    return loaded


def spellings(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Every name of every field."""
    found = {}
    for name, info in fields(model).items():
        found[name] = info
        spelling = marker(info, Spelling)
        found.update(dict.fromkeys(spelling.others if spelling else (), info))
    return found


def nullable(schema: dict[str, Any]) -> bool:
    types = schema.get("type")
    return (isinstance(types, list) and "null" in types) or any(
        each.get("type") == "null" for each in schema.get("oneOf", [])
    )


def test_every_kind_is_held_against_the_contract() -> None:
    assert set(SCHEMAS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_inputs_are_the_fields_of_the_create_schema(kind: Kind, schemas: dict[str, Any]) -> None:
    create = schemas[SCHEMAS[kind.name][1]]
    known = spellings(kind.model)
    for name, schema in create["properties"].items():
        if (kind.name, name) in LEFT_OUT:
            assert name not in known
            continue
        info = known[name]
        assert marker(info, ServerSet) is None
        is_once = marker(info, OnlyOnCreate) is not None
        assert (marker(info, Immutable) is not None) >= (bool(schema.get("x-immutable")) and not is_once), name
        secret = marker(info, Secret)
        assert (secret is not None and not secret.is_returned) == (bool(schema.get("writeOnly")) and not is_once), name
        assert not is_once or (schema["x-immutable"] and schema["writeOnly"]), name
    name_of_update = SCHEMAS[kind.name][2]
    update = schemas[name_of_update]["properties"] if name_of_update is not None else {}
    for name, info in kind.inputs.items():
        if name == kind.endpoint.within:
            continue  # it stands in the path
        # What only an update accepts is sent after the create.
        accepted = create["properties"] if name in create["properties"] or not marker(info, AfterCreate) else update
        assert name in accepted, f"{name} is no field of the contract"
        assert info.is_required() == (name in create["required"]), name
        since = marker(info, Since)
        assert (since and since.vintage) == accepted[name].get("x-since"), name


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_example_of_a_kind_is_right(kind: Kind) -> None:
    assert check(kind, kind.example) == []


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_fields_that_patch_can_empty_are_clearable(kind: Kind, schemas: dict[str, Any]) -> None:
    update = SCHEMAS[kind.name][2]
    if update is None:
        assert kind.endpoint.update in ("none", "post")
        return
    properties = schemas[update]["properties"]
    for name, info in kind.inputs.items():
        is_updatable = name in properties
        assert (marker(info, Immutable) is None and marker(info, OnlyOnCreate) is None) == is_updatable, name
        assert (marker(info, Clearable) is not None) == (is_updatable and nullable(properties[name])), name


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_outputs_are_the_read_only_fields_of_the_object(kind: Kind, schemas: dict[str, Any]) -> None:
    name_of_object = SCHEMAS[kind.name][0]
    if name_of_object is None:
        assert list(kind.outputs) == [kind.endpoint.slot_output]
        return
    read_only = {
        name
        for name, schema in schemas[name_of_object]["properties"].items()
        if schema.get("readOnly")
        or (name not in schemas[SCHEMAS[kind.name][1]]["properties"] and name not in kind.inputs)
    }
    left_out = {name for owner, name in LEFT_OUT if owner == kind.name}
    assert set(kind.outputs) == read_only - {"id", kind.endpoint.within} - left_out


@pytest.mark.parametrize(("field", "schema_name"), BLOCKS.items())
def test_blocks_type_every_field_of_the_contract(field: str, schema_name: str, schemas: dict[str, Any]) -> None:
    block = shapes(KINDS["agent"].model)[field].block
    assert block is not None
    known = spellings(block)
    properties = schemas[schema_name]["properties"]
    assert set(properties) == set(known)
    for name, schema in properties.items():
        default = marker(known[name], ServerDefault)
        if "default" in schema and not schema.get("x-since"):
            assert default is not None, name
            assert default.value == schema["default"], name
        assert known[name].is_required() == (name in schemas[schema_name].get("required", [])), name
        if name in fields(block) and not isinstance(default, ServerDefault):
            assert (marker(known[name], Since) is not None) == bool(schema.get("x-since")), name


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_paths_and_envelopes_are_those_of_the_contract(kind: Kind) -> None:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    paths = yaml.load(CONTRACT.read_text("utf-8"), loader)["paths"]
    path = re.sub(r"\{\w+\}", "{id}", kind.endpoint.path)
    collection = paths[path]
    assert kind.endpoint.successor_path == collection.get("x-successor-path")
    made = next(
        collection["post"]["responses"][code] for code in ("201", "200") if code in collection["post"]["responses"]
    )
    envelope = made["content"]["application/json"]["schema"].get("properties", {})
    assert kind.envelope.one[0] in envelope
    if kind.endpoint.style == "collection":
        listed = collection["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        names = listed.get("properties") or {"analysisTemplates": None}
        assert kind.envelope.many[0] in names
        assert ("patch" in paths.get(f"{path}/{{id}}", {})) == (kind.endpoint.update == "patch")
