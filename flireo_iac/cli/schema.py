"""``flireo schema``: JSON Schemas of stack files, for editors."""

from __future__ import annotations

from pathlib import Path

import typer

from flireo_iac.cli import output
from flireo_iac.errors import SettingsError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schema")(schema)


def schema(
    kind: str | None = typer.Argument(
        None, help="Name of a kind, such as agent, or environment, config or smoke_test; default all."
    ),
    out: Path | None = typer.Option(None, "--out", help="Folder to write the schemas to, one file each."),
) -> None:
    """Print the JSON Schema of a kind's files, or write all of them for an editor."""
    from flireo_iac.core.check import suggestion
    from flireo_iac.stacks.init import write_schemas
    from flireo_iac.stacks.schema import schemas

    known = schemas()
    if kind is not None and kind not in known:
        hint = suggestion(kind, known) or f", expected one of {', '.join(known)}."
        raise SettingsError(f'schema "{kind}": there is no such kind{hint}')
    chosen = known if kind is None else {kind: known[kind]}
    if out is not None:
        try:
            written = write_schemas(out, chosen)
        except OSError as error:
            raise SettingsError(f'schema "{out}": {error.strerror}. Name a folder that can be written.') from None
        for path in written:
            output.data(str(path))
    else:
        output.data_json(chosen if kind is None else chosen[kind])
