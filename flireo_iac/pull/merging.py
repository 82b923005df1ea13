"""Writes new values into YAML that a person wrote: comments, order, variables and every untouched line stay."""

from __future__ import annotations

import difflib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.util import load_yaml_guess_indent

from flireo_iac.core.canonical import same
from flireo_iac.core.check import dotted
from flireo_iac.pull.yamltext import fitting, writer
from flireo_iac.stacks.interpolate import Expression, split

Path = tuple[str | int, ...]


class Document:
    """One YAML file that is changed in place.

    Args:
        text: What it holds.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._newline = "\r\n" if "\r\n" in text else "\n"
        unix = text.replace("\r\n", "\n")
        self._yaml: YAML = writer()
        _, _, offset = load_yaml_guess_indent(unix)
        if offset == 0:
            self._yaml.indent(mapping=2, sequence=2, offset=0)
        self.root: CommentedMap = self._yaml.load(unix) or CommentedMap()
        self._lines = unix.splitlines(keepends=True)
        self._is_empty = not self.root and not isinstance(self._yaml.load(unix), CommentedMap)
        self._before = self._dumped()

    @classmethod
    def read(cls, text: str) -> Document | None:
        """Read a file; None when it is none that can be changed in place."""
        try:
            made = cls(text)
        except (YAMLError, ValueError, RecursionError):
            return None
        return made if isinstance(made.root, CommentedMap) else None

    def text(self) -> str:
        """Give the text with what was changed; lines that no change touches are those of the file."""
        after = self._dumped()
        if after == self._before:
            return self._text
        if self._is_empty:  # nothing but comments, which the library would lose
            gap = "" if not self._lines or self._lines[-1].endswith("\n") else "\n"
            return ("".join(self._lines) + gap + "".join(after)).replace("\n", self._newline)
        lines = _carried(self._lines, self._before, after)
        return "".join(lines).replace("\n", self._newline)

    def _dumped(self) -> list[str]:
        stream = io.StringIO()
        self._yaml.dump(self.root, stream)
        return stream.getvalue().splitlines(keepends=True)


def _carried(lines: Sequence[str], before: Sequence[str], after: Sequence[str]) -> Sequence[str]:
    """Carry the difference between two dumps over to the lines of the file, which may be spaced otherwise."""
    same_lines = {
        old + step: new + step
        for old, new, size in difflib.SequenceMatcher(None, before, lines, autojunk=False).get_matching_blocks()
        for step in range(size)
    }
    if len(lines) == len(before):
        same_lines = {number: number for number in range(len(lines))}
    same_lines[len(before)] = len(lines)
    result: list[str] = []
    done = 0
    for tag, start, end, new_start, new_end in difflib.SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            continue
        if start not in same_lines or end not in same_lines:
            return after
        result += lines[done : same_lines[start]]
        result += [*after[new_start:new_end], *_kept(before[start:end], after[new_start:new_end])]
        done = same_lines[end]
    return [*result, *lines[done:]]


def _kept(old: Sequence[str], new: Sequence[str]) -> Sequence[str]:
    """Give the comments and empty lines at the end of what is replaced: they belong to what follows."""
    count = 0
    while count < len(old) and old[-1 - count].strip()[:1] in ("", "#"):
        count += 1
    tail = list(old[len(old) - count :])
    while tail and new and new[-1] == tail[-1]:
        new, tail = new[:-1], tail[:-1]
    return tail


@dataclass
class Outcome:
    """What came of writing values.

    Args:
        stuck: Places that have to be changed by hand, and why.
        prompt: New text of the item's prompt; None when it stays.
    """

    stuck: list[tuple[str, str]] = field(default_factory=list)
    prompt: str | None = None


def write_value(
    base: CommentedMap | None, overlay: CommentedMap | None, name: str, now: Any, want: Any, form: Any
) -> Outcome:
    """Write one field of an item where its value stands: in the item's file, or in the overlay of the environment.

    Args:
        base: The item's file.
        overlay: What the environment lays over the item; None when it lays nothing.
        name: The field, as the user spells it.
        now: What the files say now, with everything filled in; None when they do not name it.
        want: What they are to say; None takes the field out.
        form: The same as it stands in a file.
    """
    writing = _Writing()
    if want is None:
        writing.remove(base, overlay, (name,))
    else:
        writing.write(base, overlay, (name,), now, want, form)
    return writing.outcome


_GONE = object()


class _Writing:
    """One field that is written."""

    def __init__(self) -> None:
        self.outcome = Outcome()

    def remove(self, base: Any, overlay: Any, path: Path) -> None:
        """Take a key out, wherever it stands."""
        for holder in (overlay, base):
            if holder is not None and path[-1] in holder:
                try:
                    del holder[path[-1]]
                except KeyError:
                    self._stick(path, "it comes from a merge key")

    def write(self, base: Any, overlay: Any, path: Path, now: Any, want: Any, form: Any) -> None:
        """Write the value of a key."""
        if same(now, want):
            return
        key = path[-1]
        above = overlay[key] if overlay is not None and key in overlay else _GONE
        below = base[key] if base is not None and key in base else _GONE
        raws = [raw for raw in (above, below) if raw is not _GONE]
        if raws and _are_mappings(now, want, form, *raws) and not _copied(form, *raws):
            maps = [raw if raw is not _GONE else None for raw in (below, above)]
            self._mapping(maps[0], maps[1], path, now, want, form)
            return
        holder = overlay if above is not _GONE or base is None else base
        raw = above if above is not _GONE else below
        if isinstance(raw, CommentedSeq) and isinstance(now, list) and isinstance(want, list):
            self._list(raw, path, now, want, form)
        elif not same(raw, form) and self._may_replace(raw, form, path):
            holder[key] = fitting(form)

    def _mapping(self, base: Any, overlay: Any, path: Path, now: Any, want: Any, form: Any) -> None:
        is_prompted = path == ("llm_config",) and any(raw is not None and "prompt" in raw for raw in (overlay, base))
        for key in dict.fromkeys([*now, *want]):
            inner = (*path, key)
            if is_prompted and key == "messages":
                self._messages(base, overlay, inner, now[key], want.get(key) or [], form.get(key) or [])
            elif key not in want:
                self.remove(base, overlay, inner)
            elif key in now:
                self.write(base, overlay, inner, now[key], want[key], form[key])
            else:
                holder = overlay if base is None or (overlay is not None and key in overlay) else base
                holder[key] = fitting(form[key])

    def _messages(self, base: Any, overlay: Any, path: Path, now: Any, want: Any, form: Any) -> None:
        """Write messages of which the first stands in a prompt file."""
        if not is_prompt(want):
            # No prompt file can say that: the messages go into the item's file.
            self.remove(base, overlay, (*path[:-1], "prompt"))
            self.remove(base, overlay, path)
            if want:
                (base if base is not None else overlay)["messages"] = fitting(form)
            return
        if want[0]["content"] != now[0]["content"]:
            self.outcome.prompt = want[0]["content"]
        if not want[1:]:
            self.remove(base, overlay, path)
        elif now[1:]:
            self.write(base, overlay, path, now[1:], want[1:], form[1:])
        else:
            (base if base is not None else overlay)["messages"] = fitting(form[1:])

    def _list(self, raw: CommentedSeq, path: Path, now: Any, want: Any, form: Any) -> None:
        if len(raw) != len(now):
            self._stick(path, "its entries stand somewhere else")
            return
        matcher = difflib.SequenceMatcher(None, [_text(each) for each in now], [_text(each) for each in want])
        for tag, start, end, new_start, new_end in reversed(matcher.get_opcodes()):
            if tag == "equal":
                continue
            if end - start == new_end - new_start:
                for index, new in zip(range(start, end), range(new_start, new_end), strict=True):
                    self._entry(raw, (*path, index), now[index], want[new], form[new])
                continue
            for index in range(end - 1, start - 1, -1):
                if not self._may_replace(raw[index], None, (*path, index)):
                    return
            for index in range(end - 1, start - 1, -1):
                del raw[index]
            for offset, new in enumerate(range(new_start, new_end)):
                raw.insert(start + offset, fitting(form[new]))

    def _entry(self, raw: CommentedSeq, path: Path, now: Any, want: Any, form: Any) -> None:
        index = path[-1]
        held = raw[index]
        if _are_mappings(now, want, form, held) and not _copied(form, held):
            self._mapping(held, None, path, now, want, form)
        elif isinstance(held, CommentedSeq) and isinstance(now, list) and isinstance(want, list):
            self._list(held, path, now, want, form)
        elif not same(held, form) and self._may_replace(held, form, path):
            raw[index] = fitting(form)

    def _may_replace(self, raw: Any, form: Any, path: Path) -> bool:
        """Tell whether a value may be overwritten: one that is filled in stands for more than this item."""
        found = sorted(expressions(raw))
        if not found or (isinstance(raw, str) and _is_reference(raw) and isinstance(form, str)):
            return True
        self._stick(path, f"it is filled in from {', '.join(found)}")
        return False

    def _stick(self, path: Path, why: str) -> None:
        self.outcome.stuck.append((dotted(path), why))


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _are_mappings(*values: Any) -> bool:
    return all(isinstance(each, Mapping) for each in values)


def _copied(*values: Any) -> bool:
    return any("template" in each for each in values)


def is_prompt(messages: Any) -> bool:
    """Tell whether a prompt file can hold the first of some messages."""
    first = messages[0] if messages else None
    if not isinstance(first, Mapping) or set(first) != {"role", "content"}:
        return False
    return first["role"] == "system" and isinstance(first["content"], str)


def expressions(raw: Any) -> set[str]:
    """Give every ``${…}`` in a value, except those that only name what the value is: a prompt, a template."""
    match raw:
        case str():
            return {f"${{{part.body}}}" for part in split(raw) if isinstance(part, Expression)}
        case Mapping():
            return set().union(*(expressions(each) for each in raw.values()))
        case list():
            return set().union(*(expressions(each) for each in raw))
        case _:
            return set()


def _is_reference(raw: str) -> bool:
    parts = split(raw)
    return len(parts) == 1 and isinstance(parts[0], Expression) and not parts[0].body.startswith("var.")
