"""Stack files: found, read, merged, filled in, checked, and registered with Pulumi.

The program of a stack is two lines: ``from flireo_iac.stacks import deploy`` and ``deploy()``. Only ``register``
imports pulumi; everything else is files and plain data, so that a stack can be checked without an engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flireo_iac.stacks.register import Stack

__all__ = ["deploy"]


def deploy(folder: str | Path | None = None) -> Stack:
    """Check a stack, and register everything in it with Pulumi; to be called from a Pulumi program.

    When anything is wrong with the stack, each problem is logged as an error, nothing is registered, and the program
    is left with status 32, which tells the engine that the errors have been shown.

    Args:
        folder: The stack's folder; None means the working directory, which is that of the Pulumi project.

    Returns:
        The resources by item: ``stack["agents.receptionist"]`` or ``stack.agents["receptionist"]``.
    """
    from flireo_iac.stacks.register import deploy as deploy_registered

    return deploy_registered(folder)
