"""Prompt files that nothing uses, and such as hide another of the same name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from flireo_iac.kinds import KINDS
from flireo_iac.lint.finding import Finding, finding
from flireo_iac.stacks.prompts import FOLDER
from flireo_iac.stacks.values import Place


def find_unused(folder: Path, used: Sequence[str]) -> Iterator[Finding]:
    """Find Markdown files that no agent speaks.

    Args:
        folder: The stack's folder.
        used: Paths of the files that were read, as the user would type them.
    """
    resolved = {Path(file).resolve() for file in used}
    for name in (KINDS["agent"].folder, FOLDER):
        for path in sorted((folder / name).glob("**/*.md")):
            if path.name.lower() != "readme.md" and path.is_file() and path.resolve() not in resolved:
                yield finding("FL152", Place(str(path)), "no agent speaks this file. Include it, or remove it.")


def find_hiding(folder: Path, anchors: Mapping[str, Sequence[Place]]) -> Iterator[Finding]:
    """Find files beside an agent that hide one of ``prompts/``.

    Args:
        folder: The stack's folder.
        anchors: Places that name each file that is used; a waiver there counts.
    """
    agents, shared = folder / KINDS["agent"].folder, folder / FOLDER
    for file in sorted(anchors):
        path = Path(file)
        if path.is_relative_to(agents) and (other := shared / path.relative_to(agents)).is_file():
            text = f"this file wins over {other}, which has the same name. Rename one of them."
            yield finding("FL155", Place(file), text, *anchors[file])
