"""Says what Pulumi would refuse in a state file. Written from the notes, apart from the engine's own check."""

from __future__ import annotations

import hashlib
import json
from typing import Any

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
RESOURCE_KEYS = {
    "urn", "custom", "delete", "id", "type", "inputs", "outputs", "parent", "protect", "external", "dependencies",
    "initErrors", "provider", "propertyDependencies", "pendingReplacement", "additionalSecretOutputs",
    "customTimeouts", "retainOnDelete", "deletedWith", "replaceWith", "created", "modified", "sourcePosition",
    "ignoreChanges", "hideDiff", "replaceOnChanges", "stackTrace",
}  # fmt: skip


def problems(text: str) -> list[str]:
    """Give everything that is wrong with a state file."""
    document = json.loads(text)
    found = []
    if set(document) - {"version", "features", "checkpoint"}:
        found.append(f"unknown keys {set(document)}")
    latest = document["checkpoint"]["latest"]
    if set(latest) - {"manifest", "secrets_providers", "resources", "pending_operations", "metadata"}:
        found.append(f"unknown keys {set(latest)}")
    manifest = latest["manifest"]
    if manifest["magic"] != hashlib.sha256(manifest["version"].encode()).hexdigest():
        found.append("magic")
    resources = latest.get("resources", [])
    features = {"replaceWith"} if any(resource.get("replaceWith") for resource in resources) else set()
    if set(document.get("features", [])) != features or document["version"] != (4 if features else 3):
        found.append(f"version {document['version']} with features {document.get('features')}")
    found += _order(resources)
    for resource in [*resources, *(operation["resource"] for operation in latest.get("pending_operations", []))]:
        found += _resource(resource)
    for operation in latest.get("pending_operations", []):
        if operation["type"] not in ("creating", "updating", "deleting", "reading"):
            found.append(f"operation {operation['type']}")
    if latest["secrets_providers"]["type"] != "passphrase" and '"ciphertext"' in text:
        found.append("ciphertext without secrets_providers")
    return found


def _order(resources: list[dict[str, Any]]) -> list[str]:
    found = []
    seen: set[str] = set()
    references: set[str] = set()
    live: set[str] = set()
    for resource in resources:
        urn = resource["urn"]
        needed = [*resource.get("dependencies", []), *resource.get("replaceWith", [])]
        needed += [one for urns in resource.get("propertyDependencies", {}).values() for one in urns]
        needed += [resource[key] for key in ("parent", "deletedWith") if key in resource]
        found += [f"{urn} before {one}" for one in needed if one not in seen]
        if "provider" in resource and resource["provider"] not in references:
            found.append(f"{urn} before its provider")
        if not resource.get("delete"):
            if urn in live:
                found.append(f"{urn} twice")
            live.add(urn)
        seen.add(urn)
        references.add(f"{urn}::{resource.get('id', '')}")
    return found


def _resource(resource: dict[str, Any]) -> list[str]:
    urn = resource["urn"]
    found = [f"{urn}: unknown key {key}" for key in resource.keys() - RESOURCE_KEYS]
    if not urn.startswith("urn:pulumi:") or urn.count("::") < 3:
        found.append(f"{urn}: not a URN")
    if not resource["custom"] and resource.get("id"):
        found.append(f"{urn}: component with an id")
    empty = [key for key, value in resource.items() if value in ("", [], {}, None, False) and key != "custom"]
    found += [f"{urn}: {key} is empty" for key in empty]
    for key in ("inputs", "outputs"):
        found += [f"{urn}: {problem}" for problem in _value(resource.get(key, {}))]
    return found


def _value(value: Any) -> list[str]:
    if isinstance(value, list):
        return [problem for item in value for problem in _value(item)]
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return [] if str(value.get("ciphertext", "")).startswith("v1:") else ["a secret in clear"]
        return [problem for item in value.values() for problem in _value(item)]
    if value == UNKNOWN:
        return ["an unknown value"]
    return [f"a number {value}"] if isinstance(value, float) and value.is_integer() else []
