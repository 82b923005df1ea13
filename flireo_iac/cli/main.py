"""The ``flireo`` command: finds the commands, runs one, turns an error into a line and an exit code.

Each module of this package that has a function ``register(app)`` brings one command or a few; one whose name begins
with an underscore is loaded by a command when it needs it. Decisions live in
the packages below; a command parses, calls, prints and exits.
"""

from __future__ import annotations

import importlib
import pkgutil
import signal
import sys
import threading

import typer

from flireo_iac import __version__, cli
from flireo_iac.cli import output
from flireo_iac.errors import ExitCode, FlireoError, RailError, StackError

app = typer.Typer(
    name="flireo",
    help="Voice agents, tools, numbers and trunks of a Flireo account, kept in git.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(value: bool) -> None:
    if value:
        output.data(f"flireo {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    del version


def register_commands() -> None:
    """Find the commands and add them to ``app``; to be called once."""
    for module in sorted(pkgutil.iter_modules(cli.__path__), key=lambda found: found.name):
        if not module.name.startswith("_") and module.name != "main":
            register = getattr(importlib.import_module(f"{cli.__name__}.{module.name}"), "register", None)
            if register is not None:
                register(app)


def main() -> None:
    """Run the command line; every error a user can cause becomes one line and its exit code."""
    output.steady_streams()
    try:
        _interrupt_when_ended()
        register_commands()
        app()
    except StackError as error:
        for problem in error.problems:
            output.problem(problem)
        sys.exit(error.exit_code)
    except RailError as error:
        for text in error.texts:
            output.error(text)
        sys.exit(error.exit_code)
    except FlireoError as error:
        output.error(str(error))
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, SystemExit) as stopped:
        if not _is_interrupt(stopped):
            raise
        output.error("cancelled.")
        sys.exit(ExitCode.CANCELLED)


def _interrupt_when_ended() -> None:
    """Let SIGTERM and a closed terminal do what Ctrl-C does; what ``nohup`` ignores stays ignored."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, signal.default_int_handler)


def _is_interrupt(stopped: BaseException) -> bool:
    """Tell whether a command was interrupted: typer makes an exit of its own of that."""
    cause = stopped.__context__.__cause__ if stopped.__context__ is not None else None
    return isinstance(stopped, KeyboardInterrupt) or isinstance(cause, KeyboardInterrupt)
