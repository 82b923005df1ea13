"""``flireo drift``: what the repository says, what was deployed last and what the account holds, field by field."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from flireo_iac.cli._choosing import EngineChoice
from flireo_iac.errors import ExitCode, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flireo_iac.cli._drifting import Drifting
    from flireo_iac.cli._reviewing import Format, Limit
    from flireo_iac.drift.accepting import Accepted
    from flireo_iac.drift.choice import Selector
    from flireo_iac.drift.model import Drift


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("drift")(drift)


def drift(
    cwd: Path | None = typer.Option(
        None, "-C", "--cwd", help="Folder of the stack.", show_default="here, or the next folder above with a stack"
    ),
    stack: str | None = typer.Option(None, "-s", "--stack", help="Stack, and its environment; the only one."),
    only: list[str] | None = typer.Option(
        None, "--only", metavar="ITEM|FIELD", help='Look at these, such as agents.desk or "agents.*". Repeatable.'
    ),
    accept: list[str] | None = typer.Option(
        None,
        "--accept",
        metavar="FIELD",
        help="Write what the account says into the files: a field, or an item for all that moved. Repeatable.",
    ),
    ignore: str | None = typer.Option(
        None, "--ignore", metavar="FIELD", help="Write into the item's file that its drift does not count."
    ),
    reason: str = typer.Option("", "--reason", metavar="TEXT", help="Why; needed by --ignore."),
    unmanaged: bool = typer.Option(
        False, "--unmanaged", help="Also what the account holds and no stack of this repository owns."
    ),
    form: str = typer.Option("text", "--format", metavar="FORMAT", help="text, md, html or json."),
    as_json: bool = typer.Option(False, "-j", "--json", help="The same as --format json."),
    target: Path | None = typer.Option(None, "-o", "--output", metavar="FILE", help="Write here, not to stdout."),
    limit: str = typer.Option("github", "--limit", help="Whose issues md has to fit: github, gitlab or azure."),
    engine: EngineChoice = typer.Option(EngineChoice.AUTO, "--engine", help="Whose state is read."),
) -> None:
    """Say who moved, the repository or the dashboard, field by field. Reads lists; exit 7 when the account moved."""
    from flireo_iac.cli._drifting import Drifting
    from flireo_iac.cli._reviewing import Format, Limit, one_of
    from flireo_iac.drift.choice import Selector
    from flireo_iac.stacks.folder import stack_folder

    chosen = Format.JSON if as_json else one_of(Format, form, "--format")
    room = one_of(Limit, limit, "--limit")
    looked_at = [Selector.read("--only", each) for each in only or []]
    accepting = [Selector.read("--accept", each) for each in accept or []]
    ignoring = Selector.read("--ignore", ignore) if ignore is not None else None
    if ignoring is not None and not reason.strip():
        raise SettingsError(f'drift --ignore "{ignore}": there is no reason, one was expected. Add --reason TEXT.')
    if ignoring is None and reason:
        raise SettingsError("drift --reason: there is no --ignore that it explains, one was expected. Add --ignore.")
    with Drifting(stack_folder(cwd), stack, engine, looked_at) as looking:
        looking.look(is_unmanaged=unmanaged)
        accepted = looking.accept(accepting) if accepting else None
        if ignoring is not None:
            _tell_ignored(looking, ignoring, reason)
        found = looking.drift()
        _show(looking, found, chosen, target, room, accepted)
    if found.is_drifted or (accepted is not None and accepted.by_hand):
        raise typer.Exit(ExitCode.DIFFERENCES)


def _tell_ignored(looking: Drifting, selector: Selector, reason: str) -> None:
    from flireo_iac.cli import output

    file = looking.ignore(selector, reason)
    output.note(f"written: {file}: # flireo: ignore {selector.path}: {reason}")


def _show(
    looking: Drifting, found: Drift, form: Format, target: Path | None, limit: Limit, accepted: Accepted | None
) -> None:
    from flireo_iac.cli import output
    from flireo_iac.cli._reviewing import Format, show, write
    from flireo_iac.drift.document import document
    from flireo_iac.drift.shown import as_review
    from flireo_iac.review.markdown import LIMITS

    if accepted is not None and (form is not Format.TEXT or target is not None):
        for line in _lines(accepted):
            output.note(line)
    if form is Format.JSON:
        text = output.json_text({**document(found), "accepted": _plain(accepted)})
        if target is None:
            output.data(text)
        else:
            write("drift", target, f"{text}\n")
        return
    if accepted is not None and form is Format.TEXT and target is None:
        for line in _lines(accepted):
            output.data(line)
        output.data("")
    show(as_review(found, looking.applied, looking.held), form, target, LIMITS[limit])


def _lines(accepted: Accepted) -> Iterator[str]:
    """Say what was written into the files, and what could not be."""
    from flireo_iac.cli._pulling import changed_lines

    for change in accepted.changes:
        yield f"changed  {change.path}"
        yield from changed_lines(change, is_whole=True)
    if not accepted.changes:
        yield "No file was changed."
    if accepted.by_hand:
        yield "To be changed by hand:"
        yield from (f"  {each}" for each in accepted.by_hand)


def _plain(accepted: Accepted | None) -> dict[str, object] | None:
    if accepted is None:
        return None
    return {
        "fields": list(accepted.fields),
        "files": [each.path for each in accepted.changes],
        "byHand": [{"item": each.item, "field": each.field, "text": each.text} for each in accepted.by_hand],
    }
