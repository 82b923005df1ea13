"""A stack as it was at a git ref: its files laid out in a folder of their own, byte for byte as git keeps them.

Asks the ``git`` program, so that worktrees, submodules, partial clones and credential helpers work as they do at a
terminal. No filter, line end or attribute of the working tree is applied: the same ref is the same bytes everywhere.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flireo_iac.errors import SettingsError

_LFS = b"version https://git-lfs.github.com/spec/"
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_FILE, _PROGRAM, _LINK, _SUBMODULE = "100644", "100755", "120000", "160000"


@dataclass(frozen=True)
class Revision:
    """A stack at a ref.

    Args:
        ref: The ref as it was asked for.
        commit: Id of the commit, in full.
        folder: Where the files lie as long as the revision is open.
        shown: Name of the folder in a text, such as ``v12:stacks``; ``v12:`` for the top of the repository.
    """

    ref: str
    commit: str
    folder: Path
    shown: str

    def named(self, text: str) -> str:
        """Give a text with the files named as git does, such as ``v12:stacks/agents/desk.yaml``."""
        inside = self.shown if self.shown.endswith(":") else f"{self.shown}/"
        return text.replace(f"{self.folder}/", inside).replace(str(self.folder), self.shown)


@contextmanager
def at(folder: Path, ref: str, prefix: str | None = None) -> Iterator[Revision]:
    """Lay out a stack as it was at a ref; the files are gone when the context ends.

    Args:
        folder: The stack's folder in the working tree.
        ref: A tag, a branch, a commit, or anything else that git resolves to a commit.
        prefix: Path of the stack's folder in its repository at the ref, with a slash at the end; None where it is now.

    Raises:
        SettingsError: There is no git or no repository, the clone does not hold the ref, or the stack cannot be read
            there; says what to type.
    """
    history = History(folder)
    history.prefix = history.prefix if prefix is None else prefix
    commit = history.commit(ref)
    with tempfile.TemporaryDirectory(prefix="flireo-") as made:
        target = Path(made) / "stack"
        history.lay_out(commit, ref, target)
        yield Revision(ref, commit, target, f"{ref}:{history.prefix.rstrip('/')}")


class History:
    """The git repository that a stack's folder is in.

    Args:
        folder: The stack's folder in the working tree.

    Raises:
        SettingsError: There is no git, or the folder is in no repository.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = shutil.which("git")
        if program is None:
            raise self._error("the git program is not on PATH, it is needed to read another version. Install git.")
        self._program = program
        found = self._run("rev-parse", "--show-prefix", "--is-shallow-repository")
        if found.returncode:
            raise self._error(self._why_no_repository(_text(found.stderr)))
        self.prefix, shallow, *_ = _text(found.stdout).split("\n")
        """Path of the folder in its repository, with a slash at the end; empty for the top."""
        self.is_shallow = shallow == "true"

    def commit(self, ref: str) -> str:
        """Give the id of the commit that a ref names.

        Args:
            ref: A tag, a branch or a commit; a branch that only a remote has counts, too.

        Raises:
            SettingsError: The clone does not hold it.
        """
        for name in (ref, f"{self.remote}/{ref}"):
            found = self.line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
            if found:
                return found
        raise self._error(self._missing(ref))

    def lay_out(self, commit: str, ref: str, target: Path) -> None:
        """Write the files of the stack at a commit into a folder.

        Args:
            commit: Id of the commit.
            ref: What it is called in a text.
            target: The folder; it is made.

        Raises:
            SettingsError: The stack is not there at that commit, or cannot be read whole.
        """
        entries = self._entries(commit, ref)
        contents = self._contents([entry[1] for entry in entries], ref)
        target.mkdir(mode=0o700, parents=True)
        for (mode, _, path), content in zip(entries, contents, strict=True):
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if mode == _LINK:
                self._link(file, content, path, ref)
            elif content.startswith(_LFS):
                text = f"{ref}:{self.prefix}{path} is kept by Git LFS, its text is not in the repository."
                raise self._error(f"{text} Keep files of a stack in git itself.")
            else:
                file.write_bytes(content)

    def line(self, *arguments: str) -> str:
        """Give what git says to a question; empty when it fails."""
        done = self._run(*arguments)
        return "" if done.returncode else _text(done.stdout).strip()

    def paths(self, *arguments: str) -> list[str]:
        """Give the paths that git lists with ``-z``; none when it fails."""
        done = self._run(*arguments)
        return [] if done.returncode else [os.fsdecode(path) for path in done.stdout.split(b"\0") if path]

    def succeeds(self, *arguments: str) -> bool:
        """Tell whether git says yes to a question."""
        return self._run(*arguments).returncode == 0

    @property
    def remote(self) -> str:
        """The remote to fetch from: ``origin`` when there is one, or the first; ``origin`` when there is none."""
        remotes = self.line("remote").split()
        return "origin" if "origin" in remotes or not remotes else remotes[0]

    def _entries(self, commit: str, ref: str) -> list[tuple[str, str, str]]:
        """Give mode, id and path below the folder of every file of the stack."""
        done = self._run("ls-tree", "-r", "-z", "--full-tree", f"{commit}:{self.prefix.rstrip('/')}")
        if done.returncode:
            text = f"{ref} has no folder {self.prefix.rstrip('/')}, the stack was not there then."
            raise self._error(f"{text} Name a later ref.")
        found = []
        for line in filter(None, done.stdout.split(b"\0")):
            head, path = line.split(b"\t", 1)
            mode, _, object_id = head.decode("ascii").split()
            shown = os.fsdecode(path)
            if mode == _SUBMODULE:
                text = f"{ref}:{self.prefix}{shown} is a submodule, files of the stack were expected."
                raise self._error(f"{text} Keep the files of a stack in its own repository.")
            found.append((mode, object_id, shown))
        return found

    def _contents(self, objects: list[str], ref: str) -> Iterator[bytes]:
        done = self._run("cat-file", "--batch", given="".join(f"{each}\n" for each in objects).encode("ascii"))
        rest = memoryview(done.stdout)
        for each in objects:
            head, _, _ = bytes(rest[:200]).partition(b"\n")
            words = head.split()
            if len(words) != 3:
                text = f"{ref} is not whole in this clone (object {each[:12]} is missing)."
                raise self._error(f"{text} Run: git fetch {self.remote}, or clone without a filter.")
            begin = len(head) + 1
            end = begin + int(words[2])
            yield bytes(rest[begin:end])
            rest = rest[end + 1 :]

    def _link(self, file: Path, content: bytes, path: str, ref: str) -> None:
        """Make a symbolic link, if it stays inside the stack."""
        goal = os.fsdecode(content)
        inside = PurePosixPath(os.path.normpath(PurePosixPath(path).parent / goal))
        if goal.startswith("/") or inside.parts[:1] == ("..",):
            text = f"{ref}:{self.prefix}{path} is a link out of the stack, only files of its folder are read."
            raise self._error(f"{text} Copy the file there.")
        file.symlink_to(goal)

    def _missing(self, ref: str) -> str:
        """Say that a ref is not there, and what to type."""
        text = f'"{ref}" is no tag, branch or commit of this clone'
        if self.is_shallow:
            what = ref if _COMMIT.fullmatch(ref) else f"tag {ref}"
            return (
                f"{text}, which is shallow. Run: git fetch --depth=1 {self.remote} {what} "
                "(or have the pipeline clone with all history and tags)."
            )
        names = self.line("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags").split()
        close = difflib.get_close_matches(ref, names, n=1)
        hint = f', did you mean "{close[0]}"?' if close else "."
        fetch = f"Run: git fetch --tags {self.remote}, or name" if self.line("remote") else "Name"
        return f"{text}{hint} {fetch} one that is there."

    def _why_no_repository(self, said: str) -> str:
        if "dubious ownership" in said:
            return (
                "git does not read this repository, because it belongs to somebody else. "
                f"Run: git config --global --add safe.directory {self.folder.resolve()} (or its top folder)."
            )
        return "it is in no git repository, one was expected. Run it in a clone of the repository."

    def _run(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [self._program, "-C", str(self.folder), "--no-replace-objects", "-c", "core.fsmonitor=false"]
        # Variables of a hook would turn git to the hook's own repository.
        environment = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
        environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        return subprocess.run([*command, *arguments], input=given, capture_output=True, check=False, env=environment)

    def _error(self, text: str) -> SettingsError:
        return SettingsError(f'read history of stack "{self.folder}": {text}')


_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")


def _text(data: bytes) -> str:
    return os.fsdecode(data)
