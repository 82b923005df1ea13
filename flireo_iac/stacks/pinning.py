"""Writes a release pin into ``Pulumi.<stack>.yaml``: that one value, and not a byte besides."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

from flireo_iac.errors import Problem, SettingsError, StackError
from flireo_iac.stacks.document import read_document
from flireo_iac.stacks.nodes import MapNode, ScalarNode
from flireo_iac.stacks.releases import KEY, Pin

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@:+-]*")


def write_pin(path: Path, pin: Pin) -> None:
    """Write a pin into the configuration of a Pulumi stack; comments, order and form of the file stay.

    Args:
        path: The file; it is made when it is not there.
        pin: What it shall say.

    Raises:
        StackError: The file is no YAML.
        SettingsError: The file has a form that cannot be changed in place, or cannot be written.
    """
    try:
        before = path.read_bytes().decode("utf-8") if path.exists() else ""
        after = _changed(path, before, pin)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        temporary.write_bytes(after.encode("utf-8"))
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except UnicodeDecodeError:
        raise SettingsError(f"promote: {path} is no text in UTF-8. Save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"promote: {path} cannot be written: {error.strerror}. Mend its rights.") from None


def _changed(path: Path, before: str, pin: Pin) -> str:
    text = str(pin) if _PLAIN.fullmatch(str(pin)) else json.dumps(str(pin))
    mark = "\ufeff" if before.startswith("\ufeff") else ""
    body = before.removeprefix(mark) if mark else before
    root = _read(path, body)
    config = root.get("config")
    old = config.get(KEY) if isinstance(config, MapNode) else None
    if old is None:
        after = _with_line(body, root, f"{KEY}: {text}")
    elif isinstance(old, ScalarNode) and old.end > old.start:
        after = body[: old.start] + text + body[old.end :]
    else:
        after = body
    if _pin_of(read_document(str(path), after.encode("utf-8"), [])) != str(pin):
        raise SettingsError(f"promote: {path} has a form that is not changed in place. Write there: {KEY}: {text}")
    return mark + after


def _with_line(body: str, root: MapNode, line: str) -> str:
    end = "\r\n" if "\r\n" in body else "\n"
    lines = body.splitlines(keepends=True)
    entry = root.entries.get("config")
    if entry is None:
        whole = body if not body or body.endswith(("\n", "\r")) else body + end
        return f"{whole}config:{end}  {line}{end}"
    columns = [each.key_place.column for each in entry.node.entries.values()] if isinstance(entry.node, MapNode) else []
    indent = " " * (min(columns, default=3) - 1)
    # Right below "config:", so that a comment above the first key stays with that key.
    at = entry.key_place.line
    if not lines[at - 1].endswith(("\n", "\r")):
        lines[at - 1] += end
    return "".join([*lines[:at], f"{indent}{line}{end}", *lines[at:]])


def _pin_of(root: MapNode | None) -> object:
    config = root.get("config") if root is not None else None
    found = config.get(KEY) if isinstance(config, MapNode) else None
    return found.value if isinstance(found, ScalarNode) else None


def _read(path: Path, body: str) -> MapNode:
    problems: list[Problem] = []
    root = read_document(str(path), body.encode("utf-8"), problems)
    if root is None:
        raise StackError(problems)
    return root
