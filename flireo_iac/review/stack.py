"""The review of a stack's change: its files now against its files at a git ref, for every environment.

An environment that is pinned to a release takes its base files from there: a change reaches it through its own files
and through its pin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from flireo_iac.allow import Allowed
from flireo_iac.core.check import suggestion
from flireo_iac.errors import FlireoError, Problem, SettingsError
from flireo_iac.plan.forecast import Forecast
from flireo_iac.plan.model import Plan
from flireo_iac.plan.rails import findings
from flireo_iac.review.build import environment_review, joined
from flireo_iac.review.compare import compare_stacks
from flireo_iac.review.model import EnvironmentReview, Review
from flireo_iac.stacks.folder import StackFiles, read_folder
from flireo_iac.stacks.load import LoadedStack, resolve
from flireo_iac.stacks.prompts import TextFiles
from flireo_iac.stacks.releases import base_of
from flireo_iac.stacks.targets import Target, read_targets

_FIRST = ("prod", "live")
"""What the names of environments begin with that are shown first: what goes wrong there, people notice."""

_UNREADABLE = frozenset(("FL101", "FL102", "FL142"))
"""What is wrong with the file of an environment when part of it is not known."""

Foresee = Callable[[Plan], Forecast | None]


@dataclass(frozen=True)
class Loaded:
    """One environment of one version of a stack.

    Args:
        stack: The stack; None when it cannot be read.
        pin: The release that it runs; empty when it follows the files.
        problems: What is wrong with it.
        broken: Names of its items whose files cannot be read.
    """

    stack: LoadedStack | None
    pin: str = ""
    problems: tuple[str, ...] = ()
    broken: frozenset[str] = frozenset()


class Version:
    """A stack's files at one time, loaded in as many environments as are asked for.

    Args:
        folder: Where the files lie.
        files: The files; None when there was no stack.
        repository: The stack's folder in its git repository, where releases are.
        named: Gives a text with the files named as a person knows them.
        where: Where a stack was looked for, when there was none: ``at voice/``; empty when nobody could know.
    """

    def __init__(
        self,
        folder: Path,
        files: StackFiles | None,
        repository: Path,
        named: Callable[[str], str] = str,
        where: str = "",
    ) -> None:
        self.where = where
        self._folder = folder
        self._files = files
        self._repository = repository
        self._named = named
        self._misconfigured: list[Problem] = []
        self._texts = TextFiles(folder)
        self.targets = self._find_targets()
        """What is deployed, by the name of the Pulumi stack; empty names that of a stack without environments."""

    @property
    def is_there(self) -> bool:
        """Whether there is a stack."""
        return self._files is not None

    def _find_targets(self) -> dict[str, Target | None]:
        if self._files is None:
            return {}
        targets = read_targets(self._folder, self._misconfigured)
        if self._files.environments is None and not any(target.pin for target in targets):
            return {"": None}
        return {target.stack: target for target in targets}

    def fixed(self, name: str) -> tuple[object, ...] | None:
        """Give all that decides what a pinned environment is: its pin and its file; None for one that is not pinned."""
        target = self.targets.get(name)
        if self._files is None or target is None or target.pin is None:
            return None
        path = (self._files.environments or {}).get(target.environment or "")
        try:
            return target.pin, target.environment, path.read_bytes() if path is not None else None
        except OSError:
            return None

    def loaded(self, name: str) -> Loaded | None:
        """Load one environment; None when it is not there."""
        if self._files is None or not {name, ""} & set(self.targets):
            return None
        target = self.targets.get(name)
        environment = target.environment if target is not None else None
        wrong = [each for each in self._misconfigured if target is not None and each.file == target.place.file]
        if wrong:
            return Loaded(None, "", tuple(self._named(str(problem)) for problem in wrong))
        if target is None or target.pin is None:
            stack = resolve(self._files, environment, self._texts)
            problems = tuple(self._named(str(problem)) for problem in stack.errors)
            return Loaded(_comparable(stack), "", problems, frozenset(self._files.broken))
        try:
            with base_of(self._folder, target.pin, repository=self._repository) as base:
                stack = resolve(base.files, environment)
                problems = tuple(self._named(str(base.named(problem))) for problem in stack.errors)
                return Loaded(_comparable(stack), target.pin.ref, problems, frozenset(base.files.broken))
        except FlireoError as error:
            return Loaded(None, target.pin.ref, (str(error),))


def _comparable(stack: LoadedStack) -> LoadedStack | None:
    """Give a stack, or None when its environment cannot be read: then every item would look changed."""
    path = (stack.origins.files.environments or {}).get(stack.environment or "")
    is_broken = any(each.rule in _UNREADABLE and each.file == str(path) for each in stack.errors)
    return None if stack.origins.environment.variables is None or is_broken else stack


def now(folder: Path) -> Version:
    """Give the stack as it is in a folder.

    Raises:
        SettingsError: There is no stack.
    """
    return Version(folder, read_folder(folder), folder)


def then(folder: Path, repository: Path, named: Callable[[str], str] = str) -> Version:
    """Give the stack as it was.

    Args:
        folder: Where its files lie; there may have been no stack.
        repository: The stack's folder in its git repository.
        named: Gives a text with the files named as a person knows them.
    """
    try:
        return Version(folder, read_folder(folder), repository, named)
    except SettingsError:
        return Version(folder, None, repository, named)


def review_stack(
    before: Version,
    after: Version,
    environments: Sequence[str] = (),
    allowed: Allowed | None = None,
    foresee: Foresee = lambda plan: None,
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
    known = {**before.targets, **after.targets}
    chosen = [stack for name in environments for stack in _stacks(name, known)]
    names = dict.fromkeys(chosen or sorted(known, key=lambda name: (not name.startswith(_FIRST), name)))
    found = {
        name: EnvironmentReview(name, forecast=foresee(Plan((), 0)))
        if after.fixed(name) is not None and before.fixed(name) == after.fixed(name)
        else _environment(name, before.loaded(name), after.loaded(name), allowed or Allowed(), foresee, before)
        for name in names
    }
    reached = {name: each for name, each in found.items() if environments or each.items or each.problems or each.notes}
    untouched = [_shown(name, known.get(name)) for name in found if name not in reached and name]
    absent = f"There was no stack {before.where and f'{before.where} '}then: everything in it is new."
    notes = () if before.is_there else (absent,)
    return joined(Review(tuple(reached.values()), tuple(untouched), notes=notes))


def _stacks(name: str, known: dict[str, Target | None]) -> list[str]:
    """Give the Pulumi stacks that a name means: its own, or those that have the environment.

    A stack without environments is the same under every name.
    """
    if "" in known:
        return [name]
    found = (
        [name] if name in known else [each for each, target in known.items() if target and target.environment == name]
    )
    if not found:
        there = ", ".join(filter(None, known)) or "none"
        hint = suggestion(name, known) or "."
        raise SettingsError(f'review: environment "{name}" is not in the stack, there are: {there}{hint}')
    return found


def _shown(name: str, target: Target | None) -> str:
    return f"{name} (runs {target.pin.ref})" if target is not None and target.pin is not None else name


def _environment(
    name: str, old: Loaded | None, new: Loaded | None, allowed: Allowed, foresee: Foresee, before: Version
) -> EnvironmentReview:
    if new is None:
        gone = (
            "This environment is not in the stack any more. Nothing is deployed to it, and nothing of it is deleted: "
            "what runs there goes on until somebody destroys it."
        )
        return EnvironmentReview(name, notes=(gone,))
    notes = []
    if old is None and before.is_there:
        notes.append("This environment is new.")
    if old is not None and old.pin != new.pin:
        notes.append(
            f"It ran {old.pin or 'the files of the branch'}, and is to run {new.pin or 'those of the branch'}."
        )
    if old is not None and old.problems:
        notes.append(f"What it is compared with is not whole: {old.problems[0]}")
    if new.stack is None or (old is not None and old.stack is None):
        return EnvironmentReview(name, notes=tuple(notes), problems=new.problems)
    unread = new.broken | (old.broken if old is not None else frozenset())
    if unread:
        names = ", ".join(sorted(unread))
        notes.append(f"Left out of the comparison, because a file cannot be read: {names}.")
    earlier = _without(old.stack, unread) if old is not None and old.stack is not None else None
    return review_loaded(name, earlier, _without(new.stack, unread), allowed, foresee, notes, new.problems)


def _without(stack: LoadedStack, left_out: Set[str]) -> LoadedStack:
    """Leave items out: what cannot be read is neither new, nor changed, nor deleted."""
    return replace(stack, items={key: item for key, item in stack.items.items() if key not in left_out})


def review_loaded(
    name: str,
    before: LoadedStack | None,
    after: LoadedStack,
    allowed: Allowed | None = None,
    foresee: Foresee = lambda plan: None,
    notes: Sequence[str] = (),
    problems: Sequence[str] = (),
) -> EnvironmentReview:
    """Compare one environment of a stack with what it was.

    Args:
        name: Name of the environment.
        before: The stack as it was; None when it was not there.
        after: The stack as it will be.
        allowed: What was asked for.
        foresee: From a plan to its forecast.
        notes: What else the reader should know.
        problems: What is wrong with the stack.
    """
    compared = compare_stacks(before, after)
    return environment_review(
        name,
        compared.plan,
        findings(compared.plan, allowed or Allowed()),
        foresee(compared.plan),
        [*notes, *compared.notes],
        problems,
    )
