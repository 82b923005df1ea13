"""Measured runs: the scenarios of one stack, and two stacks at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flireo_iac.client.requestlog import VARIABLE
from tests.acceptance.deployment import Deployment
from tests.bench.floors import request_floor_s
from tests.bench.memory import Peak
from tests.bench.stack import Setting, deployment_of, emulator

_TIMEOUT_S = 900
_MINUTE = timedelta(minutes=1)

_TENTH_S = 0.1

_WARM_UP = 8
"""Resources of the stack that comes and goes before anything is measured."""


@dataclass(frozen=True)
class Done:
    """A command that ended well.

    Args:
        stdout: What it printed as data.
        wall_s: Seconds that it took.
        peak_mb: Resident memory of all its processes at most, in MB.
    """

    stdout: str
    wall_s: float
    peak_mb: float


@dataclass(frozen=True)
class Row:
    """One measured run.

    Args:
        run: What it does.
        reads: Requests that changed nothing.
        writes: Requests that changed something.
        wall_s: Seconds that it took.
        peak_mb: Resident memory of all its processes at most, in MB.
        request_floor_s: Seconds that the requests alone need.
        engine_floor_s: Seconds of the same run where requests cost nothing; None when it is this one.
        foreseen: The forecast; None without one.
        happened: What the command says it came to; None without a forecast.
    """

    run: str
    reads: int
    writes: int
    wall_s: float
    peak_mb: float
    request_floor_s: float
    engine_floor_s: float | None = None
    foreseen: Mapping[str, float] | None = None
    happened: Mapping[str, float] | None = None

    @property
    def of_floors(self) -> float | None:
        """Wall time for each second of the floors; None when this run is the floor."""
        return None if self.engine_floor_s is None else self.wall_s / (self.engine_floor_s + self.request_floor_s)

    @property
    def request_error(self) -> int | None:
        """Requests by which the forecast was off; None without a forecast."""
        if self.foreseen is None:
            return None
        return int(abs(self.foreseen["reads"] - self.reads) + abs(self.foreseen["writes"] - self.writes))

    @property
    def time_error(self) -> float | None:
        """Share by which the forecast's time was off, above 0 when it was too long; None without a forecast."""
        if self.foreseen is None or self.happened is None:
            return None
        foreseen_s, happened_s = self.foreseen["seconds"], self.happened["seconds"]
        # Both are told in tenths of a second.
        return 0.0 if abs(foreseen_s - happened_s) < _TENTH_S else foreseen_s / max(happened_s, _TENTH_S) - 1


@dataclass(frozen=True)
class Job:
    """One of the runs that share a key and a budget.

    Args:
        name: Its stack.
        requests: Requests that it sent.
        refused: Those that were answered with 429.
        wall_s: Seconds that it took.
        share: Its part of what all jobs sent within the first minute.
    """

    name: str
    requests: int
    refused: int
    wall_s: float
    share: float


def _run(deployment: Deployment, verb: str, *flags: str) -> Done:
    if deployment.engine == "pulumi":
        deployment.make_stack()
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            deployment.arguments(verb, *flags),
            cwd=deployment.folder,
            env=deployment.environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        with Peak(process.pid) as peak:
            try:
                code = process.wait(_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        wall_s = time.monotonic() - started
        out.seek(0)
        err.seek(0)
        text = out.read()
        assert code == 0, f"{verb} ended with {code}:\n{text}{err.read()}"
    return Done(text, wall_s, peak.bytes / 1_000_000)


def measure(setting: Setting, engine: str) -> list[Row]:
    """Run the scenarios of a setting on one engine, one after the other on one account.

    Where requests cost something, the same runs without that come first: they are the floor of the engine.
    """
    if setting.is_free:
        return _scenarios(setting, engine, {})
    free = _scenarios(setting.free(), engine, {})
    return _scenarios(setting, engine, {row.run: row.wall_s for row in free})


def _warm_up(setting: Setting, folder: Path, url: str, engine: str) -> list[tuple[float, int]]:
    """Let the machine learn how fast this server answers, as one does that was used before; give what that sent."""
    deployment = deployment_of(replace(setting, resources=_WARM_UP), folder, url, engine, _WARM_UP)
    history = []
    for verb in ("up", "destroy"):
        started = time.monotonic()
        _run(deployment, verb, "--skip-preview")
        history.append((started, sum(deployment.counts().values())))
    return history


def _scenarios(setting: Setting, engine: str, engine_floors_s: Mapping[str, float]) -> list[Row]:
    rows: list[Row] = []
    history: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory(prefix="flireo-bench-") as name, emulator(setting) as url:
        history += _warm_up(setting, Path(name), url, engine)
        deployment = deployment_of(setting, Path(name), url, engine)

        def timed(run: str, verb: str, *flags: str) -> None:
            where = "with requests that cost nothing" if setting.is_free else setting.name
            sys.stderr.write(f"  {where}, {engine}: {run} ...\n")
            started = time.monotonic()
            tells_costs = engine == "local" and verb != "preview"
            done = _run(deployment, verb, *flags, *(["--json"] if tells_costs else []))
            counts = deployment.counts()
            reads = counts.pop("GET", 0)
            writes = sum(counts.values())
            told: dict[str, Any] = json.loads(done.stdout) if tells_costs else {}
            rows.append(
                Row(
                    run,
                    reads,
                    writes,
                    done.wall_s,
                    done.peak_mb,
                    request_floor_s(setting, reads, writes, history, started),
                    engine_floors_s.get(run),
                    told.get("forecast"),
                    told.get("happened"),
                )
            )
            history.append((started, reads + writes))

        def change_a_line() -> None:
            prompt = deployment.folder / "agents" / "a1.md"
            prompt.write_text(prompt.read_text().replace("Be brief.", "Be very brief."))

        scenario: list[tuple[str, tuple[str, ...], Callable[[], None] | None]] = [
            (f"create {setting.resources}", ("up", "--skip-preview"), None),
            ("no change", ("up", "--skip-preview"), None),
            ("one line changed", ("up", "--skip-preview"), change_a_line),
            ("refresh", ("refresh", "--skip-preview"), None),
            ("preview", ("preview",), None),
            (f"destroy {setting.resources}", ("destroy", "--skip-preview"), None),
        ]
        for run, (verb, *flags), before in scenario:
            if before is not None:
                before()
            timed(run, verb, *flags)
    return rows


def measure_jobs(setting: Setting, engine: str) -> tuple[list[Job], float]:
    """Create several stacks at the same time, with one key and one state folder; give also the requests' floor."""
    sys.stderr.write(f"  {setting.name}, {engine} ...\n")
    with tempfile.TemporaryDirectory(prefix="flireo-bench-") as name, emulator(setting) as url:
        folder = Path(name)
        deployments = [deployment_of(setting, folder, url, engine, job) for job in range(setting.jobs)]
        logs = [folder / f"requests{job}" for job in range(setting.jobs)]
        for deployment, log in zip(deployments, logs, strict=True):
            deployment.environ[VARIABLE] = str(log)
        with ThreadPoolExecutor(setting.jobs) as pool:
            done = list(pool.map(lambda deployment: _run(deployment, "up", "--skip-preview"), deployments))
        counts = deployments[0].counts()
        sent = [_sent(log) for log in logs]
    end = min(entries[0][0] for entries in sent) + _MINUTE
    early = [sum(when < end for when, _ in entries) for entries in sent]
    jobs = [
        Job(
            f"stack {number + 1}",
            len(entries),
            sum(status == "429" for _, status in entries),
            each.wall_s,
            early[number] / sum(early),
        )
        for number, (entries, each) in enumerate(zip(sent, done, strict=True))
    ]
    reads = counts.pop("GET", 0)
    return jobs, request_floor_s(setting, reads, sum(counts.values()), [], 0.0)


def _sent(log: Path) -> list[tuple[datetime, str]]:
    """Give when each request of a job was sent and what it was answered with, oldest first."""
    lines = (line.split() for line in log.read_text().splitlines())
    return sorted((datetime.fromisoformat(when), status) for when, _, _, status, _ in lines)
