"""``flireo voices``: voices that an agent can speak with, and the YAML to paste."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from flireo_iac.cli import output
from flireo_iac.cli._options import AsJson, StackFolder, StackName
from flireo_iac.errors import SettingsError

if TYPE_CHECKING:
    from flireo_iac.rows import Row


class Gender(StrEnum):
    """How a voice sounds."""

    FEMALE = "female"
    MALE = "male"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("voices")(voices)


def voices(
    language: str | None = typer.Option(None, "--language", help="Language, such as nl or nl_BE."),
    gender: Gender | None = typer.Option(None, "--gender", help="female or male, as far as a voice says so."),
    provider: str | None = typer.Option(None, "--provider", help="Provider; local is the platform itself."),
    search: str | None = typer.Option(None, "--search", help="Part of an id, a name or a description."),
    as_yaml: bool = typer.Option(False, "--yaml", help="Print the block for an agent's file."),
    stack: StackName = None,
    cwd: StackFolder = None,
    as_json: AsJson = False,
) -> None:
    """List the voices that the platform itself offers; those of other providers are listed there."""
    from flireo_iac.cli._at_hand import AtHand
    from flireo_iac.client.voices import chosen, list_voices

    if as_json and as_yaml:
        raise SettingsError("voices: --json and --yaml name two forms, expected one. Leave one out.")
    with AtHand("voices", cwd, stack).api() as api:
        every = list_voices(api)
    found = chosen(every, language=language, gender=gender, provider=provider, search=search)
    if as_json:
        output.data_json({"voices": list(found)})
    elif as_yaml:
        output.data("\n\n".join(_block(voice) for voice in found))
    elif found:
        _print_table(found)
    output.note(f"{len(found)} of {len(every)} voices.")


def _block(voice: Row) -> str:
    from flireo_iac.cli._calling import clean
    from flireo_iac.client.voices import description_of, provider_of

    about = ": ".join(filter(None, (str(voice.get("name") or voice["id"]), description_of(voice))))
    # JSON is YAML, and quotes what has to be quoted.
    lines = ("tts_config:", f"  provider: {json.dumps(provider_of(voice))}", f"  voiceId: {json.dumps(voice['id'])}")
    return "\n".join([f"# {clean(about)}", *lines])


def _print_table(found: tuple[Row, ...]) -> None:
    from rich.table import Table

    from flireo_iac.cli._calling import cell
    from flireo_iac.client.voices import description_of, gender_of, provider_of

    made = Table(box=None, pad_edge=False)
    for name in ("ID", "NAME", "LANGUAGE", "GENDER", "PROVIDER", "DESCRIPTION"):
        made.add_column(name, no_wrap=True)
    for voice in found:
        cells = (voice["id"], voice.get("name"), voice.get("language"), gender_of(voice), provider_of(voice))
        made.add_row(*map(cell, cells), cell(description_of(voice)))
    output.table(made)
