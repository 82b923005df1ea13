"""The facts of each resource, one file a kind; finds the kind files and refuses two that claim the same name.

``KINDS`` holds every kind by name, in the order in which objects have to be created: what is referred to comes
first. To add a kind, add its file: nothing here changes.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from flireo_iac.errors import KindError
from flireo_iac.kinds._dialects import DIALECTS, in_dialect
from flireo_iac.kinds._markers import Dialect, Reference, marker
from flireo_iac.kinds._secrets import map_secrets, secret_texts
from flireo_iac.kinds._shape import fields, our_name, shapes
from flireo_iac.kinds._spec import Endpoint, Envelope, Finding, Kind, Rule

__all__ = [
    "DIALECTS",
    "FILE_KINDS",
    "KINDS",
    "Dialect",
    "Endpoint",
    "Envelope",
    "Finding",
    "Kind",
    "Rule",
    "checked",
    "fields",
    "in_dialect",
    "map_secrets",
    "marker",
    "our_name",
    "secret_texts",
    "shapes",
]


def _found() -> dict[str, tuple[Kind, str]]:
    found: dict[str, tuple[Kind, str]] = {}
    for module_info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        if module_info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for kind in vars(module).values():
            if isinstance(kind, Kind):
                if kind.name != module_info.name:
                    raise KindError(f'load kind "{kind.name}": it stands in {module_info.name}.py. Name the file so.')
                found[kind.name] = (kind, module.__name__)
    return found


def checked(found: Mapping[str, tuple[Kind, str]]) -> dict[str, Kind]:
    """Order kinds by their references, after checking them against each other.

    Args:
        found: Each kind by name, with the module that declares it.

    Raises:
        KindError: Two kinds share a token or a folder, or a reference names no kind or forms a circle.
    """
    for what in ("token", "folder"):
        seen: dict[str, str] = {}
        for kind, module in found.values():
            value = getattr(kind, what)
            if value in seen:
                raise KindError(f'load kind "{kind.name}": {module} and {seen[value]} share the {what} {value!r}.')
            seen[value] = module
    order: TopologicalSorter[str] = TopologicalSorter()
    for kind, _ in found.values():
        targets = [*kind.needs, *(mark.kind for info in kind.inputs.values() if (mark := marker(info, Reference)))]
        for target in targets:
            if target not in found:
                raise KindError(f'load kind "{kind.name}": it refers to kind {target!r}, which is not there.')
        order.add(kind.name, *targets)
    try:
        return {name: found[name][0] for name in order.static_order()}
    except CycleError as error:
        raise KindError(f"load kinds: references form a circle: {' -> '.join(error.args[1])}.") from None


KINDS: Mapping[str, Kind] = checked(_found())
"""Every kind by name, what is referred to first."""

FILE_KINDS = tuple(kind for kind in KINDS.values() if not kind.parent)
"""Kinds whose items have a file of their own; what exists within another item is written there."""
