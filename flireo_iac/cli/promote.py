"""``flireo promote``: pins the release that an environment runs, and shows what that moves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from flireo_iac.cli import output
from flireo_iac.cli._choosing import EngineChoice
from flireo_iac.cli.releases import short

if TYPE_CHECKING:
    from flireo_iac.stacks.promotion import Promotion


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("promote")(promote)


def promote(
    source: str = typer.Argument(metavar="REF|ENV", help="A tag, branch or commit, or an environment's release."),
    environment: str = typer.Argument(metavar="ENV", help="The environment that gets it."),
    cwd: Path | None = typer.Option(
        None, "-C", "--cwd", help="Folder of the stack.", show_default="here, or the next folder above with a stack"
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Show what it moves, and write nothing."),
    engine: EngineChoice = typer.Option(EngineChoice.AUTO, "--engine", help="Which engine looks for drift."),
    as_json: bool = typer.Option(False, "-j", "--json", help="Print one JSON document."),
) -> None:
    """Pin a release for an environment: one line of Pulumi.<env>.yaml. Nothing is deployed, no file is copied."""
    from flireo_iac.cli._gates import stop_what_is_not_met
    from flireo_iac.stacks.folder import stack_folder
    from flireo_iac.stacks.pinning import write_pin
    from flireo_iac.stacks.promotion import promotion

    folder = stack_folder(cwd)
    found = promotion(folder, source, environment)
    if found.is_done:
        _print(found, as_json=as_json, is_written=False)
        output.note(f"{found.target.stack} has {_short(str(found.pin))} already.")
        return
    stop_what_is_not_met("promote", folder, found.target, found.pin, found.requirements, engine)
    path = Path(found.target.place.file)
    if not dry_run:
        write_pin(path, found.pin)
    _print(found, as_json=as_json, is_written=not dry_run)
    for text in found.notes:
        output.note(f"note: {text}")
    if dry_run:
        output.note(f"Nothing was written. {path} would say: flireo:release: {found.pin}")
        return
    output.note(f"{path}: flireo:release: {found.pin}")
    output.note(f"Next: commit it; {found.target.stack} runs it after flireo up -s {found.target.stack}.")


def _print(found: Promotion, *, as_json: bool, is_written: bool) -> None:
    from flireo_iac.cli._reviewing import Format, review_promotion, show
    from flireo_iac.review.document import document

    old = str(found.target.pin) if found.target.pin is not None else None
    review = review_promotion(found)
    if as_json:
        output.data_json(
            {
                "stack": found.target.stack,
                "environment": found.target.environment,
                "from": old,
                "to": str(found.pin),
                "commit": found.commit,
                "is_written": is_written,
                "review": document(review),
            }
        )
        return
    output.data(f"{found.target.stack}: {_short(old) if old else 'working tree'} -> {_short(str(found.pin))}")
    if found.unread:
        output.note(f"warning: what it runs now cannot be read: {found.unread}")
        return
    show(review, Format.TEXT)


def _short(pin: str) -> str:
    ref, _, digest = pin.rpartition("@sha256:")
    return f"{short(ref)} ({digest[:12]})"
