"""Cuts a Markdown text into the pieces that a person reads as one: a paragraph, a heading, an entry of a list.

A paragraph that is wrapped anew has the same words, so lines of a paragraph are joined; lines that are broken on
purpose (short ones, tables, code, tags) stay apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"\s*(```+|~~~+)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+\S")
_ENTRY = re.compile(r"\s*(?:[-*+•]|\d{1,9}[.)])\s")
ORDINAL = re.compile(r"^\d{1,9}(?=[.)]\s)")
_ALONE = re.compile(r"\s*(?:\||</?[A-Za-z][^<>]*>\s*$|(?:[-*_=]\s*){3,}$)")
_NARROWEST_WRAP = 50
"""Lines of a narrower paragraph are taken to be broken on purpose."""


@dataclass(frozen=True)
class Block:
    """One piece of a text.

    Args:
        text: Its text in one line; of code, the line as it is.
        key: What is compared: two blocks with the same key hold the same words.
        line: Line of the text where it begins, from 1.
        heading: The nearest heading above it, without its signs; empty when there is none.
        depth: How deep a list entry is indented, in spaces.
    """

    text: str
    key: str
    line: int
    heading: str
    depth: int = 0


def blocks_of(text: str) -> list[Block]:
    """Cut a text into blocks."""
    heading = ""
    blocks: list[Block] = []
    for line, lines, is_exact in _groups(text.split("\n")):
        shown = lines[0].rstrip("\r") if is_exact else " ".join(" ".join(lines).split())
        depth = 0 if is_exact else len(lines[0]) - len(lines[0].lstrip())
        key = shown if is_exact else ORDINAL.sub("1", shown)
        blocks.append(Block(shown, key, line, heading, depth))
        if not is_exact and _HEADING.match(lines[0]):
            heading = shown.lstrip("#").strip()
    return blocks


def _groups(lines: Sequence[str]) -> Iterator[tuple[int, list[str], bool]]:
    """Give the lines of each block, with the first one's number and whether they are to stay as they are."""
    held: list[str] = []
    began = 0
    fence = ""
    for number, line in enumerate(lines, 1):
        found = _FENCE.match(line)
        is_code = bool(fence) or found is not None
        is_alone = is_code or not line.strip() or _HEADING.match(line) or _ALONE.match(line)
        if held and (is_alone or _ENTRY.match(line)):
            yield from _paragraph(began, held)
            held = []
        if is_code:
            yield number, [line], True
            if found is not None:
                fence = "" if fence and found[1].startswith(fence) else fence or found[1]
        elif is_alone and line.strip():
            yield number, [line], False
        elif line.strip():
            began = number if not held else began
            held.append(line)
    if held:
        yield from _paragraph(began, held)


def _paragraph(began: int, lines: list[str]) -> Iterator[tuple[int, list[str], bool]]:
    is_wrapped = len(lines) > 1 and max(map(len, lines[:-1])) >= _NARROWEST_WRAP
    if is_wrapped or len(lines) == 1 or _ENTRY.match(lines[0]):
        yield began, lines, False
        return
    for offset, line in enumerate(lines):
        yield began + offset, [line], False
