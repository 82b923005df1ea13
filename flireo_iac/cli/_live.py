"""What ``flireo validate --live`` asks the account, and makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flireo_iac.cli import output
from flireo_iac.cli._at_hand import AtHand
from flireo_iac.client.account import read_account
from flireo_iac.client.catalog import read_catalog
from flireo_iac.client.voices import list_voices
from flireo_iac.errors import SettingsError
from flireo_iac.lint.live import Facts, has_own_voice, problems
from flireo_iac.lint.report import Report


def with_account(report: Report, folder: Path, environments: Sequence[str]) -> Report:
    """Hold what was examined against its account; reads at most three lists.

    Args:
        report: What was found offline.
        folder: Folder of the stack.
        environments: Environments that were asked for; each has an account of its own, so at most one.

    Raises:
        SettingsError: Several environments were named, or there is no key.
        FlireoError: The account cannot be read.
    """
    if len(environments) > 1:
        raise SettingsError(
            f"validate --live: {', '.join(environments)} have an account each, one environment was expected. "
            "Run it once for each."
        )
    stacks = [stack for stack in report.stacks if stack.folder == folder]
    with AtHand("validate --live", folder, environments[0] if environments else None).api() as api:
        voices = frozenset(voice["id"] for voice in list_voices(api)) if has_own_voice(stacks) else None
        models, minutes = read_catalog(api), read_account(api.http).get("minutes_balance")
    if models is None:
        output.note("the account has no catalog of models, so they are not checked")
    known = float(minutes) if isinstance(minutes, int | float) and not isinstance(minutes, bool) else None
    found = problems(stacks, Facts(voices, models, known), folder)
    return replace(report, problems=sorted({*report.problems, *found}))
