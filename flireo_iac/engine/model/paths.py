"""Paths into properties, as resource options write them: ``a.b[0]["c.d"]`` and ``*`` for every key or index.

Source: pulumi notes on the engine, section 5 (ignoreChanges, replaceOnChanges).
"""

from __future__ import annotations

import re
from typing import Any

from flireo_iac.engine.model.values import Properties, Secret, Value

Path = tuple[str | int, ...]

_STEP = re.compile(
    r"""(?:^|\.)(?P<name>[^.\[]+) | \.?\[(?:"(?P<quoted>(?:\\"|[^"])*)"|(?P<index>-?\d+)|(?P<all>\*))\]""", re.VERBOSE
)
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+")


def parse_path(text: str) -> Path | None:
    """Read a path; None when it is not one."""
    if text.startswith("."):
        return None
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None:
            return None
        if found["name"] is not None:
            steps.append(found["name"])
        elif found["quoted"] is not None:
            steps.append(found["quoted"].replace('\\"', '"'))
        else:
            steps.append("*" if found["all"] else int(found["index"]))
        position = found.end()
    return tuple(steps)


def format_path(path: Path) -> str:
    """Write a path."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif not _PLAIN_NAME.fullmatch(step):
            text += '["' + step.replace('"', '\\"') + '"]'
        else:
            text += f".{step}" if text else step
    return text


def covers(pattern: Path, path: Path) -> bool:
    """Tell whether a path is the pattern, or below it."""
    return len(path) >= len(pattern) and all(
        wanted == "*" or (type(wanted) is type(step) and wanted == step)
        for wanted, step in zip(pattern, path, strict=False)
    )


def put_back(news: Properties, olds: Properties, ignored: list[str]) -> tuple[Properties, list[str]]:
    """Give new inputs with the old values at the ignored paths.

    Args:
        news: Inputs of the program; left as they are.
        olds: Inputs of the state.
        ignored: Paths of ``ignore_changes``.

    Returns:
        The inputs, and the paths that could not be applied because elements were added or removed.
    """
    result: Properties = _copy(news)
    failed = []
    for text in ignored:
        path = parse_path(text)
        if path and not _put_back(path, olds, result, False, False):
            failed.append(text)
    return result, failed


def _copy(value: Value) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return Secret(_copy(value.value)) if isinstance(value, Secret) else value


def _open(value: Value) -> tuple[Value, bool]:
    secret = False
    while isinstance(value, Secret):
        value, secret = value.value, True
    return value, secret


def _put_back(path: Path, old: Value, new: Value, old_secret: bool, new_secret: bool) -> bool:
    old, found = _open(old)
    old_secret = old_secret or found
    new, found = _open(new)
    new_secret = new_secret or found

    def kept(value: Value) -> Value:
        return Secret(value) if old_secret and not new_secret else value

    step, rest = path[0], path[1:]
    if step == "*":
        return _put_back_all(rest, old, new, old_secret, new_secret)
    if isinstance(step, int):
        if not isinstance(old, list) or not isinstance(new, list):
            return not isinstance(old, list) and not isinstance(new, list)
        in_old, in_new = 0 <= step < len(old), 0 <= step < len(new)
        if not in_old or not in_new:
            return not rest and not in_old and not in_new
        if rest:
            return _put_back(rest, old[step], new[step], old_secret, new_secret)
        new[step] = kept(old[step])
        return True
    in_old = isinstance(old, dict) and step in old
    if not rest:
        if isinstance(new, dict):
            if in_old:
                new[step] = kept(old[step])
            else:
                new.pop(step, None)
        return isinstance(new, dict) or not in_old
    if not isinstance(old, dict) or not isinstance(new, dict):
        return not isinstance(old, dict) and not isinstance(new, dict)
    if step not in new:
        return not in_old
    return _put_back(rest, old.get(step), new[step], old_secret, new_secret)


def _put_back_all(rest: Path, old: Value, new: Value, old_secret: bool, new_secret: bool) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        steps: list[str | int] = list(old.keys() | new.keys()) if not rest else list(old.keys() & new.keys())
        complete = bool(not rest or old.keys() == new.keys())
    elif isinstance(old, list) and isinstance(new, list):
        steps = list(range(min(len(old), len(new))))
        complete = len(old) == len(new)
    else:
        return not isinstance(old, dict | list) and not isinstance(new, dict | list)
    applied = [_put_back((step, *rest), old, new, old_secret, new_secret) for step in steps]
    return complete and all(applied)
