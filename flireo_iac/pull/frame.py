"""The files of a new stack that are no items: project, program, environment, schemas for editors."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flireo_iac.settings import DEFAULT_BASE_URL
from flireo_iac.stacks.folder import ENVIRONMENTS
from flireo_iac.stacks.init import write_stack

_LEFT_OUT = ("README.md",)


def frame(folder: Path, stack: str, base_url: str) -> dict[str, bytes]:
    """Give the files of a new stack, by their paths in it.

    Args:
        folder: Where it is going to stand; names the project.
        stack: Name of its Pulumi stack, and of its environment.
        base_url: Address of the API.
    """
    with tempfile.TemporaryDirectory() as made:
        root = Path(made) / (folder.resolve().name or "flireo-stack")
        files = {
            path.as_posix(): (root / path).read_bytes()
            for path in write_stack(root, is_empty=True)
            if path.name not in _LEFT_OUT and path.parts[0] != ENVIRONMENTS
        }
    files[f"{ENVIRONMENTS}/{stack}.yaml"] = (
        "# yaml-language-server: $schema=../schema/environment.json\n"
        f'# The environment is the name of the Pulumi stack: this file is for "--stack {stack}".\n'
    ).encode()
    if base_url != DEFAULT_BASE_URL:
        files[f"Pulumi.{stack}.yaml"] = f"config:\n  flireo:baseUrl: {base_url}\n".encode()
    return files
