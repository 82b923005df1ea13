"""Says what holds in one environment over a file that others use, too: in the overlay of that environment alone."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from ruamel.yaml.comments import CommentedMap

from flireo_iac.core.canonical import same
from flireo_iac.core.check import dotted
from flireo_iac.pull.merging import Outcome, expressions, is_prompt
from flireo_iac.pull.yamltext import fitting

_NOTHING = object()
"""Stands for a key that is not there, and for a value that needs no overlay."""
Path = tuple[str | int, ...]


def overlaid(base: Any, overlay: Any, name: str, now: Any, want: Any, form: Any) -> tuple[dict[str, Any], Outcome]:
    """Give what an overlay has to say, so that a field means something else in its environment only.

    Args:
        base: The item's file.
        overlay: What the environment lays over the item already; None when it lays nothing.
        name: The field, as the user spells it.
        now: What the files say now, with everything filled in; None when they do not name it.
        want: What they are to say; None takes the field out.
        form: The same as it stands in a file.
    """
    layering = _Layering()
    found = layering.value(merged(base, overlay), (name,), now, want, form)
    return ({} if found is _NOTHING else {name: found}), layering.outcome


def lay(overlay: CommentedMap, values: Mapping[str, Any]) -> None:
    """Write values into an overlay: mappings merge, everything else replaces.

    Args:
        overlay: What the environment lays over the item; it is changed.
        values: What ``overlaid`` gave.
    """
    for key, value in values.items():
        there = overlay.get(key)
        if isinstance(there, MutableMapping) and isinstance(value, Mapping):
            lay(there, value)  # type: ignore[arg-type]
        else:
            overlay[key] = fitting(value)


def merged(base: Any, overlay: Any) -> Any:
    """Lay raw values over each other by the rules of an environment: mappings merge, null removes."""
    if not isinstance(overlay, Mapping) or not isinstance(base, Mapping):
        return base if overlay is None else overlay
    result = dict(base)
    for key, value in overlay.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


class _Layering:
    def __init__(self) -> None:
        self.outcome = Outcome()

    def value(self, holder: Any, path: Path, now: Any, want: Any, form: Any) -> Any:
        """Give what the overlay says for one key; ``holder`` is what stands in the files, filled in by nobody."""
        if same(now, want):
            return _NOTHING
        raw = holder.get(path[-1], _NOTHING) if isinstance(holder, Mapping) else _NOTHING
        if want is None:
            return self._unless_stuck(raw, None, path)
        if isinstance(raw, Mapping) and all(isinstance(each, Mapping) for each in (now, want, form)):
            return self._mapping(raw, path, now, want, form)
        return self._unless_stuck(raw, form, path)

    def _mapping(self, raw: Mapping[str, Any], path: Path, now: Any, want: Any, form: Any) -> Any:
        found: dict[str, Any] = {}
        if path == ("llm_config",) and "prompt" in raw:
            found |= self._messages(raw, path, now, want, form)
            now, want, form = ({key: each[key] for key in each if key != "messages"} for each in (now, want, form))
        if "template" in raw or "template" in form:
            # What a template brings stands in no file, so only the forms can be compared.
            now, want = raw, form
        for key in dict.fromkeys([*now, *want]):
            inner = self.value(raw, (*path, key), now.get(key), want.get(key), form.get(key))
            if inner is not _NOTHING:
                found[key] = inner
        return found or _NOTHING

    def _messages(self, raw: Mapping[str, Any], path: Path, now: Any, want: Any, form: Any) -> dict[str, Any]:
        """Give what is said of messages of which the first stands in a prompt file."""
        before, after = now.get("messages") or [], want.get("messages") or []
        if same(before, after):
            return {}
        if not is_prompt(after):
            return {"prompt": None, "messages": form.get("messages")}
        if after[0]["content"] != before[0]["content"]:
            self.outcome.prompt = after[0]["content"]
        if same(before[1:], after[1:]):
            return {}
        rest = self._unless_stuck(raw.get("messages"), form["messages"][1:] or None, (*path, "messages"))
        return {} if rest is _NOTHING else {"messages": rest}

    def _unless_stuck(self, raw: Any, form: Any, path: Path) -> Any:
        """Give the form, unless it would lose a value that is filled in and stands for more than this item."""
        filled = set() if raw is _NOTHING else expressions(raw)
        lost = {each for each in filled - expressions(form) if each.startswith(("${var.", "${include"))}
        if not lost:
            return form
        self.outcome.stuck.append((dotted(path), f"it is filled in from {', '.join(sorted(lost))}"))
        return _NOTHING
