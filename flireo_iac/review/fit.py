"""Fits parts of a document into a number of characters: each part as full as there is room, the first ones first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A part of a document.

    Args:
        forms: Its texts, the fullest first, each with its line end; the last one is the least that is of use.
        what: What is missing when it is left out, such as ``agent``.
        rank: How much it matters: a smaller one is kept longer, and made full sooner.
    """

    forms: tuple[str, ...]
    what: str = ""
    rank: int = 0


def size(text: str) -> int:
    """Give the length of a text as the strictest counter has it: in UTF-16 units."""
    return len(text) + sum(1 for sign in text if ord(sign) > 0xFFFF)


def fitted(parts: Sequence[Part], limit: int, tail: Callable[[int, int, int], str]) -> str:
    """Join parts so that the whole stays within a limit.

    Args:
        parts: The parts in their order in the document.
        limit: Most characters, in UTF-16 units.
        tail: From the numbers of parts that are left out, shortened, and there, to the last lines of the document.
    """
    sizes = [[size(form) for form in part.forms] for part in parts]
    room = limit - max(size(tail(len(parts), len(parts), len(parts))), size(tail(0, 0, 0)))
    order = sorted(range(len(parts)), key=lambda n: (parts[n].rank, n))
    chosen: dict[int, int] = {}
    for n in order:
        least = len(sizes[n]) - 1
        if sizes[n][least] <= room:
            chosen[n] = least
            room -= sizes[n][least]
    # Fuller step by step and all alike, so that no part takes the room of the others.
    for step in range(2, max(map(len, sizes), default=0) + 1):
        for n in order:
            form = len(sizes[n]) - step
            if n in chosen and form >= 0 and sizes[n][form] - sizes[n][chosen[n]] <= room:
                room -= sizes[n][form] - sizes[n][chosen[n]]
                chosen[n] = form
    body = "".join(parts[n].forms[chosen[n]] for n in range(len(parts)) if n in chosen)
    shortened = sum(1 for n in chosen.values() if n > 0)
    return body + tail(len(parts) - len(chosen), shortened, len(parts))
