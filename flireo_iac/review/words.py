"""Compares two texts by words: what was changed, added, removed, moved, each in the block that holds it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from flireo_iac.review.blocks import ORDINAL, Block, blocks_of
from flireo_iac.review.model import Passage, Piece
from flireo_iac.review.visible import visible

_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
"""Signs of scripts that put no spaces between words; each counts as one."""
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_TOKEN = re.compile(rf"\s*(?:{_WORD.pattern}|[^\w\s])|\s+")
_SIMILAR = 0.5
"""Share of common words from which two blocks count as one that was changed."""
_MOVED = 0.75
"""The same for blocks in different places."""
_FEWEST_MOVED_WORDS = 4
"""A shorter block that stands elsewhere is not called moved: too many are alike."""
_MOST_PAIRS = 40_000
"""More pairs of blocks are not held against each other one by one."""
_MOST_COMPARISONS = 400_000
"""More pairs of words are compared without the very frequent ones."""


def passages(old: str, new: str) -> tuple[Passage, ...]:
    """Compare two texts.

    Args:
        old: Text before; empty for a new one.
        new: Text after; empty for one that is gone.

    Returns:
        The passages that differ, in the order of the new text; empty when only spaces, line breaks or the numbers of
        list entries differ.
    """
    before, after = blocks_of(visible(old)), blocks_of(visible(new))
    pairs: list[tuple[Block | None, Block | None]] = []
    keys = [block.key for block in before], [block.key for block in after]
    is_long = len(before) * len(after) > _MOST_COMPARISONS * 10
    for op, i1, i2, j1, j2 in SequenceMatcher(None, *keys, autojunk=is_long).get_opcodes():
        if op != "equal":
            pairs += _paired(before[i1:i2], after[j1:j2])
    return tuple(_told(_with_moves(pairs)))


def _paired(before: Sequence[Block], after: Sequence[Block]) -> Iterator[tuple[Block | None, Block | None]]:
    """Pair blocks that hold much the same words, in order; what has no partner stands alone."""
    if len(before) * len(after) > _MOST_PAIRS:
        yield from ((block, None) for block in before)
        yield from ((None, block) for block in after)
        return
    words = [_words(block) for block in before], [_words(block) for block in after]
    # Longest common subsequence, weighed by how much the blocks have in common.
    best = [[0.0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for i in range(len(before) - 1, -1, -1):
        for j in range(len(after) - 1, -1, -1):
            common = _likeness(words[0][i], words[1][j])
            paired = best[i + 1][j + 1] + common if common >= _SIMILAR else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    i = j = 0
    while i < len(before) or j < len(after):
        if i < len(before) and best[i][j] == best[i + 1][j]:
            yield before[i], None
            i += 1
        elif j < len(after) and best[i][j] == best[i][j + 1]:
            yield None, after[j]
            j += 1
        else:
            yield before[i], after[j]
            i, j = i + 1, j + 1


def _with_moves(
    pairs: Sequence[tuple[Block | None, Block | None]],
) -> Iterator[tuple[Block | None, Block | None, bool]]:
    """Bring a block that went together with the one that came elsewhere with the same words."""
    gone = {n: _words(block) for n, (block, other) in enumerate(pairs) if block is not None and other is None}
    taken: dict[int, int] = {}
    if len(gone) * len(pairs) <= _MOST_PAIRS * 5:
        for n, (one, block) in enumerate(pairs):
            if one is None and block is not None and len(words := _words(block)) >= _FEWEST_MOVED_WORDS:
                likest = max(gone, key=lambda each: _likeness(gone[each], words), default=None)
                if likest is not None and _likeness(gone[likest], words) >= _MOVED:
                    taken[n] = likest
                    del gone[likest]
    moved = set(taken.values())
    for n, (one, other) in enumerate(pairs):
        if n in taken:
            yield pairs[taken[n]][0], other, True
        elif n not in moved:
            yield one, other, False


def _told(pairs: Iterable[tuple[Block | None, Block | None, bool]]) -> Iterator[Passage]:
    for one, other, is_moved in pairs:
        if one is not None and other is not None:
            pieces = compare(_numbered_as(other.text, one.text), other.text)
            if is_moved:
                yield Passage("moved", pieces, other.heading, other.line, other.depth, one.heading)
            else:
                yield Passage("changed", pieces, other.heading, other.line, other.depth)
        elif other is not None:
            yield Passage("added", (Piece("new", other.text),), other.heading, other.line, other.depth)
        elif one is not None:
            yield Passage("removed", (Piece("gone", one.text),), one.heading, one.line, one.depth)


def _numbered_as(entry: str, text: str) -> str:
    """Give a list entry the number of another one: that it counts differently is no change of its words."""
    number = ORDINAL.match(entry)
    return ORDINAL.sub(number[0], text) if number is not None else text


@lru_cache(maxsize=4096)
def _words_of(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))


def _words(block: Block) -> frozenset[str]:
    return _words_of(block.key)


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Give the share of words that two blocks have in common: 2 * common / all."""
    return 2 * len(one & other) / (len(one) + len(other) or 1)


@lru_cache(maxsize=4096)
def compare(old: str, new: str) -> tuple[Piece, ...]:
    """Compare two blocks word by word.

    Returns:
        The pieces in reading order; those that are not ``gone`` make up the new text, those that are not ``new`` the
        old one.
    """
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    is_long = len(before) * len(after) > _MOST_COMPARISONS
    codes = SequenceMatcher(None, before, after, autojunk=is_long).get_opcodes()
    pieces: list[tuple[str, str]] = [("".join(before[i1:i2]), "".join(after[j1:j2])) for _, i1, i2, j1, j2 in codes]
    return tuple(_pieces(_smoothed(pieces)))


def _smoothed(pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Join changes between which only a sign or a short word stayed: single words in between are hard to read."""
    joined: list[tuple[str, str]] = []
    for n, (old, new) in enumerate(pieces):
        is_between = 0 < n < len(pieces) - 1 and old == new
        is_short = len(old.strip()) <= 3 and len(re.findall(r"\w+", old)) <= 1
        changes_around = (
            n > 0 and n < len(pieces) - 1 and min(map(len, map("".join, (pieces[n - 1], pieces[n + 1])))) > 8
        )
        if joined and joined[-1][0] != joined[-1][1] and (old != new or (is_between and is_short and changes_around)):
            joined[-1] = (joined[-1][0] + old, joined[-1][1] + new)
        else:
            joined.append((old, new))
    return joined


def _pieces(pairs: Iterable[tuple[str, str]]) -> Iterator[Piece]:
    for old, new in pairs:
        if old == new:
            yield Piece("same", old)
        else:
            if old:
                yield Piece("gone", old)
            if new:
                yield Piece("new", new)


def excerpt(pieces: Sequence[Piece], around: int) -> tuple[Piece, ...]:
    """Shorten the unchanged words of a passage.

    Args:
        pieces: The passage.
        around: Words that stay on each side of a change.
    """
    shown: list[Piece] = []
    for n, piece in enumerate(pieces):
        tokens = re.findall(r"\s*\S+\s*", piece.text) if piece.kind == "same" else []
        keep_head, keep_tail = n > 0, n < len(pieces) - 1
        if len(pieces) == 1:
            keep_head = True
        if len(tokens) <= around * (keep_head + keep_tail) + 3:
            shown.append(piece)
            continue
        head = "".join(tokens[:around]).rstrip() + " " if keep_head else ""
        tail = " " + "".join(tokens[-around:]).lstrip() if keep_tail else ""
        shown.append(Piece("same", f"{head}…{tail}"))
    return tuple(shown)


def cut(pieces: Sequence[Piece], most: int) -> tuple[Piece, ...]:
    """Keep the first changes of a passage, and say how many more there are.

    Args:
        pieces: The passage.
        most: Changes that stay; words that go with those that come in their place are one.
    """
    starts = [n for n, each in enumerate(pieces) if each.kind != "same" and (n == 0 or pieces[n - 1].kind == "same")]
    if len(starts) <= most:
        return tuple(pieces)
    return (*pieces[: starts[most]], Piece("same", f" … and {len(starts) - most:,} more changes in this passage"))
