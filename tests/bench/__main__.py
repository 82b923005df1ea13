"""What typical runs cost: requests, wall time, floors and memory. Run it with `make bench`.

Two floors stand under a run. The engine's is what the same engine takes for the same run where requests cost nothing;
it is measured first. The requests' is arithmetic: four at a time, each as long as the server takes, and never more than
the budget within a minute. `of floors` is the wall time for each second of both.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.acceptance.deployment import pulumi_program
from tests.bench.leads import measure_leads
from tests.bench.measure import Row, measure, measure_jobs
from tests.bench.stack import Setting
from tests.bench.tables import jobs_table, memory_line, table
from tests.bench.validate import measure_validate

SETTINGS = {
    "50": Setting("50 resources, 150 ms, 100 requests a minute", 50, 150, 100),
    "1000": Setting("1,000 resources, no latency, no limit", 1000, 0, 0),
    "jobs": Setting("two jobs at once, 50 resources each, 150 ms, 100 requests a minute", 50, 150, 100, jobs=2),
}


VALIDATE = "validate"
"""Name of the bench of the command that needs no engine."""
LEADS = "leads"
"""Name of the bench of a large campaign."""


def main() -> None:
    """Measure the chosen settings on every engine that is at hand."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    choices = [*SETTINGS, VALIDATE, LEADS]
    parser.add_argument("settings", nargs="*", choices=[*choices, []], help="which to run; all when left out")
    chosen = parser.parse_args().settings or choices
    if VALIDATE in chosen:
        chosen.remove(VALIDATE)
        _print_validate()
    if LEADS in chosen:
        chosen.remove(LEADS)
        for line in measure_leads():
            _print(f"5,000 leads, {line}.")
    if not chosen:
        return
    engines = ["local", *(["pulumi"] if pulumi_program() else [])]
    measured: list[tuple[Setting, dict[str, list[Row]]]] = []
    for setting in (SETTINGS[name] for name in chosen):
        if setting.jobs > 1:
            for engine in engines:
                _print(f"{jobs_table(setting, *measure_jobs(setting, engine))} Engine: {engine}.")
        else:
            rows = {engine: measure(setting, engine) for engine in engines}
            measured.append((setting, rows))
            _print(table(setting, rows))
    _print_memory(measured, engines)
    if len(engines) == 1:
        _print("The pulumi program is not on PATH: the local engine stands alone.")


def _print_validate() -> None:
    with tempfile.TemporaryDirectory() as folder:
        cost = measure_validate(Path(folder))
    _print(
        f"flireo validate, {cost.files} files: {cost.wall_s:.2f} s, {cost.cpu_s:.2f} s of processor time, "
        f"{cost.peak_mb:.0f} MB."
    )


def _print_memory(measured: Sequence[tuple[Setting, dict[str, list[Row]]]], engines: Sequence[str]) -> None:
    by_size = sorted(measured, key=lambda each: each[0].resources)
    if len(by_size) < 2:
        return
    (small, few), (large, many) = by_size[0], by_size[-1]
    for engine in engines:
        _print(memory_line((small.resources, few[engine]), (large.resources, many[engine]), engine))


def _print(text: str) -> None:
    sys.stdout.write(text + "\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
