"""What generic create, read, update and delete cannot say: one module a resource, each with ``routes()``."""

from __future__ import annotations

import importlib
import pkgutil

from flireo_iac.emulator.exchange import Handler


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handler of each served method and path, from all modules of this package."""
    found: dict[tuple[str, str], Handler] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        found.update(importlib.import_module(f"{__name__}.{module.name}").routes())
    return found
