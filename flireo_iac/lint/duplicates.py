"""Passages that stand in several prompt files and are nearly the same.

Paragraphs are compared as sets of runs of three words. Only those are compared that share one of their few runs with
the smallest hashes: two sets that are alike enough nearly always do (bottom-k sketches).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import xor
from zlib import crc32

from flireo_iac.lint.finding import Finding, finding
from flireo_iac.stacks.values import Place

_PARAGRAPH = re.compile(r"\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)*")
_WORD = re.compile(r"\w+")
_ALIKE = 0.6
"""Share of common runs of three words from which paragraphs are nearly the same; one other word changes three runs."""
_SKETCH = 8
"""Runs with the smallest hashes that stand for a paragraph; at 0.6 in common, all of them miss once in 1,500 times."""
_FEWEST = 80
"""Words of a passage that is worth a file of its own."""
_SHORTEST = 8
"""Words of a paragraph that is looked at at all."""


@dataclass(frozen=True)
class _Paragraph:
    file: str
    index: int
    start: int
    words: tuple[str, ...]


def find(texts: Mapping[str, str], anchors: Mapping[str, Sequence[Place]]) -> Iterator[Finding]:
    """Find passages that several files have.

    Args:
        texts: Prompt files by path, as they stand on disk.
        anchors: Places that name each file; a waiver there counts.
    """
    paragraphs = [paragraph for file, text in texts.items() for paragraph in _paragraphs(file, text)]
    groups = [group for group in _groups(paragraphs) if len({each.file for each in group}) > 1]
    for run in _runs(groups):
        words = sum(len(first.words) for first, _ in run)
        if words < _FEWEST:
            continue
        first, others = run[0]
        places = [_place(texts, other) for other in others if other.file != first.file]
        shown = ", ".join(str(place) for place in places[:3])
        more = f" and {len(places) - 3} more" if len(places) > 3 else ""
        text = (
            f"{words} words from here on are nearly the same as at {shown}{more}. Put them into a file of "
            f"prompts/, and "
            "write ${include <file>}."
        )
        yield finding("FL307", _place(texts, first), text, *anchors.get(first.file, ()))


def _place(texts: Mapping[str, str], paragraph: _Paragraph) -> Place:
    return Place(paragraph.file, texts[paragraph.file].count("\n", 0, paragraph.start) + 1, 1)


def _paragraphs(file: str, text: str) -> Iterator[_Paragraph]:
    for index, match in enumerate(_PARAGRAPH.finditer(text)):
        words = tuple(_WORD.findall(match[0].lower()))
        if len(words) >= _SHORTEST:
            yield _Paragraph(file, index, match.start(), words)


def _groups(paragraphs: Sequence[_Paragraph]) -> list[list[_Paragraph]]:
    """Put paragraphs together that are nearly the same as the first of their group."""
    same: dict[tuple[str, ...], list[_Paragraph]] = {}
    for paragraph in paragraphs:
        same.setdefault(paragraph.words, []).append(paragraph)
    index: dict[int, list[int]] = {}
    known: list[tuple[frozenset[int], list[_Paragraph]]] = []
    for words, members in same.items():
        runs = _hashed_runs(words)
        sketch = sorted(runs)[:_SKETCH]
        candidates = dict.fromkeys(at for run in sketch for at in index.get(run, ()))
        alike = next((at for at in candidates if _is_alike(runs, known[at][0])), None)
        if alike is not None:
            known[alike][1].extend(members)
            continue
        for run in sketch:
            index.setdefault(run, []).append(len(known))
        known.append((runs, list(members)))
    return [group for _, group in known]


class _Hashes(dict[str, tuple[int, int, int]]):
    """Three hashes of each word, one for each place in a run; the same in every process."""

    def __missing__(self, word: str) -> tuple[int, int, int]:
        first = crc32(word.encode())
        self[word] = first, first * 0x9E3779B1 & 0xFFFFFFFF, first * 0x85EBCA77 & 0xFFFFFFFF
        return self[word]


_HASHES = _Hashes()


def _hashed_runs(words: tuple[str, ...]) -> frozenset[int]:
    ones, twos, threes = zip(*[_HASHES[word] for word in words], strict=True)
    return frozenset(map(xor, map(xor, ones, twos[1:]), threes[2:]))


def _is_alike(runs: frozenset[int], others: frozenset[int]) -> bool:
    return len(runs & others) >= _ALIKE * len(runs | others)


def _runs(groups: Sequence[list[_Paragraph]]) -> Iterator[list[tuple[_Paragraph, list[_Paragraph]]]]:
    """Join groups whose paragraphs follow each other in the same files to one passage."""
    firsts = sorted(((group[0], group[1:]) for group in groups), key=lambda each: (each[0].file, each[0].index))
    run: list[tuple[_Paragraph, list[_Paragraph]]] = []
    for first, others in firsts:
        if run and not _continues(run[-1], (first, others)):
            yield run
            run = []
        run.append((first, others))
    if run:
        yield run


def _continues(before: tuple[_Paragraph, list[_Paragraph]], after: tuple[_Paragraph, list[_Paragraph]]) -> bool:
    is_next = before[0].file == after[0].file and before[0].index + 1 == after[0].index
    return is_next and {each.file for each in before[1]} == {each.file for each in after[1]}
