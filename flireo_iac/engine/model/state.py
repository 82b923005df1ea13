"""Resources as the state holds them, and their JSON form.

Source: pulumi notes on the engine, section 3.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from flireo_iac.engine.model.urns import split_provider
from flireo_iac.engine.model.values import (
    FLOAT_SIGNATURE,
    REFERENCE_SIGNATURE,
    SECRET_SIGNATURE,
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_TEXT,
    Properties,
    Reference,
    Secret,
    Unknown,
    UnsupportedValueError,
    Value,
    whole,
)
from flireo_iac.errors import StateError

Encrypt = Callable[[str, str], str]
"""Gives the ciphertext of a text; the first argument says where it stands."""
Decrypt = Callable[[str, str], str]
"""Gives the text of a ciphertext; the first argument says where it stands."""


@dataclass(eq=False)
class Resource:
    """One resource of the state. Two objects may carry one URN: the live one, and others that wait for deletion.

    Values inside are replaced, never changed in place: setting an attribute is what makes the stored text stale.

    Args:
        urn: URN.
        type: Type token.
        custom: True when a provider keeps it, False for a component.
        id: Id of the provider; empty for a component.
        inputs: Checked inputs.
        outputs: What the provider answered.
        parent: URN of the parent; empty when there is none.
        provider: ``<urn>::<id>`` of the provider; empty for components and providers.
        dependencies: URNs it depends on.
        property_dependencies: The same by input; empty lists are kept.
        protect: True when it must not be deleted.
        external: True when it is only read.
        delete: True when it was replaced and waits for its deletion.
        pending_replacement: True when it was deleted and waits for its new self.
        init_errors: Reasons why its create or update did not finish.
        additional_secret_outputs: Outputs that the program named as secret.
        custom_timeouts: Seconds by operation.
        retain_on_delete: True when a delete only forgets it.
        deleted_with: URN whose deletion deletes it too.
        replace_with: URNs whose replacement replaces it too.
        created: RFC 3339 time; empty when unknown.
        modified: RFC 3339 time; empty when unknown.
        source_position: ``project:///path#line``; empty when unknown.
        ignore_changes: Option of the program.
        hide_diff: Option of the program.
        replace_on_changes: Option of the program.
        extra: Keys of the file that the engine does not know, kept until the resource is registered again.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool = False
    external: bool = False
    delete: bool = False
    pending_replacement: bool = False
    init_errors: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    created: str = ""
    modified: str = ""
    source_position: str = ""
    ignore_changes: list[str] = field(default_factory=list)
    hide_diff: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    encoded: str | None = field(default=None, init=False, repr=False)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name != "encoded":
            object.__setattr__(self, "encoded", None)

    def copy(self) -> Resource:
        """Give another resource with the same values."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "encoded"}
        return Resource(**values)

    def needs(self) -> Iterator[str]:
        """Give every URN that must be there for this resource to be, its provider's included."""
        if self.parent:
            yield self.parent
        yield from self.relies_on()

    def relies_on(self) -> Iterator[str]:
        """Give every URN that it needs, without its parent."""
        yield from self.dependencies
        for urns in self.property_dependencies.values():
            yield from urns
        if self.deleted_with:
            yield self.deleted_with
        yield from self.replace_with
        if self.provider:
            yield split_provider(self.provider)[0]

    def rename_references(self, renamed: dict[str, str]) -> None:
        """Let references to renamed resources carry the new URNs."""
        if not any(urn in renamed for urn in self.needs()):
            return

        def new(urns: list[str]) -> list[str]:
            return [renamed.get(urn, urn) for urn in urns]

        self.parent = renamed.get(self.parent, self.parent)
        self.dependencies = new(self.dependencies)
        self.property_dependencies = {key: new(urns) for key, urns in self.property_dependencies.items()}
        self.deleted_with = renamed.get(self.deleted_with, self.deleted_with)
        self.replace_with = new(self.replace_with)
        if self.provider:
            urn, identity = split_provider(self.provider)
            self.provider = f"{renamed.get(urn, urn)}::{identity}"


# Attribute and key of the file, in the order in which the file has them; empty values are left out.
_KEYS: Final = (
    ("delete", "delete"),
    ("id", "id"),
    ("type", "type"),
    ("inputs", "inputs"),
    ("outputs", "outputs"),
    ("parent", "parent"),
    ("protect", "protect"),
    ("external", "external"),
    ("dependencies", "dependencies"),
    ("init_errors", "initErrors"),
    ("provider", "provider"),
    ("property_dependencies", "propertyDependencies"),
    ("pending_replacement", "pendingReplacement"),
    ("additional_secret_outputs", "additionalSecretOutputs"),
    ("custom_timeouts", "customTimeouts"),
    ("retain_on_delete", "retainOnDelete"),
    ("deleted_with", "deletedWith"),
    ("replace_with", "replaceWith"),
    ("created", "created"),
    ("modified", "modified"),
    ("source_position", "sourcePosition"),
    ("ignore_changes", "ignoreChanges"),
    ("hide_diff", "hideDiff"),
    ("replace_on_changes", "replaceOnChanges"),
)
_KNOWN: Final = {key: attribute for attribute, key in _KEYS} | {"urn": "urn", "custom": "custom"}


def dump(value: Any) -> str:
    """Write compact JSON with sorted keys, as Pulumi does."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def encode_resource(resource: Resource, encrypt: Encrypt) -> str:
    """Give the JSON text of a resource, from what is kept of the last time if nothing changed."""
    if resource.encoded is None:
        resource.encoded = json.dumps(plain_resource(resource, encrypt), ensure_ascii=False, separators=(",", ":"))
    return resource.encoded


def plain_resource(resource: Resource, encrypt: Encrypt) -> dict[str, Any]:
    """Give a resource as the file has it."""
    plain: dict[str, Any] = {"urn": resource.urn, "custom": resource.custom}
    for attribute, key in _KEYS:
        value = getattr(resource, attribute)
        if attribute in ("inputs", "outputs"):
            value = encode(value, encrypt, f"{resource.urn} {resource.id} {attribute}")
        if value:
            plain[key] = value
    return plain | resource.extra


def decode_resource(plain: dict[str, Any], decrypt: Decrypt) -> Resource:
    """Read a resource of a file.

    Raises:
        StateError: It is not a resource.
    """
    known: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key, value in plain.items():
        if key in _KNOWN:
            known[_KNOWN[key]] = value
        else:
            extra[key] = value
    try:
        place = f"{known['urn']} {known.get('id', '')}"
        for attribute in ("inputs", "outputs"):
            known[attribute] = decode(known.get(attribute) or {}, decrypt, f"{place} {attribute}")
        return Resource(**known, extra=extra)
    except (KeyError, TypeError) as error:
        raise StateError(f"a resource of the state lacks {error}") from error


def encode(value: Value, encrypt: Encrypt, place: str) -> Any:
    """Give a value as the file has it, secrets encrypted."""
    if isinstance(value, dict):
        return {key: encode(value[key], encrypt, f"{place}.{key}") for key in sorted(value)}
    if isinstance(value, list):
        return [encode(item, encrypt, f"{place}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, Secret):
        # What is secret inside a secret keeps its mark and is not encrypted a second time.
        text = dump(encode(value.value, _as_it_is, place))
        return {SIGNATURE: SECRET_SIGNATURE, "ciphertext": encrypt(place, text)}
    if isinstance(value, Unknown):
        return UNKNOWN_TEXT
    if isinstance(value, Reference):
        plain: dict[str, Any] = {SIGNATURE: REFERENCE_SIGNATURE, "urn": value.urn}
        if value.id is not None:
            plain["id"] = encode(value.id, encrypt, place)
        return plain | {"packageVersion": value.package_version}
    if isinstance(value, float) and not math.isfinite(value):
        return {SIGNATURE: FLOAT_SIGNATURE, "value": struct.pack(">d", value).hex()}
    return value


def decode(value: Any, decrypt: Decrypt, place: str) -> Value:
    """Read a value of the file.

    Raises:
        UnsupportedValueError: It is an asset, an archive or something newer.
        StateError: A secret cannot be decrypted.
    """
    if isinstance(value, dict):
        if SIGNATURE in value:
            return _decode_special(value, decrypt, place)
        return {key: decode(item, decrypt, f"{place}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [decode(item, decrypt, f"{place}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, float):
        return whole(value)
    return UNKNOWN if value == UNKNOWN_TEXT else value


def _decode_special(value: dict[str, Any], decrypt: Decrypt, place: str) -> Value:
    signature = value[SIGNATURE]
    if signature == SECRET_SIGNATURE:
        text = value.get("plaintext")
        if text is None:
            text = decrypt(place, value["ciphertext"])
        return Secret(decode(json.loads(text), _as_it_is, place))
    if signature == REFERENCE_SIGNATURE:
        identity = value.get("id")
        known = UNKNOWN if identity == UNKNOWN_TEXT else identity
        return Reference(value["urn"], known, value.get("packageVersion", ""))
    if signature == FLOAT_SIGNATURE:
        return float(struct.unpack(">d", bytes.fromhex(value["value"]))[0])
    raise UnsupportedValueError("assets, archives and raw bytes are not supported by the local engine")


def _as_it_is(place: str, text: str) -> str:
    del place
    return text
