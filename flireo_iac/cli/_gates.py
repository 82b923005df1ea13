"""What ``require`` of an environment asks for: sound files, passing tests, an account that did not move, a command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from flireo_iac.cli import output
from flireo_iac.cli._choosing import EngineChoice
from flireo_iac.errors import ExitCode, RailError, StackError
from flireo_iac.lint.report import examine_base
from flireo_iac.stacks.environment import Requirement, Requirements, requirements
from flireo_iac.stacks.gates import unmet_after
from flireo_iac.stacks.releases import Base, Pin, base_of
from flireo_iac.stacks.targets import Target, read_targets

RELEASE_VARIABLE = "FLIREO_RELEASE"
ENVIRONMENT_VARIABLE = "FLIREO_ENVIRONMENT"


def obey(operation: str, folder: Path, stack: str | None, engine: EngineChoice) -> None:
    """Stop a run unless everything holds that its environment requires.

    Args:
        operation: What is stopped, such as ``up``.
        folder: Folder of the project.
        stack: Name of the Pulumi stack; None for the one that is selected or the only one.
        engine: Which engine runs.

    Raises:
        RailError: Something does not hold.
        SettingsError: The release of the stack cannot be read.
    """
    from flireo_iac.engine.hand_over import named_stack

    name = named_stack(folder, stack)
    target = next((each for each in read_targets(folder, []) if each.stack == name), None)
    if target is None:
        return
    required = requirements(folder, target.environment)
    stop_what_is_not_met(operation, folder, target, target.pin, required, engine)


def stop_what_is_not_met(
    operation: str,
    folder: Path,
    target: Target,
    pin: Pin | None,
    required: Requirements,
    engine: EngineChoice,
) -> None:
    """Stop a promotion or a run unless everything holds that the environment requires; all of it is looked at.

    Args:
        operation: What is stopped, such as ``promote``.
        folder: The stack's folder.
        target: Where it goes.
        pin: The release that goes there; None for the working tree.
        required: What has to hold.
        engine: Which engine looks at what is deployed.

    Raises:
        RailError: Something does not hold; says what, and where it is asked for.
        SettingsError: The release cannot be read.
    """
    found = []
    if required.after is not None and (early := unmet_after(folder, required.after, pin)) is not None:
        found.append(f"{operation} {target.stack}: {early.text} ({required.after.place}).")
    if required.requires:
        with base_of(folder, pin) as base:
            found += _all_unmet(operation, folder, target, base, required.requires, engine)
    if found:
        raise RailError(found)


def _all_unmet(
    operation: str,
    folder: Path,
    target: Target,
    base: Base,
    requires: Sequence[Requirement],
    engine: EngineChoice,
) -> list[str]:
    found = []
    for each in requires:
        output.note(f"require {each.what}{f': {each.detail}' if each.detail else ''} ...")
        found += [
            f"{operation} {target.stack}: require {each.what}: {text} ({each.place})."
            for text in _unmet(each, folder, target, base, engine)
        ]
    return found


def _unmet(required: Requirement, folder: Path, target: Target, base: Base, engine: EngineChoice) -> Iterator[str]:
    if required.what == "validate":
        found = examine_base(base, [target.environment], is_whole=False).problems
        for problem in found:
            output.problem(problem)
        if found:
            yield f"the files have {len(found)} problem{'s' * (len(found) > 1)}, none was expected. Mend them first"
    elif required.what == "smoke-tests":
        yield from _smoke_tests(target, base)
    elif required.what == "drift-free":
        yield from _drift(folder, target, engine)
    else:
        code = _run(required.detail, folder, target, base.release)
        if code:
            yield f'"{required.detail}" ended with {code}, 0 was expected. Mend what it tells'


def _smoke_tests(target: Target, base: Base) -> Iterator[str]:
    """Run the tests of what is to be deployed, offline; without one the gate does not hold."""
    from flireo_iac.cli._testing import run_gate

    try:
        failed = run_gate(base, target)
    except StackError as error:
        for problem in error.problems:
            output.problem(problem)
        count = len(error.problems)
        yield f"the tests cannot be run, they or the files have {count} problem{'s' * (count > 1)}. Mend them first"
        return
    if failed is None:
        yield "there is no test of an answered call of what is deployed here, one was expected in tests/. Write one"
    elif failed:
        names = ", ".join(failed)
        release = f" --release {base.pin.ref}" if base.pin is not None else ""
        yield f"{names} did not pass. Run: flireo test {' '.join(failed)} -s {target.stack}{release}"


def _drift(folder: Path, target: Target, engine: EngineChoice) -> Iterator[str]:
    command = [sys.executable, "-m", "flireo_iac.cli", "drift"]
    done = subprocess.run(
        [*command, "--engine", engine, "--stack", target.stack, "--cwd", str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in (ExitCode.DONE, ExitCode.STACK_NOT_FOUND):  # what was never deployed cannot have moved
        return
    sys.stderr.write(done.stdout + done.stderr)
    if done.returncode == ExitCode.DIFFERENCES:
        yield f"somebody changed what is deployed. Look at it with: flireo drift -s {target.stack}"
    else:
        yield f"the account could not be looked at (exit {done.returncode}, see above). Mend that first"


def _run(command: str, folder: Path, target: Target, release: str) -> int:
    environment = {**os.environ, RELEASE_VARIABLE: release, ENVIRONMENT_VARIABLE: target.environment or target.stack}
    done = subprocess.run(
        ["/bin/sh", "-c", command],  # as in a pipeline; it is written in the stack, as its program is
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=2,
        check=False,
    )
    return done.returncode
