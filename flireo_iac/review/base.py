"""What a change is compared with when nobody says it: where the branch left the one that it goes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flireo_iac.errors import SettingsError
from flireo_iac.stacks.history import History

_BRANCHES = {
    "GITHUB_BASE_REF": "GitHub",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "GitLab",
    "SYSTEM_PULLREQUEST_TARGETBRANCH": "Azure Pipelines",
}
"""Variables in which a pipeline for a pull request finds the branch that it goes to."""
_DIFF_BASE = "CI_MERGE_REQUEST_DIFF_BASE_SHA"
"""GitLab's own answer to the question. Source: GitLab, "Predefined variables for merge request pipelines"."""


@dataclass(frozen=True)
class Base:
    """What a change is compared with.

    Args:
        ref: A ref that the clone holds.
        why: How it was found, for people.
    """

    ref: str
    why: str


def default_base(history: History, environ: Mapping[str, str]) -> Base:
    """Find what a change is compared with.

    Args:
        history: The repository of the stack.
        environ: Environment variables.

    Raises:
        SettingsError: The clone does not reach back that far, or there is nothing to compare with; says what to type.
    """
    if environ.get(_DIFF_BASE):
        return Base(environ[_DIFF_BASE], f"the base of the merge request, {_DIFF_BASE}")
    for variable in _BRANCHES:
        branch = environ.get(variable, "").removeprefix("refs/heads/")
        if branch:
            return _branch_point(history, branch, f"{variable}={branch}")
    is_changed = bool(history.line("status", "--porcelain", "--", "."))
    head = history.line("rev-parse", "--abbrev-ref", f"{history.remote}/HEAD")
    if head and head != f"{history.remote}/HEAD":
        commit = history.line("merge-base", head, "HEAD")
        if commit and commit != history.line("rev-parse", "HEAD"):
            return Base(commit, f"where this branch left {head}")
    if is_changed:
        return Base("HEAD", "the last commit, because there are changes that are not committed")
    if history.line("rev-parse", "--verify", "--quiet", "HEAD~1^{commit}"):
        return Base("HEAD~1", "the commit before the last one")
    if history.is_shallow:
        raise SettingsError(
            "review: there is nothing to compare with, no change and no earlier commit in this shallow clone. "
            f"Run: git fetch --deepen=50 {history.remote}, or name a base with --base."
        )
    return Base("HEAD", "the only commit, and nothing has changed since")


def _branch_point(history: History, branch: str, why: str) -> Base:
    remote = f"{history.remote}/{branch}"
    target = history.commit(remote if history.line("rev-parse", "--verify", "--quiet", remote) else branch)
    commit = history.line("merge-base", target, "HEAD")
    if commit:
        return Base(commit, f"where this branch left {branch} ({why})")
    how = f"git fetch --unshallow {history.remote}" if history.is_shallow else f"git fetch {history.remote} {branch}"
    raise SettingsError(
        f'review: this clone does not reach back to where the branch left "{branch}" ({why}). Run: {how} '
        "(in GitHub Actions: fetch-depth: 0 for actions/checkout), or name a base with --base."
    )


def prefix_then(history: History, commit: str) -> str | None:
    """Find where a stack stood at a commit; a folder that was moved is found by its ``Pulumi.yaml``.

    Args:
        history: The repository of the stack.
        commit: Id of the commit.

    Returns:
        Path of its folder in the repository, with a slash at the end, empty for the top; None when it was not there.
    """
    if history.succeeds("rev-parse", "--verify", "--quiet", f"{commit}:{history.prefix}Pulumi.yaml"):
        return history.prefix
    options = ("--no-ext-diff", "--find-renames", "--name-status", "--diff-filter=R", "-z")
    told = history.paths("diff", *options, commit, "--", ":(top,glob)**/Pulumi.yaml")
    moves = dict(zip(told[2::3], told[1::3], strict=False))
    old = moves.get(f"{history.prefix}Pulumi.yaml")
    if old is not None:
        return old.removesuffix("Pulumi.yaml")
    is_there = history.succeeds("rev-parse", "--verify", "--quiet", f"{commit}:{history.prefix.rstrip('/')}")
    return history.prefix if is_there else None
