"""What the program asks for: a registration, read from the wire.

Source: pulumi notes on the engine, section 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from google.protobuf import struct_pb2
from google.protobuf.message import Message
from pulumi.runtime.proto import alias_pb2, resource_pb2

from flireo_iac.engine.model.urns import DYNAMIC_PACKAGE, PROVIDER_PREFIX
from flireo_iac.engine.model.values import Properties, UnsupportedValueError, read_struct

# Fields of the request that would change what happens, and the option a program sets them with.
_REFUSED = {
    "importId": "import_",
    "version": "version",
    "pluginDownloadURL": "plugin_download_url",
    "pluginChecksums": "plugin checksums",
    "provider": "provider",
    "providers": "providers",
    "remote": "remote components",
    "packageRef": "parameterized packages",
    "replacement_trigger": "replacement_trigger",
    "hooks": "hooks",
    "transforms": "transforms",
    "envVarMappings": "env_var_mappings",
    "snippetId": "snippets",
    "state_migrations": "state migrations",
}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class RefusedError(Exception):
    """A request that this engine does not serve; the text says what, and what to do."""


@dataclass(frozen=True)
class Alias:
    """A former name of a resource: a whole URN, or the parts that were different.

    Args:
        urn: The former URN; the other arguments count when it is empty.
        name: Former name.
        type: Former type.
        stack: Former stack.
        project: Former project.
        parent: Former parent's URN; empty means the present one.
        no_parent: True when it had none.
    """

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass
class Goal:
    """A resource as the program wants it. Options left open are None, and taken from the parent.

    Args:
        type: Type token.
        name: Name.
        custom: True when a provider keeps it.
        parent: URN of the parent; empty when the program names none.
        properties: Inputs.
        dependencies: URNs.
        property_dependencies: URNs by input.
        protect: Option of the program.
        retain_on_delete: Option of the program.
        delete_before_replace: Option of the program; it wins over the provider.
        deleted_with: URN.
        replace_with: URNs.
        ignore_changes: Paths.
        replace_on_changes: Paths.
        hide_diff: Paths.
        additional_secret_outputs: Names of outputs.
        aliases: Former names.
        custom_timeouts: Seconds by operation.
        source_position: ``project:///path#line``.
    """

    type: str
    name: str
    custom: bool
    parent: str = ""
    properties: Properties = field(default_factory=dict)
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool | None = None
    retain_on_delete: bool | None = None
    delete_before_replace: bool | None = None
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    hide_diff: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    source_position: str = ""

    def inherit(self, parent: Goal) -> None:
        """Take from the parent what is left open."""
        if self.protect is None:
            self.protect = parent.protect
        if self.retain_on_delete is None:
            self.retain_on_delete = parent.retain_on_delete
        self.deleted_with = self.deleted_with or parent.deleted_with


def read_goal(request: resource_pb2.RegisterResourceRequest, folder: Path) -> Goal:
    """Read a registration.

    Args:
        request: What the program sent.
        folder: Folder of the project, to which places in source files are relative.

    Raises:
        RefusedError: It asks for something that this engine does not do. Nothing is lost silently.
    """
    for message_field, value in request.ListFields():
        option = _REFUSED.get(message_field.name)
        if option is not None and not _is_empty(value):
            raise RefusedError(
                f'{request.type} "{request.name}": the option {option} is not supported by the local engine. '
                "Use --engine pulumi."
            )
    package = request.type.split(":", 1)[0]
    if request.custom and (package != DYNAMIC_PACKAGE or request.type.startswith(PROVIDER_PREFIX)):
        raise RefusedError(
            f'{request.type} "{request.name}": the local engine runs dynamic Python resources only, not the package '
            f"{package}. Use --engine pulumi."
        )
    try:
        properties = read_struct(request.object)
    except UnsupportedValueError as error:
        raise RefusedError(f'{request.type} "{request.name}": {error}. Use --engine pulumi.') from error
    dependencies = sorted(set(request.dependencies))
    if request.propertyDependencies:
        by_property = {key: sorted(set(found.urns)) for key, found in sorted(request.propertyDependencies.items())}
    else:
        by_property = dict.fromkeys(properties, dependencies) if dependencies else {}
    before = request.deleteBeforeReplace
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        properties=properties,
        dependencies=dependencies,
        property_dependencies=by_property,
        protect=request.protect if request.HasField("protect") else None,
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        delete_before_replace=before if before or request.deleteBeforeReplaceDefined else None,
        deleted_with=request.deletedWith,
        replace_with=list(request.replace_with),
        ignore_changes=list(request.ignoreChanges),
        replace_on_changes=list(request.replaceOnChanges),
        hide_diff=list(request.hideDiffs),
        additional_secret_outputs=list(request.additionalSecretOutputs),
        aliases=[Alias(urn=urn) for urn in request.aliasURNs] + [_read_alias(alias) for alias in request.aliases],
        custom_timeouts=_read_timeouts(request),
        source_position=_read_position(request, folder),
    )


def _is_empty(value: object) -> bool:
    if isinstance(value, struct_pb2.Value):
        return value.WhichOneof("kind") in (None, "null_value")
    return isinstance(value, Message) and value.ByteSize() == 0  # the SDK sends some messages with nothing in them


def _read_alias(alias: alias_pb2.Alias) -> Alias:
    if alias.WhichOneof("alias") == "urn":
        return Alias(urn=alias.urn)
    spec = alias.spec
    return Alias(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn if spec.WhichOneof("parent") == "parentUrn" else "",
        no_parent=spec.WhichOneof("parent") == "noParent" and spec.noParent,
    )


def _read_timeouts(request: resource_pb2.RegisterResourceRequest) -> dict[str, float]:
    found = {}
    for operation in ("create", "update", "delete", "read"):
        text = getattr(request.customTimeouts, operation)
        if text:
            found[operation] = _seconds(text, request)
    return found


def _seconds(text: str, request: resource_pb2.RegisterResourceRequest) -> float:
    parts = _DURATION.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        raise RefusedError(
            f'{request.type} "{request.name}": the timeout is "{text}", expected a duration such as 1h30m or 45s.'
        )
    seconds: float = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    return int(seconds) if seconds.is_integer() else seconds


def _read_position(request: resource_pb2.RegisterResourceRequest, folder: Path) -> str:
    if not request.HasField("sourcePosition") or not request.sourcePosition.uri:
        return ""
    path = Path(unquote(urlsplit(request.sourcePosition.uri).path))
    try:
        relative = path.relative_to(folder)
    except ValueError:
        return ""  # a file outside the project says nothing to others
    return f"project:///{relative.as_posix()}#{request.sourcePosition.line}"
