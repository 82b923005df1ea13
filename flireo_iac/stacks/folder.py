"""Which files a stack has: one an item, in the folder of its kind, and one an environment.

Reads and keeps the base files once; environments are laid over them later, as many as are asked for.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from pathlib import Path

from flireo_iac.errors import Problem, SettingsError
from flireo_iac.kinds import FILE_KINDS, Kind
from flireo_iac.stacks.document import read_document
from flireo_iac.stacks.interpolate import ITEM_NAME
from flireo_iac.stacks.nodes import MapNode
from flireo_iac.stacks.values import Place

ENVIRONMENTS = "environments"
"""Folder of the files that say what differs."""
TESTS = "tests"
"""Folder of the smoke tests; what else lies in it is nobody's business here."""
_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True)
class ItemFile:
    """One item as its file says it, before an environment.

    Args:
        kind: What it is.
        name: Name of the item in its folder.
        node: What the file holds.
        beside: Folder of the file.
    """

    kind: Kind
    name: str
    node: MapNode
    beside: Path

    @property
    def key(self) -> str:
        """Name of the item in its stack, such as ``agents.receptionist``."""
        return f"{self.kind.folder}.{self.name}"


@dataclass
class StackFiles:
    """The base files of a stack.

    Args:
        folder: The stack's folder, as the user names it.
        items: Every item that could be read, by its name in the stack.
        broken: Names of the items that could not; what refers to them is not reported again.
        environments: File of each environment by name; None when the stack has no folder of environments.
        problems: What is wrong with the files themselves.
    """

    folder: Path
    items: dict[str, ItemFile] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    environments: dict[str, Path] | None = None
    problems: list[Problem] = field(default_factory=list)


def folder_above(start: Path) -> Path:
    """Give the nearest folder that is a Pulumi project: the given one, or one above it, as Pulumi looks for it.

    Args:
        start: Where to begin; given back when there is no project.
    """
    folder, path = start.resolve(), start
    while not (folder / "Pulumi.yaml").is_file():
        if folder.parent == folder or (folder / ".git").exists():
            return start
        folder, path = folder.parent, path / ".."
    return path


def holds_stack(folder: Path) -> bool:
    """Tell whether a folder holds a stack: a Pulumi project, or files of items."""
    if (folder / "Pulumi.yaml").is_file():
        return True
    return any((folder / kind.folder).is_dir() or _single_files(kind, folder) for kind in FILE_KINDS)


def stack_folder(chosen: Path | None) -> Path:
    """Give the folder of a stack.

    Args:
        chosen: What the user names; None for the working directory, or the nearest folder above it with a stack.

    Raises:
        SettingsError: It holds no stack.
    """
    folder = chosen if chosen is not None else folder_above(Path())
    if not holds_stack(folder):
        raise _no_stack(folder)
    return folder


def read_folder(folder: Path) -> StackFiles:
    """Read the base files of a stack.

    Args:
        folder: The stack's folder; its problems name files the way this path does.

    Raises:
        SettingsError: There is no such folder, it cannot be read, or it holds no stack.
    """
    try:
        if not folder.is_dir():
            raise SettingsError(f'read stack "{folder}": there is no such folder. Name the folder of a stack.')
        return _read(folder)
    except OSError as error:
        raise SettingsError(
            f'read stack "{folder}": {error.strerror}: {error.filename}. Name a folder that can be read.'
        ) from None


def _read(folder: Path) -> StackFiles:
    files = StackFiles(folder)
    has_any = (folder / "Pulumi.yaml").is_file()
    for kind in FILE_KINDS:
        paths = _single_files(kind, folder)
        if (folder / kind.folder).is_dir():
            has_any = True
            paths += _yaml_files(folder / kind.folder, files.problems)
        for path in paths:
            has_any = True
            _read_item(kind, path, files)
    if not has_any:
        raise _no_stack(folder)
    _find_misnamed(folder, files.problems)
    files.environments = find_environments(folder, files.problems)
    return files


def _no_stack(folder: Path) -> SettingsError:
    return SettingsError(
        f'read stack "{folder}": it holds no stack, expected folders such as agents or numbers. '
        'Name the folder with -C, or begin one with "flireo init".'
    )


def _yaml_files(folder: Path, problems: list[Problem]) -> list[Path]:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix not in _ENDINGS or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if path.is_dir() and not path.is_symlink():
            problems.append(Place(str(path)).problem("FL110", "it is a folder, a file was expected. Rename it."))
            continue
        if not path.is_file() and not path.is_symlink():
            continue
        if path.parent != folder:
            text = f"the file stands in a folder of its own, items stand directly in {folder.name}/. Move it there."
            problems.append(Place(str(path)).problem("FL110", text))
        else:
            found.append(path)
    return found


def _single_files(kind: Kind, folder: Path) -> list[Path]:
    if kind.single_file is None:
        return []
    stem = Path(kind.single_file).stem
    return [path for ending in _ENDINGS if (path := folder / f"{stem}{ending}").is_file()]


def _read_item(kind: Kind, path: Path, files: StackFiles) -> None:
    shown, name = str(path), path.stem
    key = f"{kind.folder}.{name}"
    if not re.fullmatch(ITEM_NAME, name):
        text = f'"{name}" cannot name an item, expected small letters, digits, dashes and underscores. Rename the file.'
        files.problems.append(Place(shown).problem("FL110", text))
        return
    if key in files.items:
        first = files.items[key].node.place.file
        text = f'{kind.title} "{name}" has a file already, {first}. Remove one of them.'
        files.problems.append(Place(shown).problem("FL111", text))
        return
    if _leads_outside(path, files.folder):
        files.problems.append(_outside(path))
        files.broken.add(key)
        return
    node = read_file(path, files.problems)
    if node is None:
        files.broken.add(key)
        return
    files.items[key] = ItemFile(kind, name, node, path.parent)


def read_file(path: Path, problems: list[Problem]) -> MapNode | None:
    """Read one YAML file; None when it cannot be used, with the reason among the problems."""
    try:
        data = path.read_bytes()
    except OSError as error:
        problems.append(Place(str(path)).problem("FL101", f"the file cannot be read: {error.strerror}."))
        return None
    return read_document(str(path), data, problems)


def _leads_outside(path: Path, folder: Path) -> bool:
    """Tell whether a file, or a folder on the way to it, is a link out of the stack."""
    return path.exists() and not path.resolve().is_relative_to(folder.resolve())


def _outside(path: Path) -> Problem:
    text = "the file is a link to one outside the stack, only files of its folder are read. Copy it here."
    return Place(str(path)).problem("FL112", text)


def find_environments(folder: Path, problems: list[Problem]) -> dict[str, Path] | None:
    """Find the file of each environment of a stack, by name; None when it has no folder of environments.

    Args:
        folder: The stack's folder.
        problems: Where problems go: FL110 and FL111 for files that stand wrong.
    """
    if not (folder / ENVIRONMENTS).is_dir():
        return None
    found: dict[str, Path] = {}
    for path in _yaml_files(folder / ENVIRONMENTS, problems):
        if _leads_outside(path, folder):
            problems.append(_outside(path))
        elif path.stem in found:
            text = f'environment "{path.stem}" has a file already, {found[path.stem]}. Remove one of them.'
            problems.append(Place(str(path)).problem("FL111", text))
        else:
            found[path.stem] = path
    return found


def _find_misnamed(folder: Path, problems: list[Problem]) -> None:
    """Find folders and files that look meant for the stack but would not be read."""
    known = {kind.folder for kind in FILE_KINDS} | {ENVIRONMENTS, "prompts"}
    single = {Path(kind.single_file).stem for kind in FILE_KINDS if kind.single_file}
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")) or path.name in {*known, TESTS}:
            continue
        if path.is_dir():
            close = difflib.get_close_matches(path.name, sorted(known - {"prompts"}), n=1, cutoff=0.75)
            if close and any(each.suffix in _ENDINGS for each in path.iterdir()):
                text = f'the folder "{path.name}" is not read. Did you mean "{close[0]}"?'
                problems.append(Place(str(path)).problem("FL110", text))
        elif path.suffix in _ENDINGS and path.stem not in single:
            close = difflib.get_close_matches(path.stem, sorted(known | single), n=1, cutoff=0.8)
            if close and close[0] in single:
                text = f'the file is not read. Did you mean "{close[0]}.yaml"?'
                problems.append(Place(str(path)).problem("FL110", text))
            elif close:
                text = f"the file is not read, items stand in {close[0]}/, one file each. Move it there."
                problems.append(Place(str(path)).problem("FL110", text))
