"""YAML as a person would write it, and as the loader reads it back."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from flireo_iac.core.canonical import same
from flireo_iac.kinds import Kind
from flireo_iac.stacks.document import MAX_DEPTH, plain_value, read_document
from flireo_iac.stacks.nodes import ListNode, MapNode, Node

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PRINTABLE = re.compile(r"[\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*")
_WIDTH = 1 << 30
"""No line is folded: a folded line is another text to whoever compares two versions."""


def new_file(kind: Kind, values: Mapping[str, Any]) -> str | None:
    """Give the text of a new item file; None when YAML as the loader reads it cannot hold the values.

    Args:
        kind: What the item is.
        values: Keys and values, as they stand in the file.
    """
    up = "" if kind.single_file is not None else "../"
    header = f"# yaml-language-server: $schema={up}schema/{kind.name}.json\n"
    for is_plain in (True, False):
        text = dumped(styled(values, is_plain=is_plain)) if _depth(values) < MAX_DEPTH and _is_unicode(values) else ""
        if holds(text, values):
            return header + text
    return None


def holds(text: str, values: Mapping[str, Any]) -> bool:
    """Tell whether the loader reads these values in a text, and nothing else."""
    found = read_document("", text.encode(), [])
    return found is not None and same(plain_of(found), dict(values))


def plain_of(node: Node) -> Any:
    """Give the plain values of a tree."""
    match node:
        case MapNode():
            return {key: plain_of(entry.node) for key, entry in node.entries.items()}
        case ListNode():
            return [plain_of(each) for each in node.items]
        case _:
            return node.value


def styled(value: Any, *, is_plain: bool = True) -> Any:
    """Give a value with the style that each text in it is written in.

    Args:
        value: Text, a number, a list, a mapping.
        is_plain: False puts quotes around every text, for what is not read back otherwise.
    """
    match value:
        case Mapping():
            made = CommentedMap()
            for key, each in value.items():
                made[key if _PLAIN_KEY.fullmatch(key) else DoubleQuotedScalarString(key)] = styled(
                    each, is_plain=is_plain
                )
            return made
        case list():
            return CommentedSeq(styled(each, is_plain=is_plain) for each in value)
        case str():
            return _text(value) if is_plain else DoubleQuotedScalarString(value)
        case _:
            return value


def _text(value: str) -> Any:
    if not _PRINTABLE.fullmatch(value) or value.startswith((" ", "\n")) or value.endswith(" "):
        return DoubleQuotedScalarString(value)
    if "\n" in value:
        return LiteralScalarString(value)
    return value if isinstance(plain_value(value), str) and value else DoubleQuotedScalarString(value)


def fitting(value: Any) -> Any:
    """Give a value in the plainest style that is read back as it was."""
    whole = {"value": value}
    is_plain = _depth(value) < MAX_DEPTH and _is_unicode(value) and holds(dumped(styled(whole)), whole)
    return styled(value, is_plain=is_plain)


def writer() -> YAML:
    """Make the reader and writer that keeps comments, order and quotes."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.Representer = _Representer
    return yaml


class _Representer(RoundTripRepresenter):
    """Writes null as a word, not as nothing."""

    def represent_none(self, data: Any) -> Any:
        """Write null."""
        del data
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_Representer.add_representer(type(None), _Representer.represent_none)


def dumped(value: Any) -> str:
    """Write a styled value."""
    stream = io.StringIO()
    writer().dump(value, stream)
    return stream.getvalue()


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            each
            for one in level
            if isinstance(one, Mapping | list)
            for each in (one.values() if isinstance(one, Mapping) else one)
        ]
    return depth


def _is_unicode(value: Any) -> bool:
    """Tell whether all text is Unicode: half a surrogate pair is not, and no file can hold it."""
    match value:
        case str():
            return not any("\ud800" <= sign <= "\udfff" for sign in value)
        case Mapping():
            return all(_is_unicode(key) and _is_unicode(each) for key, each in value.items())
        case list():
            return all(map(_is_unicode, value))
        case _:
            return True
