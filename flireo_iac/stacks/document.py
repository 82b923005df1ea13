"""Reads one YAML file into nodes that know their line and column, and finds what YAML readers let pass.

Plain values are read the way Pulumi reads its own YAML and editors check it, by the core rules of YAML 1.2: ``yes``,
``on``, dates, ``012`` and ``1:30`` are text. The reader works on libyaml's events, because the nodes that PyYAML makes
of them cost the process its stack on deep nesting, and lose what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from flireo_iac.errors import Problem
from flireo_iac.stacks.nodes import Entry, ListNode, MapNode, Node, ScalarNode
from flireo_iac.stacks.values import Place

MAX_DEPTH = 64
"""Deepest nesting of a file; a real one has about ten levels."""
MAX_NODES = 100_000
"""Most values of one file once its aliases are written out."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_NULL = re.compile(r"(?:~|null|Null|NULL|)")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_EXACT = 2**53
"""JSON readers, and Pulumi, keep whole numbers up to here."""


def plain_value(written: str) -> Any:
    """Give the value of an unquoted scalar. Numbers that JSON cannot keep exactly stay text."""
    if _NULL.fullmatch(written):
        return None
    if _BOOL.fullmatch(written):
        return written.lower() == "true"
    if _INT.fullmatch(written) or _BASED.fullmatch(written):
        number = int(written, 0) if len(written) <= 20 else _EXACT + 1
        return number if abs(number) <= _EXACT else written
    if _FLOAT.fullmatch(written) and not re.fullmatch(r"[-+]?0[0-9]+", written):
        real = float(written)
        return real if abs(real) != float("inf") else written
    return written


class _UnreadableError(Exception):
    """The file cannot be read further; the reason has been reported."""


def read_document(file: str, data: bytes, problems: list[Problem]) -> MapNode | None:
    """Read a YAML file that holds one mapping.

    Args:
        file: Path of the file as the user would type it.
        data: What the file holds.
        problems: Where problems go: FL101 for what is no YAML, FL102 for a key that stands twice.

    Returns:
        The mapping, empty for an empty file; None when the file cannot be used.
    """
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        problems.append(_not_utf8(file, data, error))
        return None
    reader = _Reader(file, text, problems)
    known = len(problems)
    try:
        root = reader.read()
    except _UnreadableError:
        return None
    except yaml.MarkedYAMLError as error:
        problems.append(_broken(file, text, error))
        return None
    except yaml.reader.ReaderError as error:
        # The position is a number of bytes in one loader and of characters in another; the character is sure.
        found = chr(error.character) if isinstance(error.character, int) else error.character
        before = text[: text.index(found)]
        place = Place(file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        problems.append(place.problem("FL101", f"control character U+{ord(found):04X}. Remove it."))
        return None
    return root if len(problems) == known else None


def _not_utf8(file: str, data: bytes, error: UnicodeDecodeError) -> Problem:
    before = data[: error.start]
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
    place = Place(file, before.count(b"\n") + 1, column)
    return place.problem("FL101", "the file is not UTF-8 here. Save it as UTF-8.")


def _broken(file: str, text: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark is not None else Place(file)
    line = text[mark.index - mark.column : mark.index + 1] if mark is not None else ""
    if (mark is not None and text.startswith("\t", mark.index)) or "tab" in (error.problem or ""):
        return place.problem("FL101", "a tab, YAML is indented with spaces. Replace it.")
    if "flow" in (error.context or "") and "${" in line:
        return place.problem("FL101", 'not valid YAML: inside [ ] and { } a ${…} needs quotes. Write "${…}".')
    if (error.problem or "").startswith("mapping values are not allowed"):
        return place.problem("FL101", 'not valid YAML: a second ":" in the line. Put quotes around the text.')
    context = f" {error.context}" if error.context else ""
    return place.problem("FL101", f"not valid YAML: {error.problem or 'unreadable'}{context}. Mend the file.")


class _Reader:
    """Builds nodes from the events of one file."""

    def __init__(self, file: str, text: str, problems: list[Problem]) -> None:
        self._file = file
        self._text = text
        self._problems = problems
        self._anchors: dict[str, Node | None] = {}
        self._sizes: dict[int, int] = {}
        self._count = 0

    def read(self) -> MapNode:
        events = self._events()
        next(events)  # the stream begins
        if isinstance(next(events), yaml.StreamEndEvent):
            return MapNode(Place(self._file, 1, 1))
        node = self._node(next(events), events, 0)
        next(events)  # the document ends
        after = next(events)
        if isinstance(after, yaml.DocumentStartEvent):
            self._stop(after, 'a second document begins, one file holds one item. Remove the "---" or split the file.')
        if isinstance(node, ScalarNode) and node.value is None:
            return MapNode(Place(self._file, 1, 1))
        if not isinstance(node, MapNode):
            self._problems.append(node.place.problem("FL101", 'the file has to hold a mapping, "key: value" lines.'))
            raise _UnreadableError
        return node

    def _events(self) -> Iterator[Any]:
        loader = _LOADER(self._text)
        try:
            while loader.check_event():
                yield loader.get_event()
        finally:
            loader.dispose()

    def _place(self, event: Any) -> Place:
        return Place(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _stop(self, event: Any, text: str) -> None:
        self._problems.append(self._place(event).problem("FL101", text))
        raise _UnreadableError

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        if depth > MAX_DEPTH:
            self._stop(event, f"nested too deep, at most {MAX_DEPTH} levels are read.")
        before = self._count
        self._count += 1
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.anchor:
            self._anchors[event.anchor] = None
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._refuse_tag(event, "seq")
            items = []
            while not isinstance(found := next(events), yaml.SequenceEndEvent):
                items.append(self._node(found, events, depth + 1))
            node = ListNode(self._place(event), tuple(items))
        else:
            self._refuse_tag(event, "map")
            node = self._mapping(event, events, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
            self._sizes[id(node)] = self._count - before
        if self._count > MAX_NODES:
            self._stop(event, f"the file holds more than {MAX_NODES} values once its aliases are written out.")
        return node

    def _alias(self, event: Any) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            is_inside = event.anchor in self._anchors
            what = "stands inside its own anchor" if is_inside else "has no anchor above it"
            self._stop(event, f'alias "*{event.anchor}" {what}. Name another anchor.')
            raise _UnreadableError
        self._count += self._sizes[id(node)]
        return node

    def _refuse_tag(self, event: Any, *allowed: str) -> None:
        if event.tag and event.tag not in {"!", *(_TAG + name for name in allowed)}:
            shown = event.tag.replace(_TAG, "!!")
            self._problems.append(self._place(event).problem("FL101", f'tag "{shown}" has no meaning here. Remove it.'))

    def _scalar(self, event: Any) -> ScalarNode:
        self._refuse_tag(event, "str", "int", "float", "bool", "null")
        is_plain = event.implicit[0] or (event.tag or "").removeprefix(_TAG) in ("int", "float", "bool", "null")
        value = plain_value(event.value) if is_plain else event.value
        span = (event.start_mark.index, event.end_mark.index)
        return ScalarNode(self._place(event), value, event.value, "", self._text, *span)

    def _mapping(self, event: Any, events: Iterator[Any], depth: int) -> MapNode:
        entries: dict[str, Entry] = {}
        merged: list[MapNode] = []
        while not isinstance(found := next(events), yaml.MappingEndEvent):
            if isinstance(found, yaml.AliasEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent):
                is_placeholder = self._text.startswith("{{", event.start_mark.index)
                hint = ' Text that begins with "{{" needs quotes.' if is_placeholder else ""
                self._stop(found, f"a key has to be text.{hint}")
            place, key = self._place(found), found.value
            if found.implicit[0] and key in ("", "~"):
                self._stop(found, "a key is empty. Write the key, or put quotes around the text.")
            node = self._node(next(events), events, depth + 1)
            if key == "<<" and found.implicit[0]:
                merged.extend(self._merged(node))
            elif key in entries:
                first = entries[key].key_place.line
                text = f'key "{key}" stands twice, the first time in line {first}. Remove one.'
                self._problems.append(place.problem("FL102", text))
            else:
                entries[key] = Entry(place, node)
        for other in merged:
            entries |= {key: entry for key, entry in other.entries.items() if key not in entries}
        return MapNode(self._place(event), entries)

    def _merged(self, node: Node) -> list[MapNode]:
        found = node.items if isinstance(node, ListNode) else (node,)
        good = [each for each in found if isinstance(each, MapNode)]
        if len(good) != len(found):
            self._problems.append(node.place.problem("FL101", '"<<" takes a mapping or a list of mappings.'))
        return good
