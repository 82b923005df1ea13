"""Field markers: each states one fact about one field, and stands in its ``Annotated``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Mark = TypeVar("Mark")

Dialect = Literal["dec2025", "jan2026", "successor"]
"""A spelling of the API, oldest first. Source: api notes, sections 0 and 15."""


@dataclass(frozen=True)
class Immutable:
    """No update endpoint accepts the field: a change replaces the object."""


@dataclass(frozen=True)
class Secret:
    """The value is masked everywhere and kept as a Pulumi secret.

    Args:
        is_returned: True when reads show the value; False when the server never gives it back.
    """

    is_returned: bool = True


def write_only() -> Secret:
    """Mark a secret that the server never gives back, so that its drift cannot be seen."""
    return Secret(is_returned=False)


@dataclass(frozen=True)
class ServerSet:
    """The server computes the field; it is an output and never an input."""


@dataclass(frozen=True)
class ServerDefault:
    """The server fills the field when it is left out.

    Args:
        value: What it fills in.
    """

    value: Any


@dataclass(frozen=True)
class ServerFills:
    """The server fills the field when it is left out, with a value that no page states."""


@dataclass(frozen=True)
class Clearable:
    """PATCH accepts null for the field, which empties it."""


@dataclass(frozen=True)
class Unordered:
    """A list whose order has no meaning."""


@dataclass(frozen=True)
class Reference:
    """The field holds the id of an object of another kind.

    Args:
        kind: Name of that kind.
    """

    kind: str


@dataclass(frozen=True)
class Spelling:
    """Other dialects spell the key differently; both spellings mean one thing.

    Args:
        others: The other spellings, the usual one first.
        since: Dialect from which on a body carries the usual one of them; None when every dialect takes ours.
    """

    others: tuple[str, ...]
    since: Dialect | None

    def __init__(self, *others: str, since: Dialect | None = None) -> None:
        object.__setattr__(self, "others", others)
        object.__setattr__(self, "since", since)


@dataclass(frozen=True)
class ValueSpelling:
    """Other dialects spell a value of the field differently.

    Args:
        canonical: From the other spelling to ours.
        since: Dialect from which on a body carries the other one; None when an answer may show it and no body carries
            it.
    """

    canonical: Mapping[str, str]
    since: Dialect | None

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Let editors accept the other spellings too."""
        schema = handler(core)
        if self.since is None:
            return schema
        known = schema.pop("enum", None) or [schema.pop("const", None)]
        return schema | {"enum": [*known, *self.canonical]} if known != [None] else schema


@dataclass(frozen=True)
class Since:
    """Only a successor of the target vintage knows the field.

    Args:
        vintage: ``hmsovereign`` or ``voicedock``.
    """

    vintage: str


@dataclass(frozen=True)
class Prompt:
    """Words that people have worked on: what somebody changed in them outside is not overwritten unasked."""


@dataclass(frozen=True)
class AfterCreate:
    """A create takes no notice of the field, so an update that sends it follows."""


@dataclass(frozen=True)
class SentOnCreate:
    """Later servers require the field: a create sends the server's own default when it is left out."""


@dataclass(frozen=True)
class OnlyOnCreate:
    """The field is sent with the create and never again; no answer shows it.

    Args:
        kind: Name of the kind whose objects it brings along.
    """

    kind: str


@dataclass(frozen=True)
class MovesOn:
    """Other values stand for the one that was set, so that they are not drift: the platform moves it on by itself.

    Args:
        to: From a value that a user sets to those that stand for it. A campaign that was never started is a draft,
            which is as good as paused.
    """

    to: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class TimeOfDay:
    """The field is a time of day, in which the seconds may be left out."""


@dataclass(frozen=True)
class RunTimeTools:
    """The platform itself adds tools of these types to the list; they are not drift.

    Args:
        types: Values of ``type`` of such tools.
        when: Field of the resource that switches it on.
    """

    types: tuple[str, ...]
    when: str


def marker(info: FieldInfo, kind_of_mark: type[Mark]) -> Mark | None:
    """Give the marker of a field; None when it has none of that class."""
    return next((mark for mark in info.metadata if isinstance(mark, kind_of_mark)), None)
