"""References between items: do they name something, and in which order do items come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

from flireo_iac.core.check import suggestion
from flireo_iac.errors import Problem
from flireo_iac.kinds import KINDS, Kind, marker
from flireo_iac.kinds._markers import Reference
from flireo_iac.stacks.nodes import MapNode
from flireo_iac.stacks.values import ItemRef, markers

_KINDS_BY_FOLDER = {kind.folder: kind for kind in KINDS.values()}


def check_references(
    inputs: Mapping[str, Any], items: Mapping[str, Kind], absent: Mapping[str, str]
) -> Iterator[Problem]:
    """Find references of one item that lead nowhere.

    Args:
        inputs: What the item holds.
        items: Every item of the stack by name.
        absent: Items that exist and are not in ``items``, each with why; an empty reason has been reported already.
    """
    for reference in markers(inputs):
        if not isinstance(reference, ItemRef):
            continue
        kind = _KINDS_BY_FOLDER.get(reference.folder)
        if kind is None:
            hint = suggestion(reference.folder, _KINDS_BY_FOLDER)
            text = f'"{reference}": there is no folder "{reference.folder}"{hint or "."}'
            yield reference.place.problem("FL124", text)
        elif reference.key in absent:
            if absent[reference.key]:
                yield reference.place.problem("FL125", f'"{reference}": the item is {absent[reference.key]}.')
        elif reference.key not in items:
            known = [
                key.removeprefix(f"{reference.folder}.") for key in items if key.startswith(f"{reference.folder}.")
            ]
            hint = suggestion(reference.item, known)
            text = f'"{reference}": there is no {kind.title} "{reference.item}"{hint or "."}'
            yield reference.place.problem("FL124", text)
        elif reference.field not in (names := ["id", *kind.inputs, *kind.outputs]):
            hint = suggestion(reference.field, names) or f", expected one of {', '.join(names)}."
            text = f'"{reference}": {kind.title} has no field "{reference.field}"{hint}'
            yield reference.place.problem("FL124", text)


def check_literals(
    kind: Kind, name: str, node: MapNode, inputs: Mapping[str, Any], items: Mapping[str, Kind]
) -> Iterator[Problem]:
    """Find the name of an item where its id is wanted: it would be sent as it is."""
    for field, info in kind.inputs.items():
        target = marker(info, Reference)
        value = inputs.get(field)
        if target is None or not isinstance(value, str):
            continue
        key = f"{KINDS[target.kind].folder}.{value.removeprefix(KINDS[target.kind].folder + '.').removesuffix('.id')}"
        if key in items:
            entry = node.entries[field]
            text = f'{kind.title} "{name}": {field} is "{value}", the name of an item, not its id. Write ${{{key}.id}}.'
            yield entry.node.place.problem("FL127", text)


def ordered(items: Mapping[str, tuple[Mapping[str, Any], Sequence[str]]], problems: list[Problem]) -> list[str]:
    """Order items so that what is referred to or needed comes first.

    Args:
        items: The inputs of each item by name, and the items it needs beside those it refers to.
        problems: Where problems go: FL126 for items that refer to each other in a circle.
    """
    uses: dict[str, dict[str, ItemRef]] = {
        key: {found.key: found for found in markers(inputs) if isinstance(found, ItemRef) and found.key in items}
        for key, (inputs, _) in items.items()
    }
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for key, used in uses.items():
        sorter.add(key, *used, *items[key][1])
    try:
        return list(sorter.static_order())
    except CycleError as error:
        circle: list[str] = error.args[1][::-1]
        # A link that only a need makes has no place; some link of a circle always has one.
        links = {user: uses[user][used] for user, used in pairwise(circle) if used in uses[user]}
        words = ", ".join(f"{user} at {link.place}" for user, link in links.items())
        text = f"items refer to each other in a circle: {' -> '.join(circle)} ({words}). Take one reference out."
        problems.append(next(iter(links.values())).place.problem("FL126", text))
        return list(items)


def check_unique(items: Mapping[str, tuple[Kind, MapNode, Mapping[str, Any]]]) -> Iterator[Problem]:
    """Find items that the API would refuse beside each other: one number twice, a second domain.

    Args:
        items: Kind, tree and inputs of each item by name.
    """
    seen: dict[tuple[Any, ...], str] = {}
    for key, (kind, node, inputs) in items.items():
        name = key.partition(".")[2]
        if kind.endpoint.style == "single":
            first = seen.setdefault((kind.name,), key)
            if first != key:
                text = f'{kind.title} "{name}": there is one already, {first}, and an account has only one. Remove one.'
                yield node.place.problem("FL222", text)
            continue
        values = [inputs.get(field) for field in kind.natural_key]
        if not kind.is_natural_key_unique or not all(isinstance(value, str) for value in values):
            continue
        first = seen.setdefault((kind.name, *values), key)
        if first != key:
            field = kind.natural_key[0]
            text = f'{kind.title} "{name}": {field} "{values[0]}" is that of {first} too. Change or remove one.'
            entry = node.entries.get(field)
            yield (entry.node.place if entry is not None else node.place).problem("FL221", text)
