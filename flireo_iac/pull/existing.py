"""Lays what the account holds over the files of an item that the stack has already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap

from flireo_iac.core.refresh import refreshed
from flireo_iac.errors import Problem
from flireo_iac.kinds import Kind, our_name
from flireo_iac.pull.forms import Former, escaped, owned
from flireo_iac.pull.holding import hidden, holds_unknown
from flireo_iac.pull.merging import Document, Outcome, write_value
from flireo_iac.rows import Row
from flireo_iac.stacks.load import LoadedStack


@dataclass(frozen=True)
class Moved:
    """What differs between an item's files and the account.

    Args:
        now: What the files say, by field as the user spells it.
        want: What the account says of those that differ; None for a field that it has emptied.
        unnamed: Fields that the account holds and the files do not name, with their values.
    """

    now: Mapping[str, Any]
    want: Mapping[str, Any]
    unnamed: Mapping[str, Any]


def moved(kind: Kind, now: Mapping[str, Any], row: Row) -> Moved:
    """Compare an item with its object.

    Args:
        kind: What it is.
        now: What the files say, as ``holding.held`` gives it.
        row: The object.
    """
    theirs = hidden(kind, row)
    known = {name: value for name, value in now.items() if value is not None and not holds_unknown(value)}
    fresh = refreshed(kind, known, theirs, {}, is_whole=True)
    names = {our_name(kind.model, key): key for key in now}
    want = {names[name]: fresh.inputs.get(names[name]) for name in fresh.drifted}
    unnamed = {key: value for key, value in owned(kind, row).items() if our_name(kind.model, key) not in names}
    return Moved(now, want, unnamed)


@dataclass
class Files:
    """The files of a stack while they are changed.

    Args:
        folder: The stack's folder.
        stack: The stack as it is.
        documents: The YAML files that were looked at, by their paths as the loader names them.
        prompts: New texts of prompt files, likewise.
    """

    folder: Path
    stack: LoadedStack
    documents: dict[str, Document | None] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)

    def changed(self) -> dict[str, bytes]:
        """Give every file that is to hold something else, by its path in the folder."""
        made: dict[str, bytes] = {}
        for file, document in self.documents.items():
            before = Path(file).read_bytes()
            after = document.text().encode() if document is not None else before
            if after != before.removeprefix(b"\xef\xbb\xbf"):
                made[self._inside(file)] = after
        for file, text in self.prompts.items():
            made[self._inside(file)] = text.encode()
        return made

    def write(self, key: str, name: str, now: Any, want: Any, former: Former) -> Outcome:
        """Write one field of an item into the file where its value stands.

        Args:
            key: Name of the item in the stack.
            name: The field, as the user spells it.
            now: What the files say; None when they do not name it.
            want: What they are to say; None takes it out.
            former: Makes what stands in a file.
        """
        item = self.stack.origins.files.items[key]
        base = self._document(item.node.place.file)
        if base is None:
            return Outcome([(name, "the file cannot be changed in place")])
        form = None if want is None else former.form({name: want}, None).values[name]
        outcome = write_value(base.root, self._overlay(key), name, now, want, form)
        if outcome.prompt is not None and (why := self._write_prompt(key, outcome.prompt)) is not None:
            outcome.stuck.append((f"{name}.prompt", why))
        return outcome

    def _document(self, file: str) -> Document | None:
        if file not in self.documents:
            self.documents[file] = Document.read(Path(file).read_bytes().decode("utf-8-sig"))
        return self.documents[file]

    def _overlay(self, key: str) -> CommentedMap | None:
        """Give what the environment lays over an item, where it stands."""
        node = self.stack.origins.environment.overlays.get(key)
        document = self._document(node.place.file) if node is not None else None
        resources = document.root.get("resources") if document is not None else None
        if not isinstance(resources, CommentedMap):
            return None
        folder, _, name = key.partition(".")
        found = resources[key] if key in resources else resources.get(folder, {}).get(name)
        return found if isinstance(found, CommentedMap) else None

    def _write_prompt(self, key: str, text: str) -> str | None:
        """Give a prompt file another text; the reason when only a person should."""
        use = self.stack.origins.prompt_uses.get(key)
        prompts = self.stack.origins.prompts
        found = prompts.file(use.name, use.beside, use.place) if use is not None else None
        if found is None or isinstance(found, Problem):
            return "its file is not known"
        if any(not isinstance(part, str) for part in found.parts):
            return f"{found.shown} is filled in or includes other files"
        if text.startswith("\ufeff"):
            return "the text begins with a byte order mark, which a prompt file must not"
        others = [each for each in self.stack.origins.prompt_uses if each != key and self._file_of(each) == found.shown]
        if others:
            return f"{found.shown} is the prompt of {', '.join(others)} too"
        self.prompts[found.shown] = escaped(text)
        return None

    def _file_of(self, key: str) -> str | None:
        use = self.stack.origins.prompt_uses[key]
        found = self.stack.origins.prompts.file(use.name, use.beside, use.place)
        return None if isinstance(found, Problem) else found.shown

    def _inside(self, file: str) -> str:
        return Path(file).resolve().relative_to(self.folder.resolve()).as_posix()
