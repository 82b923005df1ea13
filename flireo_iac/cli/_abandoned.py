"""Warns of creates that were cut off and that the run at hand does not settle."""

from __future__ import annotations

import os
from pathlib import Path

from flireo_iac.cli import output
from flireo_iac.cli._state import ids_of
from flireo_iac.plan.model import Plan
from flireo_iac.settings import place, state_dir


def warn_of_abandoned(folder: Path, project: str, stack: str, content: bytes | None, plan: Plan | None) -> None:
    """Say which creates of the stack are open, though the run makes none of their items.

    Args:
        folder: Folder of the project.
        project: Name of the project.
        stack: Name of the stack.
        content: The state before the run; None when there is none.
        plan: What the run does; None for one that makes nothing.
    """
    from flireo_iac.core.abandoned import Holder, abandoned, told
    from flireo_iac.core.journal import Journal

    journal = Journal(state_dir(os.environ) / "journal")
    holder = Holder(f"urn:pulumi:{stack}::{project}::", place(folder.resolve(), os.environ), ids_of(content))
    made = {step.urn for step in plan.steps if step.op not in ("delete", "sweep")} if plan is not None else ()
    try:
        for each in abandoned(journal, holder, made):
            output.note(f"warning: {told(each)}")
    finally:
        journal.release()
