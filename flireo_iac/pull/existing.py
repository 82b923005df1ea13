"""Lays what the account holds over the files of an item that the stack has already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap

from flireo_iac.core.refresh import refreshed
from flireo_iac.errors import Problem
from flireo_iac.kinds import Kind, our_name
from flireo_iac.pull.forms import Former, escaped, owned
from flireo_iac.pull.holding import hidden, holds_unknown
from flireo_iac.pull.layering import lay, overlaid
from flireo_iac.pull.merging import Document, Outcome, write_value
from flireo_iac.rows import Row
from flireo_iac.stacks.load import LoadedStack, resolve


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
        if self.sharing(key):
            return self._write_over(key, name, now, want, form, base)
        outcome = write_value(base.root, self._overlay(key), name, now, want, form)
        if outcome.prompt is not None and (why := self._write_prompt(key, outcome.prompt)) is not None:
            outcome.stuck.append((f"{name}.prompt", why))
        return outcome

    def sharing(self, key: str) -> tuple[str, ...]:
        """Name the other environments that have an item."""
        return tuple(name for name, other in self._others.items() if key in other.items)

    @cached_property
    def _others(self) -> dict[str, LoadedStack]:
        """The stack in the other environments."""
        files = self.stack.origins.files
        names = [name for name in files.environments or {} if name != self.stack.environment]
        return {name: resolve(files, name) for name in names}

    def _write_over(self, key: str, name: str, now: Any, want: Any, form: Any, base: Document) -> Outcome:
        """Write a field of an item that other environments have, too, where it counts in this one only."""
        found, outcome = overlaid(base.root, self._overlay(key), name, now, want, form)
        if outcome.prompt is not None:
            said = self._write_prompt_of_environment(key, outcome.prompt)
            if isinstance(said, str):
                outcome.stuck.append((f"{name}.prompt", said))
            elif said:
                found = {name: {**found.get(name, {}), **said}}
        if found:
            overlay = self._overlay(key) or self._new_overlay(key)
            if overlay is None:
                return Outcome([(name, "the file of the environment cannot be changed in place")])
            lay(overlay, found)
        return outcome

    def _new_overlay(self, key: str) -> CommentedMap | None:
        path = (self.stack.origins.files.environments or {}).get(self.stack.environment or "")
        document = self._document(str(path)) if path is not None else None
        if document is None:
            return None
        if document.root.get("resources") is None:
            document.root["resources"] = CommentedMap()
        resources = document.root["resources"]
        folder, _, name = key.partition(".")
        holder, inside = (resources[folder], name) if isinstance(resources.get(folder), dict) else (resources, key)
        made: CommentedMap = holder.setdefault(inside, CommentedMap())
        return made

    def _write_prompt_of_environment(self, key: str, text: str) -> str | dict[str, Any]:
        """Give an item another prompt in this environment; what the overlay has to say, or why a person should."""
        use = self.stack.origins.prompt_uses[key]
        file = self._file_of(self.stack, key)
        if not any(self._file_of(other, each) == file for other in self._others.values() for each in other.items):
            return self._write_prompt(key, text) or {}
        why = self._unwritable(key, text)
        path = use.beside / f"{key.partition('.')[2]}.{self.stack.environment}.md"
        if why is None and path.exists():
            why = f"{path.name} is there already, and is another prompt"
        if why is not None:
            return why
        self.prompts[str(path)] = escaped(text)
        return {"prompt": path.name}

    def _unwritable(self, key: str, text: str) -> str | None:
        """Say why no prompt file of an item can hold a text; None when one can."""
        use = self.stack.origins.prompt_uses[key]
        found = self.stack.origins.prompts.file(use.name, use.beside, use.place)
        if isinstance(found, Problem):
            return "its file is not known"
        if any(not isinstance(part, str) for part in found.parts):
            return f"{found.shown} is filled in or includes other files"
        if text.startswith("\ufeff"):
            return "the text begins with a byte order mark, which a prompt file must not"
        return None

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
        why = self._unwritable(key, text) if key in self.stack.origins.prompt_uses else "its file is not known"
        shown = self._file_of(self.stack, key)
        if why is not None or shown is None:
            return why
        stacks = {"": self.stack, **{f" in {name}": other for name, other in self._others.items()}}
        others = [
            f"{each}{where}"
            for where, stack in stacks.items()
            for each in stack.origins.prompt_uses
            if (where or each != key) and self._file_of(stack, each) == shown
        ]
        if others:
            return f"{shown} is the prompt of {', '.join(others)} too"
        self.prompts[shown] = escaped(text)
        return None

    @staticmethod
    def _file_of(stack: LoadedStack, key: str) -> str | None:
        use = stack.origins.prompt_uses.get(key)
        found = stack.origins.prompts.file(use.name, use.beside, use.place) if use is not None else None
        return None if found is None or isinstance(found, Problem) else found.shown

    def _inside(self, file: str) -> str:
        return Path(file).resolve().relative_to(self.folder.resolve()).as_posix()
