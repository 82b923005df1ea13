"""The review of a stack's change: its files now against its files at a git ref, in every environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from flireo_iac.allow import Allowed
from flireo_iac.core.check import suggestion
from flireo_iac.errors import SettingsError
from flireo_iac.plan.forecast import Forecast
from flireo_iac.plan.model import Plan
from flireo_iac.plan.rails import findings
from flireo_iac.review.build import environment_review, joined
from flireo_iac.review.compare import compare_stacks
from flireo_iac.review.model import EnvironmentReview, Review
from flireo_iac.stacks.folder import StackFiles, read_folder
from flireo_iac.stacks.load import LoadedStack, resolve
from flireo_iac.stacks.prompts import TextFiles

_FIRST = ("prod", "live")
"""What the names of environments begin with that are shown first: what goes wrong there, people notice."""


class Version:
    """A stack's files at one time, loaded in as many environments as are asked for.

    Args:
        folder: Where the files lie.
        files: The files; None when there was no stack.
    """

    def __init__(self, folder: Path, files: StackFiles | None) -> None:
        self.folder = folder
        self._files = files
        self._texts = TextFiles(folder)

    @property
    def is_there(self) -> bool:
        """Whether there is a stack."""
        return self._files is not None

    @property
    def environments(self) -> list[str | None]:
        """The names of the environments; one None for a stack without any."""
        if self._files is None:
            return []
        return [None] if self._files.environments is None else [*sorted(self._files.environments)]

    def loaded(self, environment: str | None) -> LoadedStack | None:
        """Load one environment; None when it is not there."""
        if self._files is None or environment not in self.environments:
            return None
        return resolve(self._files, environment, self._texts)


def now(folder: Path) -> Version:
    """Give the stack as it is in a folder.

    Raises:
        SettingsError: There is no stack.
    """
    return Version(folder, read_folder(folder))


def then(folder: Path) -> Version:
    """Give the stack as it was, in a folder where there may have been none."""
    try:
        return Version(folder, read_folder(folder))
    except SettingsError:
        return Version(folder, None)


def review_stack(
    before: Version,
    after: Version,
    environments: Sequence[str] = (),
    allowed: Allowed | None = None,
    foresee: Callable[[Plan], Forecast | None] = lambda plan: None,
) -> Review:
    """Compare two versions of a stack.

    Args:
        before: What was deployed, or will have been.
        after: What is proposed.
        environments: Names of environments; none means each one that the change reaches.
        allowed: What was asked for.
        foresee: From a plan to its forecast.

    Raises:
        SettingsError: One of the environments is not there.
    """
    known = list(dict.fromkeys([*after.environments, *before.environments]))
    names = [each or "" for each in known]
    for name in environments:
        if name not in names:
            there = ", ".join(filter(None, names)) or "none"
            hint = suggestion(name, names) or "."
            raise SettingsError(f'review: environment "{name}" is not in the stack, there are: {there}{hint}')
    chosen = [*environments] if environments else sorted(names, key=lambda name: (not name.startswith(_FIRST), name))
    found = [_environment(name, before, after, allowed or Allowed(), foresee) for name in dict.fromkeys(chosen)]
    reached = [each for each in found if environments or each.items or each.problems or each.notes]
    untouched = [each.name for each in found if each not in reached and each.name]
    notes = () if before.is_there else ("There was no stack before: everything in it is new.",)
    return joined(Review(tuple(reached), tuple(untouched), notes=notes))


def _environment(
    name: str, before: Version, after: Version, allowed: Allowed, foresee: Callable[[Plan], Forecast | None]
) -> EnvironmentReview:
    old, new = before.loaded(name or None), after.loaded(name or None)
    if new is None:
        gone = (
            "This environment is not in the stack any more. Nothing is deployed to it, and nothing of it is deleted: "
            "what runs there goes on until somebody destroys it."
        )
        return EnvironmentReview(name, notes=(gone,))
    compared = compare_stacks(old, new)
    notes = [*compared.notes]
    if old is None and before.is_there:
        notes.append("This environment is new.")
    if old is not None and old.errors:
        notes.append(f"What it is compared with has {len(old.errors)} errors of its own, so this may not be whole.")
    return environment_review(
        name,
        compared.plan,
        findings(compared.plan, allowed),
        foresee(compared.plan),
        notes,
        [str(problem) for problem in new.errors],
    )
