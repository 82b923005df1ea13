"""What the commands on a stack share: which engine runs them, and how a person is asked."""

from __future__ import annotations

import shutil
import sys
from enum import StrEnum

from flireo_iac.cli import output
from flireo_iac.errors import EngineError, ExitCode, SettingsError


class EngineChoice(StrEnum):
    """Which engine runs a command."""

    AUTO = "auto"
    PULUMI = "pulumi"
    LOCAL = "local"


def pulumi_program(engine: EngineChoice) -> str | None:
    """Say which engine runs, and give the path of the program; None when the local engine runs.

    Raises:
        SettingsError: The program is to run and is not there.
    """
    program = shutil.which("pulumi")
    if engine is EngineChoice.LOCAL or (engine is EngineChoice.AUTO and program is None):
        output.note("engine: local")
        return None
    if program is None:
        raise SettingsError("--engine pulumi: the pulumi program is not on PATH. Install it, or use --engine local.")
    output.note("engine: pulumi")
    return program


def must_ask(verb: str, *, yes: bool, as_json: bool) -> bool:
    """Tell whether a person has to agree.

    Raises:
        SettingsError: A person has to, and there is none.
    """
    if yes:
        return False
    if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        why = "--json asks nothing" if as_json else "there is no terminal to ask at"
        raise SettingsError(f"{verb}: needs a yes, and {why}. Add --yes to go on without a question.")
    return True


def ask(question: str) -> None:
    """Ask a person.

    Raises:
        EngineError: The answer is not yes.
    """
    output.stderr.print(f"{question} \\[y/N] ", end="")
    answer = sys.stdin.readline().strip().lower()
    if answer not in ("y", "yes"):
        raise EngineError("nothing was done.", exit_code=ExitCode.CANCELLED)
