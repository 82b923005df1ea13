"""Comments such as ``# flireo: ignore first_message: the shop writes it``: drift that does not count, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flireo_iac.drift.choice import covers
from flireo_iac.drift.model import DRIFTING, Drift, Ignored
from flireo_iac.errors import SettingsError
from flireo_iac.lint.waivers import scalar_spans
from flireo_iac.stacks.folder import ItemFile
from flireo_iac.stacks.values import Place

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#[ \t]*flireo:[ \t]*ignore\b[ \t]*([^\n]*)", re.M)
_SCHEMA = "# yaml-language-server:"


@dataclass(frozen=True)
class Ignore:
    """One place whose drift does not count.

    Args:
        item: Name of the item.
        path: The place, everything below included; ``*`` for all of the item.
        reason: Why; empty when the comment says nothing.
        place: Where the comment stands.
    """

    item: str
    path: str
    reason: str
    place: Place


def ignores_of(key: str, file: str, text: str) -> Iterator[Ignore]:
    """Read the ignores of an item's file.

    Args:
        key: Name of the item.
        file: Path of the file as the user would type it.
        text: What it holds; a comment inside a text value is none.
    """
    if "flireo:" not in text:
        return
    spans = scalar_spans(text)
    for match in _COMMENT.finditer(text):
        if not any(start <= match.start() < end for start, end in spans):
            path, _, reason = match[1].partition(":")
            yield Ignore(key, path.strip(), reason.strip(), Place(file, text.count("\n", 0, match.start()) + 1))


def read_ignores(files: Iterable[ItemFile]) -> list[Ignore]:
    """Read the ignores of all items."""
    return [
        each
        for item in files
        for each in ignores_of(
            item.key, item.node.place.file, Path(item.node.place.file).read_text(encoding="utf-8-sig")
        )
    ]


def apply(drift: Drift, ignores: Sequence[Ignore], *, is_whole: bool) -> Drift:
    """Take out what is ignored, and tell of ignores that are wrong or that nothing needs.

    Args:
        drift: What drifted.
        ignores: The ignores of the stack.
        is_whole: True when all items were looked at, so that an ignore without effect can be told.
    """
    good = [each for each in ignores if each.path and each.reason]
    used: set[Ignore] = set()
    ignored: list[Ignored] = []
    items = []
    for item in drift.items:
        left = []
        for field in item.fields:
            path = field.place.path
            by = next((each for each in good if each.item == item.key and covers(each.path, path)), None)
            if by is None or field.place.mover not in DRIFTING:
                left.append(field)
            else:
                used.add(by)
                ignored.append(Ignored(item.key, path, by.reason, str(by.place)))
        if left or item.fate is not None:
            items.append(replace(item, fields=tuple(left)))
    notes = [_wrong(each) for each in ignores if each not in good]
    if is_whole:
        notes += [
            f"{each.place}: ignore {each.path} matches no drift of {each.item}. Take the comment out when it is over."
            for each in good
            if each not in used
        ]
    return replace(drift, items=tuple(items), ignored=tuple(ignored), notes=(*drift.notes, *notes))


def _wrong(ignore: Ignore) -> str:
    lacks = "gives no reason" if ignore.path else "names no field"
    expected = "expected # flireo: ignore FIELD: REASON. It ignores nothing until it does"
    return f"{ignore.place}: the ignore {lacks}, {expected}."


def with_ignore(text: str, path: str, reason: str) -> str:
    """Give an item's file with one more ignore, at its head.

    Args:
        text: What it holds.
        path: The place.
        reason: Why.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    at = 1 if lines and lines[0].removeprefix("\ufeff").startswith(_SCHEMA) else 0
    if at and not lines[0].endswith("\n"):
        lines[0] += newline
    return "".join([*lines[:at], f"# flireo: ignore {path}: {' '.join(reason.split())}{newline}", *lines[at:]])


def write_ignore(item: ItemFile, path: str, reason: str) -> Path:
    """Write an ignore into an item's file; gives the file.

    Args:
        item: The item.
        path: The place.
        reason: Why.

    Raises:
        SettingsError: The file cannot be written, or the reason is empty.
    """
    if not reason.strip():
        raise SettingsError(f'drift --ignore "{item.key}.{path}": there is no reason, one was expected. Add --reason.')
    file = Path(item.node.place.file)
    try:
        text = file.read_bytes().decode("utf-8")
        file.write_bytes(with_ignore(text, path, reason).encode("utf-8"))
    except OSError as error:
        raise SettingsError(f'write "{file}": {error.strerror}. Make room or rights, and run again.') from None
    return file
