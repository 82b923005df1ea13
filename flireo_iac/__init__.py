"""The configuration of a Flireo account as code.

``deploy`` registers a stack of YAML files; the resource classes serve plain Pulumi programs. Both are loaded when
they are first named, so that commands which need neither start fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from flireo_iac.provider.resources import (
        Agent,
        AnalysisTemplate,
        ByokKey,
        Domain,
        PhoneNumber,
        SipTrunk,
        ToolTemplate,
    )
    from flireo_iac.stacks.register import deploy

__all__ = [
    "Agent",
    "AnalysisTemplate",
    "ByokKey",
    "Domain",
    "PhoneNumber",
    "SipTrunk",
    "ToolTemplate",
    "__version__",
    "deploy",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "flireo_iac.stacks.register" if name == "deploy" else "flireo_iac.provider.resources"
    return getattr(importlib.import_module(module), name)
