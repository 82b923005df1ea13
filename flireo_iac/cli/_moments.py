"""Moments as a person writes them on a command line: a date, an instant, or a time ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from flireo_iac.errors import SettingsError

_AGO = re.compile(r"(\d{1,6})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}

HELP = "2026-01-31, 2026-01-31T12:00:00+01:00, or a time ago such as 7d, 24h or 30m; UTC where no zone is named."


def moment(option: str, text: str | None, *, is_end: bool = False, now: datetime | None = None) -> datetime | None:
    """Give the moment that a text names; None for no text.

    Args:
        option: Name of the option, for the error.
        text: What was written.
        is_end: True lets a date mean the end of its day.
        now: The present; None for what the clock says.

    Raises:
        SettingsError: It names none.
    """
    if text is None:
        return None
    present = now or datetime.now(UTC)
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago is not None:
            return present - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        found = datetime.fromisoformat(text.strip())
        if is_end and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()):
            found += timedelta(days=1, milliseconds=-1)
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise SettingsError(f'{option}: "{text}" names no moment, expected {HELP}') from None
