"""What it takes to let the ``pulumi`` program run a command in place of the local engine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from flireo_iac.engine.files.project import choose_stack, load_project
from flireo_iac.errors import EngineError, ExitCode, SettingsError

_TIMEOUT_S = 120


def named_stack(folder: Path, named: str | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """Give the stack that is meant; None leaves it to the stack that ``pulumi`` has selected.

    Args:
        folder: Folder of the project.
        named: What the command line says; None when it says nothing.
        environment: Environment variables.
    """
    if named:
        return named
    try:
        return choose_stack(load_project(folder), None, environment)
    except SettingsError:
        return None


def ensure_stack(program: str, folder: Path, stack: str) -> None:
    """Make a stack that is not there, as the local engine does; ``pulumi`` itself makes one only at a terminal.

    Args:
        program: Path of the program.
        folder: Folder of the project.
        stack: Name of the stack.

    Raises:
        EngineError: The program cannot make it, or does not end.
    """
    found = run_program(program, "stack", "--stack", stack, "--show-name", "--cwd", str(folder))
    if found.returncode != ExitCode.STACK_NOT_FOUND:
        return
    made = run_program(program, "stack", "init", stack, "--cwd", str(folder))
    if made.returncode:
        raise EngineError(
            f'make stack "{stack}": {made.stderr.strip() or "pulumi does not say why"}', exit_code=made.returncode
        )


def exported(program: str, folder: Path, stack: str | None) -> bytes | None:
    """Give a stack's state as ``pulumi`` prints it; None when it cannot, which the command itself will say better.

    Args:
        program: Path of the program.
        folder: Folder of the project.
        stack: Name of the stack; None for the one that ``pulumi`` has selected.

    Raises:
        EngineError: The program does not end.
    """
    named = ["--stack", stack] if stack else []
    done = run_program(program, "stack", "export", *named, "--cwd", str(folder))
    return done.stdout.encode() if done.returncode == ExitCode.DONE else None


def run_program(
    program: str,
    *arguments: str,
    content: str = "",
    environment: Mapping[str, str] | None = None,
    timeout_s: float = _TIMEOUT_S,
) -> subprocess.CompletedProcess[str]:
    """Run a command of the program, which is not to ask anything.

    Args:
        program: Path of the program.
        arguments: The command and its options.
        content: What it reads.
        environment: Environment variables; None for those of this process.
        timeout_s: Seconds after which it is ended.

    Raises:
        EngineError: It has not ended by then.
    """
    try:
        return subprocess.run(
            [program, *arguments, "--non-interactive"],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env=None if environment is None else dict(environment),
            input=content,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(
            f"pulumi {' '.join(arguments)}: has not ended after {timeout_s:g} s and was stopped, an end was expected. "
            "Run that command by itself to see what it waits for."
        ) from None
