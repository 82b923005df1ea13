"""What has to hold before an environment gets a release: ``after`` and ``require`` of its file.

Here are the parts that files and git answer. Whoever runs commands or looks at an account does so itself.
"""

from __future__ import annotations

from pathlib import Path

from flireo_iac.errors import Problem, SettingsError
from flireo_iac.stacks.environment import Requirement
from flireo_iac.stacks.history import History
from flireo_iac.stacks.releases import Pin, working_digest
from flireo_iac.stacks.targets import Target, target_of

RULE = "FL153"


def unmet_after(folder: Path, required: Requirement, pin: Pin | None) -> Problem | None:
    """Say why a release may not be deployed yet; None when the environment that goes first has it, or had it.

    An environment with a pin had what its pin said in any commit on the way to the one that is checked out. One that
    follows the working tree had every such commit.

    Args:
        folder: The stack's folder.
        required: The ``after`` of the environment.
        pin: The release; None for the working tree.
    """
    try:
        first = target_of(folder, required.detail)
        reason = _reason(folder, first, pin)
    except SettingsError as error:
        reason = str(error)
    return required.place.problem(RULE, reason) if reason else None


def _reason(folder: Path, first: Target, pin: Pin | None) -> str:
    if pin is None:
        if first.pin is None:
            return (
                f'it goes after "{first.stack}", and both follow the working tree, so nothing goes first. '
                f"Pin a release that was tried there: flireo promote {first.stack} ENVIRONMENT."
            )
        if working_digest(folder) == first.pin.digest:
            return ""
        return (
            f'it goes after "{first.stack}", which runs {first.pin.ref}, and the working tree is not that. '
            f"Pin it: flireo promote {first.stack} ENVIRONMENT."
        )
    if first.pin is not None:
        if _was_pinned(folder, first, pin):
            return ""
        if pin.digest == first.pin.digest:
            return (
                f'{pin.ref} is pinned for "{first.stack}" in the working tree only. '
                "Commit that, and deploy it there first."
            )
        return (
            f'{pin.ref} has to go to "{first.stack}" first, which runs {first.pin.ref} and never ran it. '
            f"Run: flireo promote {pin.ref} {first.stack}, and deploy that."
        )
    if _is_behind(folder, pin):
        return ""
    return (
        f'{pin.ref} has to go to "{first.stack}" first, which follows the working tree, and is not on the way to what '
        "is checked out. Merge it first, or name a release that is."
    )


def _was_pinned(folder: Path, first: Target, pin: Pin) -> bool:
    history = History(folder)
    name = Path(first.place.file).name
    if history.line("log", "-1", "--format=%H", "-S", f"@sha256:{pin.digest}", "--", name):
        return True
    if history.is_shallow:
        raise SettingsError(
            f'whether "{first.stack}" ever ran {pin.ref} is not known in this clone, which is shallow. '
            f"Run: git fetch --unshallow {history.remote}."
        )
    return False


def _is_behind(folder: Path, pin: Pin) -> bool:
    history = History(folder)
    commit = history.commit(pin.ref)
    if history.succeeds("merge-base", "--is-ancestor", commit, "HEAD"):
        return True
    if history.is_shallow:
        raise SettingsError(
            f"whether {pin.ref} is on the way to what is checked out is not known in this clone, which is shallow. "
            f"Run: git fetch --unshallow {history.remote}."
        )
    return False
