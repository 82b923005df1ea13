"""YAML as the Pulumi program reads it: YAML 1.2 with a few habits of Go, where PyYAML reads YAML 1.1.

``yes``, ``on`` and ``1:30`` are strings, ``010`` is 8, a plain date is a time.

Source: pulumi notes on the engine, section 4.
"""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import yaml

from flireo_iac.errors import SettingsError

_INT = re.compile(r"[-+]?(?:0x[0-9a-fA-F_]+|0o?[0-7_]+|0b[01_]+|[1-9][0-9_]*|0)")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_BOOL = re.compile("true|True|TRUE|false|False|FALSE")
_TIME = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d\d?(?::\d\d)?))?)?"
)


class _Loader(yaml.SafeLoader):
    """SafeLoader with other ideas of what a plain scalar is."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as PyYAML has it


def _whole(pattern: re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(f"(?:{pattern.pattern})$")


for _tag, _pattern, _first in (
    ("bool", _BOOL, "tTfF"),
    ("int", _INT, "-+0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
    ("null", re.compile("~|null|Null|NULL|"), "~nN\0"),
    ("timestamp", _TIME, "0123456789"),
    ("merge", re.compile("<<"), "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _whole(_pattern), list(_first))
_Loader.yaml_implicit_resolvers.setdefault("", []).append(("tag:yaml.org,2002:null", re.compile("$")))


def _int(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node)).replace("_", "")
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if digits.startswith("0") and digits.isdigit() and len(digits) > 1:
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _timestamp(loader: _Loader, node: yaml.ScalarNode) -> str:
    # Go's text of a time, since configuration values end up as strings.
    found: Any = yaml.SafeLoader.construct_yaml_timestamp(loader, node)
    if not isinstance(found, datetime.datetime):
        found = datetime.datetime(found.year, found.month, found.day, tzinfo=datetime.UTC)
    zone = found.strftime("%z") or "+0000"
    return f"{found:%Y-%m-%d %H:%M:%S} {zone} {'UTC' if zone == '+0000' else zone}"


_Loader.add_constructor("tag:yaml.org,2002:int", _int)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _timestamp)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping; an empty file is an empty one.

    Args:
        path: The file.

    Raises:
        SettingsError: It cannot be read, is not YAML, or is not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
        # The loader is a SafeLoader; only the reading of plain scalars differs.
        content = yaml.load(text, Loader=_Loader)  # noqa: S506
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 (byte {error.start}).") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise SettingsError(f"{place}: is not YAML ({error.problem}).") from error
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError(f"{path}: is not YAML ({error}).") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: holds no mapping, expected keys and values.")
    return content
