"""Releases: the base files of a stack at a git ref, and the pin that says which one an environment runs.

A pin is ``<ref>@sha256:<digest>``. The ref says where to find the files, the digest that they are those that were
meant: a tag that was moved, a branch that was rewritten and a file that was changed have another digest.
What belongs to an environment (its file, its configuration) and the program come from the working tree.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from flireo_iac.errors import Problem, SettingsError
from flireo_iac.stacks.folder import ENVIRONMENTS, StackFiles, find_environments, read_folder
from flireo_iac.stacks.history import History, Revision, at

KEY = "flireo:release"
"""Configuration key of the pin."""
FORM = "<ref>@sha256:<64 hexadecimal digits>"

_PIN = re.compile(r"(?P<ref>[^\s@][^\s]*)@sha256:(?P<digest>[0-9a-f]{64})")
_LEFT_OUT = frozenset({ENVIRONMENTS, "schema"})
"""Folders that are no part of a release: environments come from the working tree, schemas are for editors."""


@dataclass(frozen=True)
class Pin:
    """Which release an environment runs.

    Args:
        ref: A tag or a commit.
        digest: SHA-256 of the release's files, as ``digest_of`` gives it.
    """

    ref: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> Pin:
        """Read a pin.

        Raises:
            SettingsError: It has another form.
        """
        match = _PIN.fullmatch(text)
        if match is None:
            raise SettingsError(
                f'read release: {KEY} is "{text[:120]}", expected {FORM}. Set it with: flireo promote REF ENVIRONMENT.'
            )
        return cls(match["ref"], match["digest"])

    def __str__(self) -> str:
        """Give the pin as it is written."""
        return f"{self.ref}@sha256:{self.digest}"


@dataclass(frozen=True)
class Base:
    """The base files that an environment is laid over.

    Args:
        files: The files; the environments are those of the working tree.
        pin: The pin that was opened; None for the working tree.
        revision: Where they come from; None for the working tree.
    """

    files: StackFiles
    pin: Pin | None = None
    revision: Revision | None = None

    @property
    def release(self) -> str:
        """Name of what was opened: its pin, or the digest alone for the working tree, which no ref names."""
        return str(self.pin) if self.pin is not None else f"sha256:{working_digest(self.files.folder)}"

    def named(self, problem: Problem) -> Problem:
        """Give a problem with its files named as a person knows them, such as ``v12:stacks/agents/a.yaml``."""
        if self.revision is None:
            return problem
        return replace(problem, file=self.revision.named(problem.file), text=self.revision.named(problem.text))


@contextmanager
def base_of(folder: Path, pin: Pin | None = None, *, repository: Path | None = None) -> Iterator[Base]:
    """Open the base files of a stack; they can be read as long as the context lasts.

    Args:
        folder: The stack's folder: its environments count, and without a pin its base files.
        pin: The release to take the base files from; None for those of the folder.
        repository: The stack's folder in its git repository; None when that is ``folder``.

    Raises:
        SettingsError: The folder holds no stack, or the release cannot be read or is not the one that was pinned;
            says what to type.
    """
    if pin is None:
        yield Base(read_folder(folder))
        return
    with at(repository or folder, pin.ref) as revision:
        digest = digest_of(revision.folder)
        if digest != pin.digest:
            raise SettingsError(_moved(pin, digest, revision))
        files = read_folder(revision.folder)
        files.environments = find_environments(folder, files.problems)
        yield Base(files, pin, revision)


def _moved(pin: Pin, digest: str, revision: Revision) -> str:
    return (
        f'read release "{pin.ref}": its files are not those that were pinned (commit {revision.commit[:12]} has '
        f"sha256:{digest[:12]}…, the pin says sha256:{pin.digest[:12]}…), so the ref was moved or its history was "
        "rewritten. Put the ref back, or pin what it is now with: flireo promote "
        f"{pin.ref} ENVIRONMENT."
    )


def working_digest(folder: Path) -> str:
    """Give the SHA-256 of a stack's base files in the working tree, without the files that git ignores.

    Args:
        folder: The stack's folder; where it is in no git repository, every file counts.

    Raises:
        SettingsError: A file cannot be read.
    """
    try:
        listed = History(folder).paths("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    except SettingsError:
        return digest_of(folder)
    known = [path for path in listed if (folder / path).is_symlink() or (folder / path).is_file()]
    # A stack that git ignores as a whole still has files.
    return _digest(folder, filter(_is_base, dict.fromkeys(known))) if known else digest_of(folder)


def changed_files(folder: Path) -> list[str]:
    """Name the base files of the working tree that are not those of the last commit.

    Args:
        folder: The stack's folder.

    Raises:
        SettingsError: It is in no git repository.
    """
    history = History(folder)
    changed = history.paths("diff", "-z", "--name-only", "--relative", "HEAD", "--", ".")
    new = history.paths("ls-files", "-z", "--others", "--exclude-standard")
    return sorted(filter(_is_base, {*changed, *new}))


def digest_of(folder: Path) -> str:
    """Give the SHA-256 of a stack's base files: their paths and their bytes, in the order of the paths.

    Every file counts that a prompt could include. Left out are hidden files, programs (``*.py``), ``Pulumi*.yaml``,
    and the folders ``environments`` and ``schema``.

    Args:
        folder: The stack's folder.

    Raises:
        SettingsError: A file cannot be read.
    """
    found = (Path(top) / name for top, folders, files in os.walk(folder) for name in [*files, *_links(top, folders)])
    return _digest(folder, filter(_is_base, (str(path.relative_to(folder)) for path in found)))


def _links(top: str, folders: list[str]) -> list[str]:
    return [name for name in folders if (Path(top) / name).is_symlink()]


def _digest(folder: Path, paths: Iterable[str]) -> str:
    whole = hashlib.sha256(b"flireo release 1\0")
    for path in sorted(paths, key=os.fsencode):
        file = folder / path
        is_link = file.is_symlink()
        try:
            content = os.fsencode(file.readlink()) if is_link else file.read_bytes()
        except OSError as error:
            text = f'read release of stack "{folder}": {file} cannot be read: {error.strerror}. Mend its rights.'
            raise SettingsError(text) from None
        whole.update(b"%s\0%s\0" % (os.fsencode(path), b"link" if is_link else b"file"))
        whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()


def _is_base(path: str) -> bool:
    """Tell whether a file belongs to the base of a stack, by its path in the stack's folder."""
    *folders, name = Path(path).parts
    if any(part.startswith(".") or part == "__pycache__" for part in (*folders, name)) or name.endswith(".py"):
        return False
    if folders:
        return folders[0] not in _LEFT_OUT
    return not (name.startswith("Pulumi.") and name.endswith((".yaml", ".yml")))
