"""``flireo config set``: one value of a stack's configuration, in clear or as a secret."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from flireo_iac.cli import output
from flireo_iac.errors import SettingsError


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(help="Configuration of a stack, in Pulumi.<stack>.yaml.", no_args_is_help=True)
    group.command("set")(set_value)
    # One command would otherwise take the place of the group.
    group.callback()(lambda: None)
    app.add_typer(group, name="config")


def set_value(
    key: str = typer.Argument(help="Such as flireo:apiKey; without a colon it belongs to the project."),
    value: str | None = typer.Argument(None, help="The value; left out, it is read from standard input."),
    secret: bool = typer.Option(False, "--secret", help="Encrypt it with the passphrase of the stack."),
    stack: str | None = typer.Option(None, "-s", "--stack", help="Name of the stack."),
    cwd: Path = typer.Option(Path(), "-C", "--cwd", help="Folder of the stack.", show_default="here"),
) -> None:
    """Set one value of a stack. A secret is better given on standard input: a command line stays in the history."""
    from flireo_iac.engine.files import config
    from flireo_iac.engine.files.backend import Backend, find_root
    from flireo_iac.engine.files.keys import Keys
    from flireo_iac.engine.files.project import choose_stack, load_project

    project = load_project(cwd)
    name = choose_stack(project, stack, os.environ)
    if value is None:
        if sys.stdin.isatty():
            value = typer.prompt(f"Value of {key}", hide_input=secret, err=True)
        else:
            value = sys.stdin.read().removesuffix("\n")
    if not value and secret:
        raise SettingsError(f"config {key}: the value is empty, expected a secret. Give it on standard input.")
    keys = Keys(project, name, os.environ)
    if secret:
        keys.start(Backend(find_root(project, os.environ), project.name, name))
    config.set_value(keys.stack_config, config.full_key(project, key), value, keys.for_writing() if secret else None)
    output.note(f"{keys.stack_config.path.name}: {key} is set.")
