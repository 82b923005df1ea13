"""How fast things went on this machine the last times: for forecasts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from flireo_iac.settings import Settings

_SHARE = 0.5
"""Share of the last run in what is kept, at most; the rest is what was known before."""

_ENOUGH = 10
"""Times that something has to be measured in a run for that share; fewer weigh less, as two long lists would."""


@dataclass(frozen=True)
class Speeds:
    """Seconds that things take; the defaults are for a server across the internet and a machine at rest.

    Args:
        request_s: One request, from its start to the end of its answer.
        write_s: The engine's own work for one create or update, such as for saving the state, whether it sends a
            write or not.
        delete_s: The same for one delete.
        read_s: The same for one resource that a refresh reads anew.
    """

    request_s: float = 0.15
    write_s: float = 0.009
    delete_s: float = 0.006
    read_s: float = 0.003


def remembered(settings: Settings | None) -> Speeds:
    """Give what is known of a server from this machine.

    Args:
        settings: The server, and the folder for what processes of this machine share; None for the defaults.
    """
    return Speeds(**_kept(settings)) if settings is not None else Speeds()


def remember(settings: Settings, measured: Mapping[str, tuple[float, int]]) -> None:
    """Take in what a run has measured; a folder that cannot be written is passed over.

    Args:
        settings: The server, and the folder for what processes of this machine share.
        measured: Seconds, and how often they were measured, by the names of ``Speeds``; what it leaves out stays.
    """
    before = _kept(settings)
    path = _path(settings)
    after = {}
    for name, (seconds, times) in measured.items():
        share = _SHARE * min(times / _ENOUGH, 1.0) if name in before else 1.0
        after[name] = share * seconds + (1 - share) * before.get(name, 0.0)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(json.dumps({**before, **after}) + "\n")


def _kept(settings: Settings) -> dict[str, float]:
    """Give what was measured by their names; nothing where it cannot be read."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        kept: dict[str, Any] = json.loads(_path(settings).read_text())
        return {each.name: float(kept[each.name]) for each in fields(Speeds) if each.name in kept}
    return {}


def _path(settings: Settings) -> Path:
    server = hashlib.sha256(settings.base_url.encode()).hexdigest()
    return settings.state_dir / "speeds" / f"{server[:32]}.json"
