"""Writes a stack to start from: a small one that works, or its bare frame."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from flireo_iac.errors import SettingsError
from flireo_iac.stacks.folder import TESTS
from flireo_iac.stacks.schema import schema_text, schemas

SCHEMA_FOLDER = "schema"
"""Folder of a stack that holds the JSON Schemas for editors."""
_HIDDEN = {name: f".{name}" for name in ("editorconfig", "gitignore", "vscode")}
"""What begins with a dot in a stack, and without one here, where it would work on this package."""
_FRAME = {"Pulumi.yaml", "__main__.py", "README.md", "environments", "tests", *_HIDDEN}
_PROJECT = "PROJECT_NAME"


def write_stack(folder: Path, *, is_empty: bool = False) -> list[Path]:
    """Write a new stack.

    Args:
        folder: Where to; made when it is not there.
        is_empty: True leaves out every item, variable and smoke test: project, program, environments, checks,
            settings of editors and schemas stay.

    Returns:
        The files that were written, relative to the folder, sorted.

    Raises:
        SettingsError: The folder holds something already, or cannot be written.
    """
    written: list[Path] = []
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise SettingsError(f'init "{folder}": it is there and not empty, expected a new folder. Name another one.')
        folder.mkdir(parents=True, exist_ok=True)
        source = resources.files("flireo_iac.stacks") / "template"
        for part in sorted(source.iterdir(), key=lambda each: each.name):
            if not is_empty or part.name in _FRAME:
                _copy(part, folder, project_name(folder.resolve().name), written, is_empty=is_empty)
        written += write_schemas(folder / SCHEMA_FOLDER, schemas())
    except OSError as error:
        raise SettingsError(f'init "{folder}": {error.strerror}: {error.filename}. Name another folder.') from None
    return sorted(path.relative_to(folder) for path in written)


def write_schemas(folder: Path, chosen: Mapping[str, Any]) -> list[Path]:
    """Write JSON Schemas into a folder, one file each, and give the files.

    Args:
        folder: Where to; made when it is not there.
        chosen: The schemas by name.

    Raises:
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in chosen.items():
        path = folder / f"{name}.json"
        path.write_text(schema_text(schema), encoding="utf-8")
        written.append(path)
    return written


def project_name(folder: str) -> str:
    """Make the name of a Pulumi project, and of its state, from the name of a folder."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", folder).strip("-.")[:100] or "flireo-stack"


def _copy(part: Traversable, folder: Path, project: str, written: list[Path], *, is_empty: bool) -> None:
    target = folder / _HIDDEN.get(part.name, part.name)
    if part.is_dir():
        if part.name != "__pycache__":
            target.mkdir()
            for below in sorted(part.iterdir(), key=lambda each: each.name):
                if not (is_empty and part.name == TESTS and below.name.endswith(".yaml")):
                    _copy(below, target, project, written, is_empty=is_empty)
        return
    text = part.read_text(encoding="utf-8").replace(_PROJECT, project)
    if is_empty and folder.name == "environments":
        text = re.sub(r"(?m)^(?!#).*\n", "", text)
    target.write_text(text, encoding="utf-8")
    written.append(target)
