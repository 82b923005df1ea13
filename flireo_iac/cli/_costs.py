"""Forecasts a run with what this machine knows, and holds the forecast against what happened."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flireo_iac.cli import output
from flireo_iac.client import requestlog, speeds
from flireo_iac.client.budget import Budget, budget_of
from flireo_iac.errors import SettingsError
from flireo_iac.plan.forecast import Circumstances, Forecast, Steps, Wave, forecast
from flireo_iac.settings import Settings

_READS = frozenset({"GET", "HEAD"})
_WORTH_TELLING = 1.5
"""A run that took that many times the forecast, or the other way round, is told of."""
_SHORTEST_TOLD_S = 10.0

_RUN_TO_PLAN = 0.8
"""Seconds of a run without requests and steps for each second of its plan, which starts the provider, too."""

_PROVIDER_TO_COMMAND = 1.7
"""Seconds that a provider takes until its first answer for each second of processor time that this command took until
now."""

_ENOUGH_STEPS = 100
"""Fewer do not tell what one of them takes: what is done once weighs too much."""


@dataclass(frozen=True)
class Happened:
    """What a run came to.

    Args:
        reads: Requests that changed nothing, each attempt counted.
        writes: Requests that changed something, each attempt counted.
        seconds: How long it took.
    """

    reads: int
    writes: int
    seconds: float

    def plain(self) -> dict[str, float]:
        """Give it as JSON values."""
        return {"reads": self.reads, "writes": self.writes, "seconds": round(self.seconds, 1)}


class Costs:
    """The forecast of a command's run, and what happened.

    Make it before the provider starts: it notes its requests in the file that ``FLIREO_REQUEST_LOG`` names.
    """

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._log = self._place_log()
        if self._log is not None:
            os.environ[requestlog.VARIABLE] = str(self._log)
        self._settings: Settings | None = None
        self._start_s = 0.0
        self._waves: Sequence[Wave] = ()
        self._steps = Steps()
        self._waits: list[float] = []
        self._forecast: Forecast | None = None
        self._happened: Happened | None = None
        self.start()

    def _place_log(self) -> Path | None:
        """Give the file that requests are noted in; None where there is no room for one, and nothing is counted."""
        named = os.environ.get(requestlog.VARIABLE)
        if named:
            return Path(named).absolute()  # the provider has another working folder
        with suppress(OSError):
            self._folder = tempfile.TemporaryDirectory(prefix="flireo-")
            return Path(self._folder.name) / "requests"
        return None

    def close(self) -> None:
        """Remove the file, unless the user named it."""
        if self._folder is not None:
            self._folder.cleanup()

    def start(self) -> None:
        """Count from now on."""
        self._offset = requestlog.size(self._log) if self._log is not None else 0
        self._began = time.monotonic()

    def stop(self) -> None:
        """Count until now, and remember how fast it went."""
        if self._log is None:
            return
        entries = list(requestlog.read(self._log, self._offset))
        reads = sum(entry.method in _READS for entry in entries)
        self._happened = Happened(reads, len(entries) - reads, time.monotonic() - self._began)
        answered = [entry.seconds for entry in entries if entry.status is not None]
        if self._settings is None or self._forecast is None or not answered:
            return
        measured = {"request_s": (sum(answered) / len(answered), len(answered))}
        own_s = max(self._happened.seconds - self._busy_s(entries), 0.0)
        if (self._forecast.reads, self._forecast.writes) != (self._happened.reads, self._happened.writes):
            pass  # more, or less, than was foreseen went on: what the engine took itself cannot be told
        elif len(numbers := {name: number for name, number in _by_speed(self._steps).items() if number}) == 1:
            ((name, number),) = numbers.items()
            if number >= _ENOUGH_STEPS:
                measured[name] = (max(own_s - self._start_s, 0.0) / number, number)
        speeds.remember(self._settings, measured)

    def _busy_s(self, entries: Sequence[requestlog.Entry]) -> float:
        """Give the seconds of the run in which its requests were under way, or waiting for their turn."""
        mean_s = sum(entry.seconds for entry in entries) / len(entries)
        return forecast(
            self._waves, Circumstances(waits=lambda number: self._waits[:number], round_trip_s=mean_s)
        ).seconds

    def foresee(
        self,
        waves: Sequence[Wave],
        configuration: Mapping[str, str],
        plan_s: float | None,
        steps: Steps,
    ) -> None:
        """Forecast the run, and say it.

        Args:
            waves: Its requests.
            configuration: Configuration of the stack, secrets in clear.
            plan_s: Seconds that its plan took, without requests; None for a refresh, which has none.
            steps: What the engine carries out.
        """
        self._settings = settings_of(configuration)
        self._waves, self._start_s, self._steps = waves, _start_s(plan_s), steps
        self._waits = waits_of(waves, self._settings)
        self._forecast = foreseen(waves, self._settings, plan_s, steps)
        tell(self._forecast)

    def plain(self) -> dict[str, Any]:
        """Give forecast and outcome as JSON values, as far as they are known."""
        found = {"forecast": self._forecast, "happened": self._happened}
        return {name: value.plain() for name, value in found.items() if value is not None}

    def comparison(self) -> str | None:
        """Say how far the forecast was off; None when it was about right."""
        if self._forecast is None or self._happened is None:
            return None
        return comparison(self._forecast, self._happened)


def settings_of(configuration: Mapping[str, str]) -> Settings | None:
    """Give the settings of a run; None where they are not complete, which is the run's own to mind."""
    with suppress(SettingsError):
        return Settings.load(configuration, os.environ)
    return None


def is_dialect_named(settings: Settings | None) -> bool:
    """Tell whether the settings name the dialect, so that the run reads no list to find it out."""
    return settings is not None and settings.dialect != "auto"


def waits_of(waves: Sequence[Wave], settings: Settings | None) -> list[float]:
    """Give the seconds from now before which each of the requests may not be sent, as the budget is now."""
    limit = Settings.requests_per_minute
    budget = budget_of(settings) if settings is not None else Budget(None, limit)
    try:
        return budget.foresee(sum(wave.reads + wave.looks + wave.writes for wave in waves))
    finally:
        budget.close()


def foreseen(
    waves: Sequence[Wave],
    settings: Settings | None,
    plan_s: float | None,
    steps: Steps,
    runs: int = 1,
) -> Forecast:
    """Forecast a run with the budget as it is now, and as fast as things went the last times.

    Args:
        waves: Its requests.
        settings: Key, budget and server; None takes the usual budget, unused.
        plan_s: Seconds that its plan took, without requests; None for a refresh, which has none.
        steps: What the engine carries out.
        runs: How often the engine goes through the program.
    """
    known = speeds.remembered(settings)
    waits = waits_of(waves, settings)
    return forecast(
        waves,
        Circumstances(
            requests_per_minute=settings.requests_per_minute if settings else Settings.requests_per_minute,
            waits=lambda number: waits[:number],
            round_trip_s=known.request_s,
            engine_s=_start_s(plan_s) * runs
            + steps.writes * known.write_s
            + steps.deletes * known.delete_s
            + steps.reads * known.read_s,
        ),
    )


def _by_speed(steps: Steps) -> dict[str, int]:
    """Give the numbers of steps by the name of the speed that tells of them."""
    return {"write_s": steps.writes, "delete_s": steps.deletes, "read_s": steps.reads}


def _start_s(plan_s: float | None) -> float:
    """Give the seconds of the engine's work that is no step; ``plan_s`` is None for a refresh."""
    return _PROVIDER_TO_COMMAND * time.process_time() if plan_s is None else _RUN_TO_PLAN * plan_s


def tell(found: Forecast) -> None:
    """Say what a run is going to cost, if it costs any request."""
    if found.reads or found.writes:
        output.note(sentence(found, time.time()))


def sentence(found: Forecast, now: float) -> str:
    """Say what a run is going to cost: ``45 writes and 8 reads, about 31 s at 90 requests a minute``.

    Args:
        found: The forecast.
        now: Unix seconds.
    """
    counted = f"{_many(found.writes, 'write')} and {_many(found.reads, 'read')}"
    text = f"{counted}, about {_span(found.seconds)} at {found.requests_per_minute:,} requests a minute"
    if found.full_after_s is None:
        return f"{text}."
    full_at = time.strftime("%H:%M:%S", time.localtime(now + found.full_after_s))
    return f"{text} (the budget is used up at {full_at})."


def comparison(found: Forecast, happened: Happened) -> str | None:
    """Say how far a forecast was off; None when it was about right."""
    is_counted = (found.reads, found.writes) == (happened.reads, happened.writes)
    longer, shorter = max(found.seconds, happened.seconds), min(found.seconds, happened.seconds)
    is_timed = longer < _SHORTEST_TOLD_S or longer < _WORTH_TELLING * shorter or not found.reads + found.writes
    if is_counted and is_timed:
        return None
    return (
        f"{_many(happened.writes, 'write')} and {_many(happened.reads, 'read')} in {_span(happened.seconds)}; "
        f"{_many(found.writes, 'write')} and {_many(found.reads, 'read')} in {_span(found.seconds)} were expected."
    )


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds >= 600 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
