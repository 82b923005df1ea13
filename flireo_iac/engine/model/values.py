"""Property values as the engine holds them, and how they travel to the program and to the provider.

A value is None, a bool, a number, a string, a list, a dict, or one of the three classes below. Values are never
changed in place: whoever wants another value makes one.

Source: pulumi notes on the engine, sections 2 and 3 (signatures, secrets, unknowns).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker of the protocol
REFERENCE_SIGNATURE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT_SIGNATURE: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
FLOAT_SIGNATURE: Final = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"

UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# One for each type of value; the Python SDK sends the first only.
_UNKNOWN_TEXTS: Final = frozenset(
    {
        UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_LARGEST_PLAIN_NUMBER: Final = 1e21  # from here on JSON uses an exponent

Value = Any
Properties = dict[str, Value]


class UnsupportedValueError(Exception):
    """A value that this engine does not handle; the text names it."""


class Unknown:
    """A value that is known only after the update; there is one object of it."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, eq=False)
class Secret:
    """A value that is never shown and is encrypted in the state.

    Args:
        value: What is secret.
    """

    value: Value

    def __repr__(self) -> str:
        return "Secret([secret])"


@dataclass(frozen=True)
class Reference:
    """A reference to another resource as a whole.

    Args:
        urn: Its URN.
        id: Its id; None for a component, UNKNOWN in a preview.
        package_version: Version of its package; mostly empty.
    """

    urn: str
    id: str | Unknown | None
    package_version: str = ""


def whole(number: float) -> int | float:
    """Give a whole double as an integer, so that JSON says 3 and not 3.0."""
    return int(number) if abs(number) < _LARGEST_PLAIN_NUMBER and number.is_integer() else number


def read_struct(struct: struct_pb2.Struct) -> Properties:
    """Read properties from the wire.

    Raises:
        UnsupportedValueError: It holds an asset, an archive or something newer.
    """
    return {key: read_value(value) for key, value in struct.fields.items()}


def read_value(value: struct_pb2.Value) -> Value:
    """Read one value from the wire.

    Raises:
        UnsupportedValueError: It is an asset, an archive or something newer.
    """
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in _UNKNOWN_TEXTS else text
    if kind == "number_value":
        return whole(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [read_value(item) for item in value.list_value.values]
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields:
            return _read_special(value.struct_value)
        return {key: read_value(item) for key, item in fields.items()}
    return None


def _read_special(struct: struct_pb2.Struct) -> Value:
    fields = struct.fields
    signature = fields[SIGNATURE].string_value
    if signature == SECRET_SIGNATURE:
        return Secret(read_value(fields["value"]))
    if signature == REFERENCE_SIGNATURE:
        identity = read_value(fields["id"]) if "id" in fields else None
        version = fields["packageVersion"].string_value if "packageVersion" in fields else ""
        return Reference(fields["urn"].string_value, identity, version)
    if signature == OUTPUT_SIGNATURE:
        value = read_value(fields["value"]) if "value" in fields else UNKNOWN
        return Secret(value) if "secret" in fields and fields["secret"].bool_value else value
    raise UnsupportedValueError("assets and archives are not supported by the local engine")


def write_struct(properties: Properties, *, for_program: bool) -> struct_pb2.Struct:
    """Write properties for the wire.

    Args:
        properties: What to write.
        for_program: True keeps the marks of secrets and references, which the program understands. False writes
            secrets in clear and a reference as its id, or its URN when it has none, as a dynamic provider wants it.
    """
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _fill(struct.fields[key], value, for_program)
    return struct


def _fill(target: struct_pb2.Value, value: Value, for_program: bool) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        for key, item in value.items():
            _fill(target.struct_value.fields[key], item, for_program)
    elif isinstance(value, list):
        target.list_value.SetInParent()
        for item in value:
            _fill(target.list_value.values.add(), item, for_program)
    elif isinstance(value, Secret):
        if for_program:
            _fill(target, {SIGNATURE: SECRET_SIGNATURE, "value": value.value}, for_program)
        else:
            _fill(target, value.value, for_program)
    elif isinstance(value, Unknown):
        target.string_value = UNKNOWN_TEXT
    elif isinstance(value, Reference):
        _fill(target, _plain_reference(value, for_program), for_program)
    else:
        raise TypeError(f"not a property value: {type(value).__name__}")


def _plain_reference(reference: Reference, for_program: bool) -> Value:
    if not for_program:
        return reference.id or reference.urn
    plain: Properties = {SIGNATURE: REFERENCE_SIGNATURE, "urn": reference.urn}
    if reference.id is not None:
        plain["id"] = reference.id
    plain["packageVersion"] = reference.package_version
    return plain


def equal(left: Value, right: Value) -> bool:
    """Tell whether two values are the same.

    True is not 1, an absent key equals null, and a secret never equals its bare value.
    """
    if left is right:
        return not (isinstance(left, float) and math.isnan(left))
    if isinstance(left, Secret) or isinstance(right, Secret):
        return isinstance(left, Secret) and isinstance(right, Secret) and equal(left.value, right.value)
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    if isinstance(left, dict) and isinstance(right, dict):
        return all(equal(left.get(key), right.get(key)) for key in left.keys() | right.keys())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return type(left) is type(right) and bool(left == right)


def unwrap(value: Value) -> Value:
    """Give the value with no mark of a secret left in it."""
    if isinstance(value, Secret):
        return unwrap(value.value)
    if isinstance(value, dict):
        return {key: unwrap(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unwrap(item) for item in value]
    return value


def contains(value: Value, kind: type[Secret | Unknown]) -> bool:
    """Tell whether a secret, or an unknown, is anywhere in the value."""
    if isinstance(value, kind):
        return True
    if isinstance(value, Secret):
        return contains(value.value, kind)
    if isinstance(value, dict):
        return any(contains(item, kind) for item in value.values())
    if isinstance(value, list):
        return any(contains(item, kind) for item in value)
    return isinstance(value, Reference) and isinstance(value.id, kind)


def mark_secrets(answer: Properties, sent: Properties) -> Properties:
    """Mark in an answer of the provider what was secret in what it was sent.

    The provider gets secrets in clear and answers in clear. Below a key that both sides hold as an object the marks
    go to the same places; elsewhere one secret makes the whole value of its key secret.

    Source: pulumi notes on the engine, section 2, "Secret re-marking".
    """
    marked = dict(answer)
    for key, given in sent.items():
        if key not in marked:
            continue
        value = marked[key]
        if isinstance(value, dict) and isinstance(given, dict):
            marked[key] = mark_secrets(value, given)
        elif not isinstance(value, Secret) and contains(given, Secret):
            marked[key] = Secret(value)
    return marked


def mark_outputs(outputs: Properties, inputs: Properties, additional: list[str]) -> Properties:
    """Mark outputs as secret that the program named, or whose input of the same name is a secret itself."""
    marked = dict(outputs)
    for key, value in outputs.items():
        if not isinstance(value, Secret) and (key in additional or isinstance(inputs.get(key), Secret)):
            marked[key] = Secret(value)
    return marked


def masked(value: Value) -> Value:
    """Give the value as it may be shown: secrets as ``[secret]``, unknowns as the text the protocol has for them."""
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, dict):
        return {key: masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, Unknown):
        return UNKNOWN_TEXT
    if isinstance(value, Reference):
        return masked(_plain_reference(value, for_program=True))
    return value


def secret_texts(value: Value, *, inside: bool = False) -> Iterator[str]:
    """Give every string that stands in a secret."""
    if isinstance(value, Secret):
        yield from secret_texts(value.value, inside=True)
    elif isinstance(value, dict):
        for item in value.values():
            yield from secret_texts(item, inside=inside)
    elif isinstance(value, list):
        for item in value:
            yield from secret_texts(item, inside=inside)
    elif inside and isinstance(value, str):
        yield value
    elif inside and isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
