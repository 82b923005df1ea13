"""Runs the smoke tests that were asked for, and tells what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from flireo_iac.cli import output
from flireo_iac.cli._calling import clean, line_of
from flireo_iac.core.check import suggestion
from flireo_iac.errors import EmulatorError, ExitCode, FlireoError, Problem, SettingsError, StackError
from flireo_iac.lint import smoke_tests as lint
from flireo_iac.stacks.folder import TESTS, stack_folder
from flireo_iac.stacks.load import LoadedStack, resolve
from flireo_iac.stacks.promotion import pin_at
from flireo_iac.stacks.releases import Base, base_of
from flireo_iac.stacks.smoke_tests import SmokeTest, read_tests
from flireo_iac.stacks.targets import Target, read_targets, target_of
from flireo_iac.stacks.values import Place

if TYPE_CHECKING:
    from flireo_iac.cli._testing_live import Live
    from flireo_iac.smoke.model import Failure, Outcome


@dataclass(frozen=True)
class Asked:
    """What was asked for.

    Args:
        cwd: Folder of the stack; None for here, or the next folder above with a stack.
        stack: Name of the stack or of its environment; None for the only one.
        names: Tests to run; none means all.
        release: Git ref whose tests and agents are run; None for what the stack runs.
        changed: True for those that a change touches.
        base: What the change is compared with; None to find it.
        live: How real calls are placed; None for none.
        report: File of the JUnit report; None for none.
        as_json: True prints one document.
    """

    cwd: Path | None
    stack: str | None
    names: tuple[str, ...]
    release: str | None
    changed: bool
    base: str | None
    live: Live | None
    report: Path | None
    as_json: bool


def run(asked: Asked) -> None:
    """Run tests; the command ends here when one of them does not pass.

    Raises:
        FlireoError: The tests cannot be run; says why.
    """
    folder = stack_folder(asked.cwd)
    target = _target(folder, asked.stack)
    began = datetime.now(UTC)
    pin = target.pin if asked.release is None else pin_at(folder, asked.release)[0]
    with base_of(folder, pin) as base:
        stack, tests = tests_of(base, target.environment)
        chosen = _named(tests, asked.names, base.files.folder)
        if asked.changed:
            chosen = _touched(folder, asked.base, target, stack, chosen)
        if asked.report is not None:
            _prove_writable(asked.report)
        outcomes: list[Outcome] = []
        try:
            for outcome in _outcomes(folder, asked, target, stack, chosen):
                outcomes.append(_as_named(base, outcome))
                if not asked.as_json:
                    _print(outcomes[-1])
        except (FlireoError, KeyboardInterrupt):
            if outcomes:
                _tell(asked, target, outcomes, began)
            raise
    _tell(asked, target, outcomes, began)
    _exit(outcomes)


def run_gate(base: Base, target: Target) -> list[str] | None:
    """Run all tests of a release offline, and tell of those that do not pass.

    Args:
        base: Its base files, open.
        target: Where it goes.

    Returns:
        Names of the tests that do not pass; None when there is no test of an answered call.

    Raises:
        StackError: The stack or one of its tests is wrong.
        EmulatorError: What the emulator needs is not installed.
    """
    stack, tests = tests_of(base, target.environment)
    here = [test for test in tests if test.agent in stack.items]
    if not any(test.asked.picks_up in (None, "person") for test in here):
        return None
    failed = []
    for outcome in offline(stack, here):
        if outcome.status != "passed":
            failed.append(outcome.name)
            named = _as_named(base, outcome)
            for text in filter(None, (named.reason, *map(str, named.failures))):
                output.note(f"{outcome.name}: {clean(text)}")
    return failed


def tests_of(base: Base, environment: str | None) -> tuple[LoadedStack, list[SmokeTest]]:
    """Read the tests of a stack.

    Args:
        base: Its base files, open.
        environment: Name of the environment; None for a stack without environments.

    Raises:
        StackError: The stack or one of its tests is wrong; holds every problem.
    """
    stack = resolve(base.files, environment)
    problems: list[Problem] = list(stack.errors)
    tests = read_tests(stack, problems)
    problems += [found.problem for test in tests for found in lint.of_test(stack, test)]
    if problems:
        raise StackError([base.named(problem) for problem in sorted(set(problems))])
    return stack, tests


def _target(folder: Path, name: str | None) -> Target:
    targets = read_targets(folder, [])
    if name is not None and targets:
        return target_of(folder, name)
    if len(targets) > 1:
        names = ", ".join(each.stack for each in targets)
        raise SettingsError(f"test: the stacks are {names}, one was expected. Name it with -s.")
    return targets[0] if targets else Target(name or "", None, None, Place(str(folder)))


def _named(tests: Sequence[SmokeTest], names: Sequence[str], folder: Path) -> list[SmokeTest]:
    if not tests:
        where = folder / TESTS
        raise SettingsError(f'test: "{where}" holds no test, files such as {where}/greeting.yaml were expected.')
    known = {test.name: test for test in tests}
    bare = [Path(name).stem if name.endswith((".yaml", ".yml")) else name for name in names]
    for name in bare:
        if name not in known:
            hint = suggestion(name, known) or f", there are: {', '.join(known)}."
            raise SettingsError(f'test "{name}": the stack has no such test{hint}')
    return [test for test in tests if not bare or test.name in bare]


def _touched(
    folder: Path, ref: str | None, target: Target, stack: LoadedStack, tests: list[SmokeTest]
) -> list[SmokeTest]:
    from flireo_iac.cli._reviewing import version_before
    from flireo_iac.review.stack import now
    from flireo_iac.smoke.changed import touched

    with ExitStack() as opened:
        before, shown = version_before(folder, ref, opened)
        after = now(folder)
        if after.fixed(target.stack) is not None and after.fixed(target.stack) == before.fixed(target.stack):
            chosen: list[SmokeTest] = []
        else:
            loaded = before.loaded(target.stack)
            chosen = touched(loaded.stack if loaded is not None else None, stack, tests)
    output.note(f"changed since {shown}: {len(chosen)} of {len(tests)} tests.")
    return chosen


def _outcomes(
    folder: Path, asked: Asked, target: Target, stack: LoadedStack, tests: Sequence[SmokeTest]
) -> Iterator[Outcome]:
    from flireo_iac.smoke.model import without_call

    here = [test for test in tests if test.agent in stack.items]
    for test in tests:
        if test not in here:
            where = stack.origins.environment.words
            yield without_call(test, "skipped", f"{test.agent} is left out in {where}")
    if asked.live is None:
        yield from offline(stack, here)
    elif here:
        from flireo_iac.cli._testing_live import live

        yield from live(folder, target, here, asked.live, as_json=asked.as_json)


def offline(stack: LoadedStack, tests: Sequence[SmokeTest]) -> Iterator[Outcome]:
    """Run tests against an emulator.

    Args:
        stack: The stack in one environment, without errors.
        tests: Tests of agents that are in it.

    Raises:
        EmulatorError: What the emulator needs is not installed.
    """
    try:
        from flireo_iac.smoke.offline import run_offline
    except ModuleNotFoundError as error:
        raise EmulatorError(
            f"test: the package {error.name} is not installed, offline tests need the emulator. "
            "Run: pip install 'flireo_iac[emulator]'."
        ) from None
    yield from run_offline(stack, tests)


_WORDS = {"passed": "passed ", "failed": "FAILED ", "error": "ERROR  ", "skipped": "skipped"}


def _as_named(base: Base, outcome: Outcome) -> Outcome:
    """Name files of a release with its ref: the folder that it was read from is gone soon."""
    if base.revision is None:
        return outcome
    named = base.revision.named

    def of(found: Failure) -> Failure:
        return replace(found, place=replace(found.place, file=named(found.place.file)))

    return replace(
        outcome,
        place=replace(outcome.place, file=named(outcome.place.file)),
        failures=tuple(map(of, outcome.failures)),
        unjudged=tuple(map(of, outcome.unjudged)),
    )


def _print(outcome: Outcome) -> None:
    call = outcome.call
    facts = [outcome.name, outcome.agent]
    if call is not None and call.duration_seconds is not None:
        facts.append(f"{call.duration_seconds:g} s")
    if outcome.cost is not None:
        facts.append(f"{outcome.cost:.2f} euro")
    output.data(f"{_WORDS[outcome.status]}  {clean('  '.join(facts))}")
    if outcome.reason:
        output.data(f"  {clean(outcome.reason)}")
    for each in outcome.failures:
        output.data(f"  {clean(str(each))}")
    if outcome.status == "failed" and call is not None:
        for number, said in enumerate(call.messages or (), 1):
            output.data(f"    {number:>3} {line_of(said)}")
    for each in outcome.unjudged:
        output.data(f"  not judged: {clean(str(each))}")


def _prove_writable(report: Path) -> None:
    """Find out that a report cannot be written before calls are paid for."""
    is_new = not report.exists()
    try:
        report.open("a").close()
        if is_new:
            report.unlink()
    except OSError as error:
        raise _unwritable(report, error) from None


def _unwritable(report: Path, error: OSError) -> SettingsError:
    return SettingsError(
        f'write JUnit report "{report}": {error.strerror}. Name a file that can be written with --junit.'
    )


def _tell(asked: Asked, target: Target, outcomes: Sequence[Outcome], began: datetime) -> None:
    """Write what became of the tests so far, in every form that was asked for."""
    mode = "live" if asked.live is not None else "offline"
    if asked.as_json:
        from flireo_iac.smoke.document import document

        output.data_json(document(outcomes, target.stack, mode))
    else:
        output.note(summary(outcomes, f"{target.stack}, {mode}".strip(", ")))
    if asked.report is not None:
        from flireo_iac.smoke.junit import junit

        try:
            asked.report.write_text(junit(outcomes, target.stack, began) + "\n", encoding="utf-8")
        except OSError as error:
            raise _unwritable(asked.report, error) from None
        output.note(f"written: {asked.report}")


def _exit(outcomes: Sequence[Outcome]) -> None:
    counts = Counter(each.status for each in outcomes)
    if any(each.is_refused for each in outcomes):
        raise typer.Exit(ExitCode.AUTHENTICATION)
    if counts["error"]:
        raise typer.Exit(ExitCode.RESOURCE)
    if counts["failed"] or any(each.is_cut_off for each in outcomes):
        raise typer.Exit(ExitCode.FAILED)


def summary(outcomes: Sequence[Outcome], where: str) -> str:
    """Count outcomes in a sentence."""
    counts = Counter(each.status for each in outcomes)
    found = [f"{counts[status]} {status}" for status in ("passed", "failed", "error", "skipped") if counts[status]]
    cost = sum((each.cost or Decimal(0) for each in outcomes), Decimal(0))
    spent = f", {cost:.2f} euro" if any(each.cost is not None for each in outcomes) else ""
    return f"{len(outcomes)} test{'s' * (len(outcomes) != 1)} ({where}): {', '.join(found) or 'none to run'}{spent}."
