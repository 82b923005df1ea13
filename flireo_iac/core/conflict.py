"""What an update is about to overwrite: values that somebody changed outside since the last run.

The digests of the last answer tell what this stack left there. A field that is sent now, whose value is no longer that
and not yet what is wanted, was changed by somebody else. Source: api notes, section 16.32: the last write wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flireo_iac.core.canonical import canonical
from flireo_iac.core.diff import changed_paths
from flireo_iac.core.ports import Row
from flireo_iac.core.refresh import answer_digests, refreshed
from flireo_iac.kinds import Kind, fields, marker, our_name, shapes
from flireo_iac.kinds._markers import Prompt

OnConflict = Literal["stop", "overwrite"]
"""What to do about them."""


@dataclass(frozen=True)
class Held:
    """What an object holds of what an update sends.

    Args:
        moved: Fields that were changed outside, are sent now, and are not yet as wanted; spelled the contract's way.
        unseen: Fields of which the row says nothing.
        is_as_wanted: True when the object holds everything already, so that nothing has to be sent.
    """

    moved: tuple[str, ...]
    unseen: tuple[str, ...]
    is_as_wanted: bool


def held(kind: Kind, body: Mapping[str, Any], row: Row, digests: Mapping[str, str], *, is_whole: bool) -> Held:
    """Hold a row against what an update sends.

    Args:
        kind: What it is.
        body: What is sent; null for what is cleared.
        row: The object as the account holds it.
        digests: What ``answer_digests`` gave after the last write.
        is_whole: True when the row is the object's own answer, so that a field it does not show is empty.
    """
    theirs = canonical(kind.model, row)
    now = answer_digests(kind, dict.fromkeys(body, True), row)
    moved, unseen, is_as_wanted = [], [], True
    for key, value in body.items():
        name = our_name(kind.model, key)
        if name not in theirs and not is_whole:
            unseen.append(name)
        if _is_wanted(kind, key, value, row, is_seen=name in theirs or is_whole):
            continue
        is_as_wanted = False
        if name in digests and now.get(name) != digests[name] and (name in theirs or is_whole):
            moved.append(name)
    return Held(tuple(moved), tuple(unseen), is_as_wanted)


def _is_wanted(kind: Kind, key: str, value: Any, row: Row, *, is_seen: bool) -> bool:
    name = our_name(kind.model, key)
    shown = canonical(kind.model, row).get(name)
    if not is_seen or value is None or shown is None:
        return is_seen and value is None and shown is None
    return not refreshed(kind, {key: value}, row, {}).drifted


def moved_paths(kind: Kind, old: Mapping[str, Any], row: Row, moved: tuple[str, ...]) -> tuple[str, ...]:
    """Name the places that were changed outside, such as ``llm_config.messages[0].content``.

    Args:
        kind: What it is.
        old: Inputs as last applied.
        row: The object as the account holds it.
        moved: The fields that were changed.
    """
    before = {key: value for key, value in old.items() if our_name(kind.model, key) in moved}
    return changed_paths(kind, before, refreshed(kind, before, row, {}, is_whole=True).inputs) or moved


def holds_prompt(kind: Kind, paths: tuple[str, ...]) -> bool:
    """Tell whether one of the places is a prompt, or a block with a prompt in it."""
    places = _prompts(kind)
    return any(
        path == place or path.startswith((f"{place}.", f"{place}[")) or place.startswith(f"{path}.")
        for path in paths
        for place in places
    )


def _prompts(kind: Kind) -> tuple[str, ...]:
    return tuple(
        f"{name}.{field}"
        for name, shape in shapes(kind.model).items()
        if shape.block is not None
        for field, info in fields(shape.block).items()
        if marker(info, Prompt) is not None
    )
