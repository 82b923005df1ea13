"""What typical runs cost: requests, wall time and the arithmetic floor. Run it with `make bench`.

The floor is what the requests alone need: four at a time (a provider has four threads), each as long as the server
takes, and never more than the budget within a minute. What a run takes above it is the engine's own.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.deployment import Deployment, pulumi_program

THREADS = 4
BUDGET = 90
WINDOW_S = 60


@dataclass(frozen=True)
class Setting:
    """Where a bench runs.

    Args:
        name: Shown in the table.
        resources: Size of the stack, half agents and half numbers.
        latency_ms: What the server takes for each request.
        limit: Requests a minute that the server allows; 0 for no limit.
    """

    name: str
    resources: int
    latency_ms: int
    limit: int


SETTINGS = {
    "50": Setting("50 resources, 150 ms, 100 requests a minute", 50, 150, 100),
    "1000": Setting("1,000 resources, no latency, no limit", 1000, 0, 0),
}


@dataclass(frozen=True)
class Row:
    """One measured run."""

    run: str
    reads: int
    writes: int
    wall_s: float
    floor_s: float
    foreseen: Mapping[str, float] | None = None
    happened: Mapping[str, float] | None = None

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
        return self.foreseen["seconds"] / max(self.happened["seconds"], 0.1) - 1


@contextmanager
def emulator(setting: Setting) -> Iterator[str]:
    """Run an emulator as a process of its own; give the URL of its API."""
    command = [sys.executable, "-m", "flireo_iac.cli", "emulator", "--port", "0"]
    command += ["--latency-ms", str(setting.latency_ms), "--requests-per-minute", str(setting.limit)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        yield line.split("listening on ", 1)[1].strip()
    finally:
        process.terminate()
        process.wait(timeout=20)


def write_stack(deployment: Deployment, resources: int) -> None:
    """Write agents with a prompt of about 4 KB, each with a number."""
    deployment.write("Pulumi.yaml", "name: bench\nruntime: python\n")
    deployment.write("__main__.py", "from flireo_iac import deploy\n\ndeploy()\n")
    prompt = "You answer the phone. Be brief.\n" + "A line of instructions, as real prompts have many.\n" * 80
    for n in range(resources // 2):
        agent = f"name: A{n}\nllm_config:\n  provider: openai\n  model: gpt-4o-mini\n  prompt: a{n}.md\n"
        deployment.write(f"agents/a{n}.yaml", agent)
        deployment.write(f"agents/a{n}.md", prompt)
        number = f'phone_number: "+31970{n:08}"\nagent_id: ${{agents.a{n}.id}}\nprotect: false\n'
        deployment.write(f"numbers/n{n}.yaml", number)


def floor_s(setting: Setting, reads: int, writes: int, history: list[tuple[float, int]], started: float) -> float:
    """Give the least time that these requests can take.

    Args:
        setting: Latency and limit.
        reads: Requests that come first, one for each kind.
        writes: Requests that follow them.
        history: Start and number of requests of each earlier run, oldest first.
        started: When this run began.
    """
    on_the_wire = (math.ceil(reads / THREADS) + math.ceil(writes / THREADS)) * setting.latency_ms / 1000
    if not setting.limit:
        return on_the_wire
    recent = [(at, sent) for at, sent in history if started - at < WINDOW_S]
    over = reads + writes + sum(sent for _, sent in recent) - BUDGET
    wait_s = 0.0
    for at, sent in recent:
        if over <= 0:
            break
        over -= sent
        wait_s = at + WINDOW_S - started
    return max(on_the_wire, wait_s)


def measure(setting: Setting, engine: str) -> list[Row]:
    """Run the scenarios of a setting on one engine, one after the other on one account."""
    rows: list[Row] = []
    history: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory(prefix="flireo-bench-") as name, emulator(setting) as url:
        folder = Path(name)
        (folder / "stack").mkdir()
        control = url.removesuffix("/api/v1") + "/_emulator"
        deployment = Deployment(folder / "stack", folder / "home", url, control, engine)
        deployment.environ["FLIREO_REQUESTS_PER_MINUTE"] = str(BUDGET if setting.limit else 100_000)
        write_stack(deployment, setting.resources)

        def timed(run: str, verb: str, *flags: str) -> None:
            sys.stderr.write(f"  {setting.name}, {engine}: {run} ...\n")
            started = time.monotonic()
            done = deployment.good(verb, *flags, *(["--json"] if engine == "local" and verb != "preview" else []))
            wall_s = time.monotonic() - started
            counts = deployment.counts()
            reads = counts.pop("GET", 0)
            writes = sum(counts.values())
            told = json.loads(done.stdout) if engine == "local" and verb != "preview" else {}
            floor = floor_s(setting, reads, writes, history, started)
            rows.append(Row(run, reads, writes, wall_s, floor, told.get("forecast"), told.get("happened")))
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


def table(setting: Setting, measured: dict[str, list[Row]]) -> str:
    """Give the figures of a setting as a Markdown table, the engines side by side."""
    engines = list(measured)
    head = ["run", "reads", "writes", "floor s", *(f"{engine} s" for engine in engines)]
    if len(engines) > 1:
        head.append(" / ".join(engines))
    head += ["foreseen", "foreseen s", "happened s", "requests off", "time off"]
    lines = [f"### {setting.name}", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for rows in zip(*measured.values(), strict=True):
        first = rows[0]
        cells = [first.run, str(first.reads), str(first.writes), f"{first.floor_s:.1f}"]
        cells += [f"{row.wall_s:.1f}" for row in rows]
        if len(rows) > 1:
            cells.append(f"{rows[0].wall_s / rows[1].wall_s:.2f}")
        cells += forecast_cells(first)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def forecast_cells(row: Row) -> list[str]:
    """Give the forecast of a run beside what it came to."""
    if row.foreseen is None or row.happened is None:
        return ["-"] * 5
    foreseen, happened = row.foreseen, row.happened
    requests = f"{foreseen['reads']} + {foreseen['writes']}"
    return [
        requests,
        f"{foreseen['seconds']:.1f}",
        f"{happened['seconds']:.1f}",
        str(row.request_error),
        f"{row.time_error or 0:+.0%}",
    ]


def main() -> None:
    """Measure the chosen settings on every engine that is at hand."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("settings", nargs="*", choices=[*SETTINGS, []], help="which to run; all when left out")
    chosen = parser.parse_args().settings or list(SETTINGS)
    engines = ["local", *(["pulumi"] if pulumi_program() else [])]
    for name in chosen:
        setting = SETTINGS[name]
        sys.stdout.write(table(setting, {engine: measure(setting, engine) for engine in engines}) + "\n\n")
        sys.stdout.flush()
    if len(engines) == 1:
        sys.stdout.write("The pulumi program is not on PATH: the local engine stands alone.\n")


if __name__ == "__main__":
    main()
