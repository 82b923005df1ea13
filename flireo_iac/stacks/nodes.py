"""A tree of values that know where they stand, and how two trees are merged.

Nodes are never changed: merging and interpolation make new ones and share what stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flireo_iac.stacks.values import Place


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One plain value.

    Args:
        place: Where it begins.
        value: Text, a number, true, false, None, or a marker of ``values``.
        written: The value as it stands in the file, for when text is wanted and ``1.50`` must not become ``1.5``.
        note: Where the value comes from, when that is not its place; ends up in the text of a problem.
        source: Text of the whole file; empty when there is none.
        start: Index in ``source`` of the first character.
        end: Index in ``source`` after the last character.
    """

    place: Place
    value: Any
    written: str = ""
    note: str = ""
    source: str = field(default="", repr=False)
    start: int = 0
    end: int = 0

    def place_of(self, text: str, occurrence: int) -> Place:
        """Find where a piece of the value stands in the file.

        Args:
            text: The piece.
            occurrence: Which one, from 0, counted in the value.
        """
        index = self.start - 1
        for _ in range(occurrence + 1):
            index = self.source.find(text, index + 1, self.end)
            if index < 0:
                return self.place
        before = self.source[self.start : index]
        if "\n" not in before:
            return replace(self.place, column=self.place.column + len(before))
        return replace(self.place, line=self.place.line + before.count("\n"), column=len(before) - before.rindex("\n"))


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list.

    Args:
        place: Where it begins.
        items: Its entries.
        note: As for a scalar.
    """

    place: Place
    items: tuple[Node, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping with its value.

    Args:
        key_place: Where the key stands.
        node: The value.
    """

    key_place: Place
    node: Node


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping.

    Args:
        place: Where it begins.
        entries: Its keys, in the order of the file.
        note: As for a scalar.
    """

    place: Place
    entries: Mapping[str, Entry] = field(default_factory=dict)
    note: str = ""

    def get(self, key: str) -> Node | None:
        """Give the value of a key; None when there is no such key."""
        entry = self.entries.get(key)
        return entry.node if entry is not None else None

    def without(self, *keys: str) -> MapNode:
        """Give the mapping without some keys."""
        return replace(self, entries={key: entry for key, entry in self.entries.items() if key not in keys})

    def having(self, key: str, node: Node) -> MapNode:
        """Give the mapping with another value for a key; a new key stands where its value does."""
        old = self.entries.get(key)
        entry = Entry(old.key_place if old is not None else node.place, node)
        return replace(self, entries={**self.entries, key: entry})


Node = ScalarNode | ListNode | MapNode


def named(node: Node) -> str:
    """Name the type of a node as a person would."""
    match node:
        case MapNode():
            return "a mapping"
        case ListNode():
            return "a list"
        case ScalarNode(value=None):
            return "empty"
        case ScalarNode(value=bool()):
            return "true or false"
        case ScalarNode(value=int() | float()):
            return "a number"
        case _:
            return "text"


def is_null(node: Node) -> bool:
    """Tell whether a node is null."""
    return isinstance(node, ScalarNode) and node.value is None


def merge(base: Node, overlay: Node) -> Node:
    """Lay one tree over another: mappings merge by key, null removes a key, anything else replaces.

    Args:
        base: What is below.
        overlay: What wins; what it brings keeps its own place.
    """
    if not (isinstance(base, MapNode) and isinstance(overlay, MapNode)):
        return merge(MapNode(overlay.place), overlay) if isinstance(overlay, MapNode) else overlay
    entries = dict(base.entries)
    for key, entry in overlay.entries.items():
        if is_null(entry.node):
            entries.pop(key, None)
        else:
            below = entries[key].node if key in entries else MapNode(entry.node.place)
            entries[key] = Entry(entry.key_place, merge(below, entry.node))
    return replace(base, entries=entries)


def value_at(node: Node, path: Iterable[str | int]) -> tuple[Node | None, Place]:
    """Give the value at a path, None when there is none, and the place of what is nearest to it."""
    found: Node | None = node
    place = node.place
    for step in path:
        if isinstance(found, MapNode) and isinstance(step, str):
            found = found.get(step)
        elif isinstance(found, ListNode) and isinstance(step, int) and 0 <= step < len(found.items):
            found = found.items[step]
        else:
            found = None
        if found is None:
            return None, place
        place = found.place
    return found, place


def locate(node: Node, path: Iterable[str | int], *, is_about_key: bool = False) -> tuple[Place, str]:
    """Find the place of a value, or of the nearest one above it that exists.

    Args:
        node: The tree.
        path: Keys and indexes from its root.
        is_about_key: True when the place of the last key is wanted instead of its value's.

    Returns:
        The place, and the note of the value; empty when it has none.
    """
    place, note = node.place, node.note
    for step in path:
        if isinstance(node, MapNode) and isinstance(step, str) and step in node.entries:
            entry = node.entries[step]
            place = entry.key_place if is_about_key else entry.node.place
            node = entry.node
        elif isinstance(node, ListNode) and isinstance(step, int) and 0 <= step < len(node.items):
            node = node.items[step]
            place = node.place
        else:
            break
        note = node.note or note
    return place, note
