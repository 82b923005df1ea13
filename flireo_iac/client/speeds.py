"""How fast things went on this machine the last times: for forecasts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from flireo_iac.settings import Settings

_SHARE = 0.5
"""Share of the last run in what is kept; the rest is what was known before."""


@dataclass(frozen=True)
class Speeds:
    """Seconds that things take; the defaults are for a server across the internet and a machine at rest.

    Args:
        request_s: One request, from its start to the end of its answer.
        write_s: The engine's own work for one step, such as for saving the state, whether it sends a write or not.
        refresh_s: A refresh without its requests: starting the provider and reading the state; None before the
            first one.
    """

    request_s: float = 0.15
    write_s: float = 0.012
    refresh_s: float | None = None


def remembered(settings: Settings | None) -> Speeds:
    """Give what is known of a server from this machine.

    Args:
        settings: The server, and the folder for what processes of this machine share; None for the defaults.
    """
    if settings is not None:
        with suppress(OSError, ValueError, TypeError, AttributeError):
            kept = json.loads(_path(settings).read_text())
            return Speeds(
                **{each.name: float(kept[each.name]) for each in fields(Speeds) if kept.get(each.name) is not None}
            )
    return Speeds()


def remember(settings: Settings, measured: Mapping[str, float]) -> None:
    """Take in what a run has measured; a folder that cannot be written is passed over.

    Args:
        settings: The server, and the folder for what processes of this machine share.
        measured: Seconds by the names of ``Speeds``; what it leaves out stays.
    """
    before = asdict(remembered(settings))
    path = _path(settings)
    is_first = not path.exists()
    after = {
        name: seconds if is_first or before[name] is None else _SHARE * seconds + (1 - _SHARE) * before[name]
        for name, seconds in measured.items()
    }
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(json.dumps({**before, **after}) + "\n")


def _path(settings: Settings) -> Path:
    server = hashlib.sha256(settings.base_url.encode()).hexdigest()
    return settings.state_dir / "speeds" / f"{server[:32]}.json"
