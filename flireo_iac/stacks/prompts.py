"""Prompts in files of their own: read byte for byte, includes put in, and laid into the agent as its system message.

What is in the file is what is sent: line ends, tabs and trailing spaces stay, and nothing is trimmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from flireo_iac.errors import Problem
from flireo_iac.stacks.interpolate import Expression, Variables, joined, pieces
from flireo_iac.stacks.nodes import Entry, ListNode, MapNode, Node, ScalarNode, is_null, named
from flireo_iac.stacks.values import Place, Text, Unresolved

FOLDER = "prompts"
"""Folder of texts that several prompts include."""
MAX_CHARACTERS = 1_000_000
"""Longest prompt once its includes are put in; a real one has some ten thousand."""


class TextFile:
    """One text file, split into pieces and expressions.

    Args:
        shown: Path of the file as the user would type it.
        text: What it holds.
    """

    def __init__(self, shown: str, text: str) -> None:
        self.shown = shown
        self.text = text

    @cached_property
    def pieces(self) -> list[tuple[int, str | Expression]]:
        """Pieces and expressions in order, each with the index where it begins."""
        return pieces(self.text)

    @property
    def parts(self) -> list[str | Expression]:
        """Pieces and expressions, in order."""
        return [part for _, part in self.pieces]

    def place(self, offset: int) -> Place:
        """Give the place of a character."""
        before = self.text[:offset]
        return Place(self.shown, before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a prompt with everything filled in, and where it comes from.

    Args:
        text: The words.
        file: The file that they stand in, or that names what is filled in.
        offset: Index in that file where they, or the ``${…}`` they stand for, begin.
        is_literal: False when they were filled in, so that all of them have one place.
    """

    text: str
    file: TextFile
    offset: int
    is_literal: bool

    def place(self, within: int) -> Place:
        """Give the place of a character, by its index in the text."""
        return self.file.place(self.offset + within if self.is_literal else self.offset)


class TextFiles:
    """The text files of a stack, each read once.

    Args:
        folder: The stack's folder; nothing outside it is read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._root = folder.resolve()
        self._read: dict[Path, TextFile | Problem] = {}
        self._found: dict[tuple[str, Path], TextFile] = {}

    @property
    def read(self) -> dict[str, str]:
        """The files that were read, by their path as the user would type it."""
        return {file.shown: file.text for file in self._read.values() if isinstance(file, TextFile)}

    def find(self, name: str, beside: Path, place: Place) -> TextFile | Problem:
        """Find and read a file.

        Args:
            name: Path of the file, as a person wrote it.
            beside: Folder that is searched first; ``prompts/`` is the second.
            place: Where the file is named.
        """
        if (known := self._found.get((name, beside))) is not None:
            return known
        found = self._looked_for(name, beside, place)
        if isinstance(found, TextFile):
            self._found[name, beside] = found
        return found

    def _looked_for(self, name: str, beside: Path, place: Place) -> TextFile | Problem:
        if Path(name).is_absolute() or "\0" in name:
            return place.problem("FL131", f'"{name}" is no path inside the stack, expected one such as house-rules.md.')
        is_outside = False
        for folder in (beside, self.folder / FOLDER):
            try:
                path = (folder / name).resolve()
                if not path.is_relative_to(self._root):
                    is_outside = True
                elif path.is_file():
                    return self._file(path, place)
            except (OSError, RuntimeError) as error:
                return place.problem("FL131", f'"{name}" cannot be read: {error}.')
        if is_outside:
            text = f'"{name}" lies outside the stack, only files of its folder are read. Copy it there.'
            return place.problem("FL131", text)
        inside = beside.relative_to(self.folder).as_posix()
        searched = " and ".join(dict.fromkeys((f"{inside}/".removeprefix("./") or "the stack's folder", f"{FOLDER}/")))
        return place.problem("FL131", f'file "{name}" is not there, looked in {searched}. Write it, or mend the name.')

    def _file(self, path: Path, place: Place) -> TextFile | Problem:
        if path not in self._read:
            self._read[path] = _read(path, str(self.folder / path.relative_to(self._root)), place)
        return self._read[path]


def _read(path: Path, shown: str, place: Place) -> TextFile | Problem:
    try:
        data = path.read_bytes()
    except OSError as error:
        return place.problem("FL131", f'"{shown}" cannot be read: {error.strerror}.')
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        at = TextFile(shown, before).place(len(before))
        return at.problem("FL133", "the file is not UTF-8 here. Save it as UTF-8.")
    if path.suffix == ".csv":  # a table is not sent as it stands
        return TextFile(shown, text.removeprefix("\ufeff"))
    if text.startswith("\ufeff"):
        text = "the file begins with a byte order mark, which would be sent. Save it as UTF-8 without one."
        return Place(shown, 1, 1).problem("FL133", text)
    return TextFile(shown, text)


class Prompts:
    """Makes the text of prompts.

    Args:
        files: The text files of the stack.
        variables: What ``${…}`` means.
        problems: Where problems go: FL131 to FL134.
    """

    def __init__(self, files: TextFiles, variables: Variables, problems: list[Problem]) -> None:
        self._files = files
        self._variables = variables
        self._problems = problems
        self._made: dict[str, Any] = {}

    def text(self, name: str, beside: Path, place: Place) -> Any:
        """Give the text of a file with everything filled in: text, ``Text``, or ``Unresolved``."""
        return self._text(name, beside, place, {})

    def file(self, name: str, beside: Path, place: Place) -> TextFile | Problem:
        """Give the file itself, with nothing filled in; args as for ``text``."""
        return self._files.find(name, beside, place)

    def segments(self, name: str, beside: Path, place: Place) -> Iterator[Segment]:
        """Give the text of a file that is good, piece by piece; secrets and references as the user writes them."""
        file = self._files.find(name, beside, place)
        if isinstance(file, Problem) or isinstance(self._made.get(file.shown), Unresolved | None):
            return
        for offset, part in file.pieces:
            if isinstance(part, str):
                yield Segment(part, file, offset, is_literal=True)
            elif part.include is not None:
                yield from self.segments(part.include, Path(file.shown).parent, file.place(offset))
            else:
                text = str(self._variables.text_of(part, partial(file.place, offset)))
                yield Segment(text, file, offset, is_literal=False)

    def _text(self, name: str, beside: Path, place: Place, within: dict[str, Place]) -> Any:
        found = self._files.find(name, beside, place)
        if isinstance(found, Problem):
            self._problems.append(found)
            return Unresolved()
        if found.shown in within:
            chain = list(within)[list(within).index(found.shown) :]
            circle = " -> ".join([*(f"{file} ({within[file]})" for file in chain[1:]), f"{found.shown} ({place})"])
            self._problems.append(
                place.problem("FL132", f"{chain[0]} includes itself: {circle}. Take one include out.")
            )
            return Unresolved()
        if found.shown not in self._made:
            self._made[found.shown] = self._filled(found, {**within, found.shown: place})
        return self._made[found.shown]

    def _filled(self, file: TextFile, within: dict[str, Place]) -> Any:
        filled = []
        for part in file.parts:
            if isinstance(part, str):
                filled.append(part)
            elif part.include is not None and part.is_closed:
                filled.append(self._text(part.include, Path(file.shown).parent, file.place(part.offset), within))
            else:
                filled.append(self._variables.text_of(part, partial(file.place, part.offset)))
        made = joined(filled)
        if _length(made) > MAX_CHARACTERS:
            text = f"the prompt has more than {MAX_CHARACTERS} characters once its includes are put in."
            self._problems.append(Place(file.shown).problem("FL133", text))
            return Unresolved()
        return made


def _length(made: Any) -> int:
    if isinstance(made, Text):
        return sum(len(part) for part in made.parts if isinstance(part, str))
    return len(made) if isinstance(made, str) else 0


def lay_in_prompt(agent: MapNode, beside: Path, prompts: Prompts, problems: list[Problem]) -> MapNode:
    """Turn ``llm_config.prompt`` of an agent into its first message, with the role ``system``.

    Args:
        agent: The agent, with everything filled in.
        beside: Folder of the agent's file.
        prompts: Makes the text.
        problems: Where problems go: FL134 when ``prompt`` is no text or there is a system message besides.
    """
    block = agent.get("llm_config")
    prompt = block.get("prompt") if isinstance(block, MapNode) else None
    if not isinstance(block, MapNode) or prompt is None:
        return agent
    content: Any = Unresolved()
    messages = block.get("messages")
    if isinstance(prompt, ScalarNode) and isinstance(prompt.value, Unresolved):
        pass
    elif not isinstance(prompt, ScalarNode) or not isinstance(prompt.value, str) or not prompt.value:
        what = named(prompt) if not isinstance(prompt, ScalarNode) or prompt.value != "" else "empty"
        text = f"prompt is {what}{prompt.note}, expected the name of a text file such as receptionist.md."
        problems.append(prompt.place.problem("FL134", text))
    else:
        content = prompts.text(prompt.value, beside, prompt.place)
    system = ScalarNode(prompt.place, "system", "system")
    message = MapNode(prompt.place, {
        "role": Entry(prompt.place, system),
        "content": Entry(prompt.place, ScalarNode(prompt.place, content)),
    })  # fmt: skip
    others = messages.items if isinstance(messages, ListNode) else ()
    if messages is not None and not isinstance(messages, ListNode) and not is_null(messages):
        problems.append(messages.place.problem("FL104", f"messages is {named(messages)}, expected a list."))
    for other in others:
        if _role(other) == "system":
            text = "there is a prompt and a system message besides, expected one of them. Move the text into the file."
            problems.append(other.place.problem("FL134", text))
    place = messages.place if isinstance(messages, ListNode) else prompt.place
    changed = block.without("prompt").having("messages", ListNode(place, (message, *others)))
    return replace(agent, entries={**agent.entries, "llm_config": replace(agent.entries["llm_config"], node=changed)})


def _role(message: Node) -> Any:
    role = message.get("role") if isinstance(message, MapNode) else None
    return role.value if isinstance(role, ScalarNode) else None
