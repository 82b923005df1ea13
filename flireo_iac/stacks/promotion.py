"""Promotion: which release an environment is to get, and what stands against it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flireo_iac.errors import FlireoError, Problem, SettingsError, StackError
from flireo_iac.stacks.environment import Requirements, requirements
from flireo_iac.stacks.history import History, at
from flireo_iac.stacks.load import LoadedStack, resolve
from flireo_iac.stacks.releases import Pin, base_of, changed_files, digest_of
from flireo_iac.stacks.targets import Target, read_targets, target_of

_NAMED = 5
"""Changed files that an error names."""


@dataclass(frozen=True)
class Promotion:
    """A release on its way to an environment.

    Args:
        target: Where it goes.
        pin: The release.
        commit: Id of its commit.
        before: The stack as the environment has it now; None when that cannot be read any more.
        after: The stack as the environment would have it.
        unread: Why ``before`` cannot be read; empty when it can.
        requirements: What has to hold before it is deployed there.
        notes: What a person should know.
    """

    target: Target
    pin: Pin
    commit: str
    before: LoadedStack | None
    after: LoadedStack
    unread: str
    requirements: Requirements
    notes: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        """Whether the environment has exactly this pin already."""
        return self.target.pin == self.pin


def promotion(folder: Path, source: str, goal: str) -> Promotion:
    """Prepare a promotion, and refuse what must not go there; nothing is written.

    Args:
        folder: The stack's folder.
        source: A tag, a branch or a commit, or an environment whose release is meant.
        goal: The environment that gets it.

    Raises:
        SettingsError: The source or the goal is not there, or cannot be read; says what to type.
        StackError: The release has errors in that environment.
    """
    target = target_of(folder, goal)
    pin, notes = _pin_of(folder, source, target)
    problems: list[Problem] = []
    with base_of(folder, pin) as base:
        after = resolve(base.files, target.environment)
        problems += map(base.named, after.errors)
        commit = base.revision.commit if base.revision is not None else ""
    if problems:
        raise StackError(problems)
    before, unread = _before(folder, target)
    return Promotion(target, pin, commit, before, after, unread, requirements(folder, target.environment), tuple(notes))


def _before(folder: Path, target: Target) -> tuple[LoadedStack | None, str]:
    """Give what the environment has now: an old pin that cannot be read any more is no reason to stay on it."""
    try:
        with base_of(folder, target.pin) as base:
            loaded = resolve(base.files, target.environment)
        return loaded, ""
    except FlireoError as error:
        return None, str(error)


def _pin_of(folder: Path, source: str, target: Target) -> tuple[Pin, list[str]]:
    known = [each for each in read_targets(folder, []) if source in (each.stack, each.environment)]
    if not known:
        return pin_at(folder, source)
    first = target_of(folder, source)
    if first.stack == target.stack:
        raise SettingsError(f'promote: "{source}" is both where from and where to, two environments were expected.')
    history = History(folder)
    notes = []
    if history.line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{source}^{{commit}}"):
        notes.append(f'"{source}" is an environment and a ref of git; the environment was taken (refs/… names a ref).')
    if first.pin is not None:
        return first.pin, notes
    pin, more = pin_at(folder, "HEAD")
    changed = changed_files(folder)
    if changed:
        names = ", ".join(changed[:_NAMED]) + (f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else "")
        raise SettingsError(
            f'promote: "{first.stack}" follows the working tree, and a release is a commit, but these files are not '
            f"committed: {names}. Commit them first, or name the ref that is meant."
        )
    return pin, notes + more


def pin_at(folder: Path, ref: str) -> tuple[Pin, list[str]]:
    """Pin a ref: a tag by its name, anything else by its commit, because a branch moves on.

    Args:
        folder: The stack's folder.
        ref: A tag, a branch or a commit.

    Returns:
        The pin, and what a person should know.

    Raises:
        SettingsError: There is no such ref, or it cannot be read; says what to type.
    """
    history = History(folder)
    name = ref.removeprefix("refs/tags/")
    with at(folder, ref) as revision:
        digest = digest_of(revision.folder)
    is_tag = bool(history.line("show-ref", "--verify", f"refs/tags/{name}"))
    pin = Pin(name if is_tag else revision.commit, digest)
    notes = []
    if history.line("remote") and not history.line("for-each-ref", "--contains", revision.commit, "refs/remotes"):
        notes.append(f"{pin.ref[:12]} is on no branch of {history.remote} yet: push it, or nobody else finds it.")
    return pin, notes
