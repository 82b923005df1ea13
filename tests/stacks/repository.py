"""A git repository that tests make and change, with the settings of nobody."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_NOBODY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}


class Repository:
    """A git repository.

    Args:
        folder: Its top folder; made a repository unless it is one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / ".git").exists():
            folder.mkdir(parents=True, exist_ok=True)
            self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        """Run git here; gives what it prints."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _NOBODY
        # Submodules and clones of tests come from folders of this machine.
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"git {arguments}: {done.stderr}"
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())

    def commit(self, message: str = "change", *, tag: str | None = None) -> str:
        """Commit everything; gives the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        if tag is not None:
            self.git("tag", tag)
        return self.git("rev-parse", "HEAD")

    def clone(self, target: Path, *options: str) -> Repository:
        """Clone it, as a pipeline does."""
        self.git("clone", "-q", *options, self.folder.as_uri(), str(target))
        return Repository(target)
