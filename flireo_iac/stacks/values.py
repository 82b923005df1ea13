"""Places in files, and the values that are known only while a stack is deployed.

A loaded stack is plain data: text, numbers, lists, mappings, and the markers of this module wherever a value comes
from another resource or from the secrets. Only the registering module turns markers into Pulumi outputs.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

from flireo_iac.errors import Problem

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A place in a file of the stack.

    Args:
        file: Path of the file as the user would type it.
        line: Line from 1; 0 when the file as a whole is meant.
        column: Column from 1, in characters; 0 when the file as a whole is meant.
    """

    file: str
    line: int = 0
    column: int = 0

    def problem(self, rule: str, text: str, severity: str = "error") -> Problem:
        """Say what is wrong at this place; a control character that the text quotes is written out."""
        shown = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
        return Problem(self.file, self.line, self.column, rule, shown, severity)

    def __str__(self) -> str:
        """Give the place as ``file:line:column``."""
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A secret, by name; its value is looked up while the stack is deployed.

    Args:
        name: Name of the secret.
        place: Where it is used.
    """

    name: str
    place: Place = dataclasses.field(compare=False, repr=False)

    def __str__(self) -> str:
        """Give the reference as the user writes it."""
        return f"${{secret.{self.name}}}"


@dataclass(frozen=True, slots=True)
class ItemRef:
    """A field of another item, known once that item is deployed.

    Args:
        folder: Folder of the other item's kind.
        item: Name of the other item.
        field: The field, ``id`` or an input or output of its kind.
        place: Where it is used.
    """

    folder: str
    item: str
    field: str
    place: Place = dataclasses.field(compare=False, repr=False)

    @property
    def key(self) -> str:
        """Name of the other item in its stack, such as ``agents.receptionist``."""
        return f"{self.folder}.{self.item}"

    def __str__(self) -> str:
        """Give the reference as the user writes it."""
        return f"${{{self.key}.{self.field}}}"


@dataclass(frozen=True, slots=True)
class Text:
    """Text around secrets and references.

    Args:
        parts: Pieces of text and the references between them, in order.
    """

    parts: tuple[str | SecretRef | ItemRef, ...]

    def __str__(self) -> str:
        """Give the text with its references as the user writes them."""
        return "".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Stands for a value that could not be made; the reason has been reported."""


def is_marker(value: Any) -> bool:
    """Tell whether a value is known only while the stack is deployed."""
    return isinstance(value, SecretRef | ItemRef | Text | Unresolved)


def markers(value: Any) -> list[SecretRef | ItemRef]:
    """Give every secret and reference inside a value, in order."""
    match value:
        case SecretRef() | ItemRef():
            return [value]
        case Text(parts):
            return [part for part in parts if not isinstance(part, str)]
        case dict():
            return [found for each in value.values() for found in markers(each)]
        case list():
            return [found for each in value for found in markers(each)]
        case _:
            return []
