"""What a refresh makes of a row: which inputs still hold, and which the account has changed behind the stack's back.

The server's state is laid over the keys that the user wrote and no others. Three things keep a refresh quiet:

- A digest of what the server answered after our last write. While the server still answers that, nothing has moved,
  whatever it made of our spelling, and our inputs stay as they were, to the byte.
- Values that mean the same (``canonical``).
- Values that the server never gives back, and fields that it does not know.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from flireo_iac.core.canonical import canonical, comparable, comparable_item, is_server_default, same
from flireo_iac.core.diff import own
from flireo_iac.core.ports import Row
from flireo_iac.kinds import Kind, fields, marker, our_name, shapes
from flireo_iac.kinds._markers import MovesOn, RunTimeTools, Secret
from flireo_iac.kinds._shape import Shape

ANSWER = "__answer"
"""Output that holds the digests. Secret, because a digest of a short secret can be guessed."""

_DIGEST_LENGTH = 16


def answer_digests(kind: Kind, inputs: Mapping[str, Any], row: Row) -> dict[str, str]:
    """Give a digest of the server's value of each property that the user wrote."""
    theirs = canonical(kind.model, row)
    names = [our_name(kind.model, key) for key in own(inputs)]
    return {name: _digest(theirs[name]) for name in names if name in theirs and not _is_write_only(kind, name)}


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]


def _is_write_only(kind: Kind, name: str) -> bool:
    info = kind.inputs.get(name)
    secret = marker(info, Secret) if info is not None else None
    return (secret is not None and not secret.is_returned) or kind.is_only_on_create(name)


def forget_write_only(kind: Kind, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the secrets that the server never gives back, so that the next write sends them."""
    return {
        key: value
        for key, value in inputs.items()
        if not _is_write_only(kind, name := our_name(kind.model, key)) or kind.is_only_on_create(name)
    }


def _is_required(kind: Kind, name: str) -> bool:
    """Tell whether no object is without a value, so that an answer without one only says too little."""
    info = kind.inputs.get(name)
    return info is not None and info.is_required()


def absent_keys(kind: Kind, inputs: Mapping[str, Any], row: Row) -> tuple[str, ...]:
    """Name the inputs of which a row says nothing, though the server gives them back elsewhere."""
    theirs = canonical(kind.model, row)
    names = [our_name(kind.model, key) for key in own(inputs)]
    return tuple(name for name in names if name not in theirs and not _is_write_only(kind, name))


@dataclass(frozen=True)
class Refreshed:
    """Inputs after a refresh.

    Args:
        inputs: The inputs that are in force now.
        drifted: Properties that were changed outside, spelled the contract's way.
    """

    inputs: Mapping[str, Any]
    drifted: tuple[str, ...]


def refreshed(
    kind: Kind,
    inputs: Mapping[str, Any],
    row: Row,
    digests: Mapping[str, str],
    slot_before: str | None = None,
    *,
    is_whole: bool = False,
) -> Refreshed:
    """Lay a row over the inputs of the last run.

    Args:
        kind: What the resource is.
        inputs: Inputs of the last run.
        row: The object as the account holds it.
        digests: What ``answer_digests`` gave after the last write; empty when it is not known.
        slot_before: For a slot: where the vault kept the value after the last write; None when it is not known.
        is_whole: True when the row is the object's own answer, so that a field it showed once and shows no more is
            empty now.
    """
    theirs = canonical(kind.model, row)
    result: dict[str, Any] = {key: value for key, value in inputs.items() if key.startswith("__")}
    drifted = []
    for key, value in own(inputs).items():
        name = our_name(kind.model, key)
        if _is_write_only(kind, name):
            # Another place in the vault means that somebody stored another value: forget ours, so that the next run
            # writes it again (api notes, section 7; that the id changes is inferred).
            is_slot = slot_before is not None and not kind.is_only_on_create(name)
            if is_slot and row.get(kind.endpoint.slot_output) != slot_before:
                drifted.append(name)
            else:
                result[key] = value
            continue
        if name not in theirs:
            if is_whole and name in digests and not _is_required(kind, name):
                drifted.append(name)
            else:
                result[key] = value
            continue
        their_value = _without_run_time_tools(kind, name, value, theirs)
        if has_moved_on(kind, name, value, theirs[name]):
            result[key] = value
            continue
        if digests.get(name) == _digest(theirs[name]) or same(
            comparable(kind.model, name, value), comparable(kind.model, name, their_value)
        ):
            result[key] = value
            continue
        drifted.append(name)
        if their_value is not None:
            result[key] = _overlay(shapes(kind.model).get(name), kind.model, name, value, their_value)
    return Refreshed(result, tuple(drifted))


def has_moved_on(kind: Kind, name: str, ours: Any, theirs: Any) -> bool:
    """Tell whether the platform itself has brought the value of a field from ours to theirs."""
    info = kind.inputs.get(name)
    moves = marker(info, MovesOn) if info is not None else None
    return moves is not None and isinstance(ours, str) and theirs in moves.to.get(ours, ())


def merged_blocks(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any], row: Row) -> tuple[str, ...]:
    """Name the blocks in which the server kept a key that the new inputs left out: it merged instead of replacing.

    Source: api notes, section 6: whether PATCH merges blocks or replaces them is not stated.
    """
    theirs = canonical(kind.model, row)
    before, after = canonical(kind.model, own(old)), canonical(kind.model, own(new))
    merged = []
    for name, block in after.items():
        one, answered = before.get(name), theirs.get(name)
        if isinstance(block, Mapping) and isinstance(one, Mapping) and isinstance(answered, Mapping):
            model = shapes(kind.model)[name].model_of(answered)
            left_out = [key for key in one if key not in block and one[key] is not None and key in answered]
            if any(
                same(one[key], answered[key]) and not (model is not None and is_server_default(model, key, one[key]))
                for key in left_out
            ):
                merged.append(name)
    return tuple(merged)


def _without_run_time_tools(kind: Kind, name: str, ours: Any, theirs: Mapping[str, Any]) -> Any:
    """Leave out tools that the platform itself added to a block (api notes, section 9)."""
    value = theirs[name]
    shape = shapes(kind.model).get(name)
    if shape is None or shape.block is None or not isinstance(value, Mapping) or not isinstance(ours, Mapping):
        return value
    result = dict(value)
    spelled = canonical(shape.block, ours)
    for field, info in fields(shape.block).items():
        added = marker(info, RunTimeTools)
        if added is None or not theirs.get(added.when) or not isinstance(result.get(field), list):
            continue
        own_types = {tool.get("type") for tool in spelled.get(field) or [] if isinstance(tool, Mapping)}
        result[field] = [
            tool
            for tool in result[field]
            if not (isinstance(tool, Mapping) and tool.get("type") in added.types and tool["type"] not in own_types)
        ]
    return result


def _overlay(shape: Shape | None, model: type[BaseModel] | None, name: str, ours: Any, theirs: Any) -> Any:
    """Take the server's value, in the user's spelling wherever the two mean the same.

    A field of a block has a model and a name; an entry of a list has only a shape.
    """
    if model is not None:
        one, other = comparable(model, name, ours), comparable(model, name, theirs)
    else:
        one, other = comparable_item(shape, ours), comparable_item(shape, theirs)
    if same(one, other):
        return ours
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return _overlay_mapping(shape.model_of(theirs) if shape is not None else None, ours, theirs)
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        item = shape.item if shape is not None else None
        return [_overlay(item, None, "", one, other) for one, other in zip(ours, theirs, strict=True)]
    return theirs


def _overlay_mapping(model: type[BaseModel] | None, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Any:
    result = {}
    for key, value in ours.items():
        name = our_name(model, key)
        if name in theirs:
            inner = shapes(model).get(name) if model is not None else None
            result[key] = _overlay(inner, model, name, value, theirs[name])
    written = {our_name(model, key) for key in ours}
    for name, value in theirs.items():
        is_filled_in = model is not None and (value is None or is_server_default(model, name, value))
        if name not in written and not is_filled_in:
            result[name] = value
    return result
