"""Names of items made from the API's names: readable, allowed on every file system, and never two alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from itertools import count

from flireo_iac.kinds import Kind
from flireo_iac.rows import Row

LONGEST = 48
"""Characters of a name; the API's names may be hundreds long."""

_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d"}
    | {"ð": "d", "þ": "th", "\u0131": "i", "&": " and ", "'": "", "\u2019": ""}
)
_RESERVED = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
"""Names that Windows keeps for devices, with any ending."""


def readable(kind: Kind, row: Row) -> str:
    """Give the name that a person would choose for an object, before others are looked at.

    Letters that no file name should hold are spelled in Latin where Unicode says how. A name of which less than half is
    left, such as one in Chinese, ends in the first signs of the object's id.

    Args:
        kind: What the object is.
        row: The object.
    """
    if kind.endpoint.style == "single":
        return kind.name
    written = next((text for text in (row.get("name"), *_keys(kind, row)) if isinstance(text, str) and text), "")
    plain = unicodedata.normalize("NFKD", written.translate(_LETTERS)).casefold()
    name = re.sub(r"[^a-z0-9]+", "_", "".join(sign for sign in plain if not unicodedata.combining(sign))).strip("_")
    if len(name) > LONGEST:
        name = name[: LONGEST + 1].rpartition("_")[0] or name[:LONGEST]
        name = name[:LONGEST].strip("_")
    lost = sum(sign.isalnum() and not sign.isascii() for sign in plain)
    if not name:
        return f"{kind.name}_{_short(row)}"
    if lost > len(name.replace("_", "")):
        return f"{name}_{_short(row)}"
    return f"{kind.name}_{name}" if _RESERVED.fullmatch(name) else name


def free(name: str, taken: Collection[str]) -> str:
    """Give the name, or the first of ``name_2``, ``name_3`` and so on that is not taken."""
    if name not in taken:
        return name
    return next(other for number in count(2) if (other := f"{name}_{number}") not in taken)


def _keys(kind: Kind, row: Row) -> list[object]:
    return [row.get(key) for key in kind.natural_key]


def _short(row: Row) -> str:
    return re.sub(r"[^a-z0-9]", "", str(row["id"]).casefold())[:8] or "0"
