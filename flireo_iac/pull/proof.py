"""Loads what a pull would write before it is written, and names the fields that would not be read as they are.

Whatever stands in the account, a pulled stack loads and says the same: a field that cannot be said is left out.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flireo_iac.core.canonical import canonical, same
from flireo_iac.errors import Problem, StackError
from flireo_iac.pull.holding import UNKNOWN, held, hidden, holds_unknown
from flireo_iac.pull.result import write_files
from flireo_iac.stacks.folder import read_folder
from flireo_iac.stacks.load import LoadedStack, resolve
from flireo_iac.stacks.nodes import ScalarNode, value_at

Field = tuple[str, str]
"""An item's name in the stack, and a field."""

_NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "venv")


def unsaid(
    folder: Path,
    environment: str | None,
    files: Mapping[str, bytes],
    wanted: Mapping[str, Mapping[str, Any]],
    ids: Mapping[str, str],
) -> dict[Field, str]:
    """Name the fields that the files would not say as they are meant, each with the reason.

    Args:
        folder: The stack's folder, as it is.
        environment: Name of the environment.
        files: The files that would be written, by their paths.
        wanted: What the changed items are to hold.
        ids: Id of the object that an item is.

    Raises:
        StackError: Something else is wrong with the stack.
    """
    with tempfile.TemporaryDirectory() as made:
        copy = Path(made).resolve() / "stack"
        if folder.is_dir():
            shutil.copytree(folder, copy, ignore=_NOT_COPIED, symlinks=True)
        write_files(copy, files)
        stack = resolve(read_folder(copy), environment)
        wrong = _of_problems(stack, copy, wanted)
    found = held(stack, ids)
    for key, values in wanted.items():
        item = stack.items.get(key)
        if item is None:
            wrong.setdefault((key, ""), "the file is not read back")
            continue
        for name, value in hidden(item.kind, values).items():
            now = found[key].get(name, UNKNOWN)
            model = item.kind.model  # a template that is laid in may be spelled in another dialect than the account
            if not holds_unknown(now) and not same(canonical(model, {name: now}), canonical(model, {name: value})):
                wrong.setdefault((key, name), "a stack file cannot say it as the account has it")
            elif name not in found[key]:
                wrong.setdefault((key, name), "it is not read back")
    return wrong


def _of_problems(stack: LoadedStack, copy: Path, wanted: Mapping[str, Mapping[str, Any]]) -> dict[Field, str]:
    wrong: dict[Field, str] = {}
    others = []
    for problem in stack.errors:
        place = _place(problem, stack, copy)
        if place is None or place[0] not in wanted:
            others.append(problem)
        else:
            wrong.setdefault(place, problem.text)
    if others and not wrong:
        raise StackError(others)
    return wrong


def _place(problem: Problem, stack: LoadedStack, copy: Path) -> Field | None:
    """Find the item and the field that a problem is about."""
    path = Path(problem.file)
    for key, item in stack.origins.files.items.items():
        if item.node.place.file == problem.file:
            above = [name for name, entry in item.node.entries.items() if entry.key_place.line <= problem.line]
            return key, above[-1] if above else ""
        named, _ = value_at(item.node, ("leads", "file"))
        if isinstance(named, ScalarNode) and path == item.beside / str(named.value):
            return key, "leads"
    for key, use in stack.origins.prompt_uses.items():
        if path in ((use.beside / use.name).resolve(), (copy / "prompts" / use.name).resolve()):
            return key, "llm_config"
    for key in stack.origins.files.broken:
        folder, _, name = key.partition(".")
        if path.stem == name and path.parent.name in (folder, copy.name):
            return key, ""
    return None
