"""The figures as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.bench.measure import Job, Row
from tests.bench.stack import BUDGET, Setting


def table(setting: Setting, measured: Mapping[str, Sequence[Row]]) -> str:
    """Give the figures of a setting, the engines side by side."""
    engines = list(measured)
    head = ["run", "reads", "writes", "request floor s"]
    for engine in engines:
        head += [f"{engine} s", "engine floor s", "of floors", "peak MB"]
    if len(engines) > 1:
        head.append(" / ".join(engines))
    head += ["foreseen", "foreseen s", "happened s", "requests off", "time off"]
    lines = _head(setting.name, head)
    for rows in zip(*measured.values(), strict=True):
        first = rows[0]
        cells = [first.run, str(first.reads), str(first.writes), f"{first.request_floor_s:.1f}"]
        for row in rows:
            cells += [f"{row.wall_s:.1f}", _number(row.engine_floor_s, 1), _number(row.of_floors, 2)]
            cells.append(f"{row.peak_mb:.0f}")
        if len(rows) > 1:
            cells.append(f"{rows[0].wall_s / rows[1].wall_s:.2f}")
        lines.append(_line([*cells, *_forecast_cells(first)]))
    return "\n".join(lines)


def jobs_table(setting: Setting, jobs: Sequence[Job], floor_s: float) -> str:
    """Give the figures of runs that share a budget."""
    head = ["job", "requests", "429s", "wall s", "share of the first minute"]
    rows = [[job.name, str(job.requests), str(job.refused), f"{job.wall_s:.1f}", f"{job.share:.0%}"] for job in jobs]
    wall_s = max(job.wall_s for job in jobs)
    total = ["all", str(sum(job.requests for job in jobs)), str(sum(job.refused for job in jobs)), f"{wall_s:.1f}"]
    lines = [*_head(setting.name, head), *(_line(row) for row in rows), _line([*total, ""])]
    return "\n".join([*lines, "", f"Floor of the requests, {BUDGET} a minute for all jobs: {floor_s:.1f} s."])


def memory_line(small: tuple[int, Sequence[Row]], large: tuple[int, Sequence[Row]], engine: str) -> str:
    """Give what one more resource takes.

    Args:
        small: Number of resources and the runs of the smaller stack.
        large: The same of the larger one.
        engine: On which engine.
    """
    each: list[str] = []
    for name in ("create", "no change", "refresh"):
        few, many = (next(row for row in rows if row.run.startswith(name)) for _, rows in (small, large))
        kilobytes = (many.peak_mb - few.peak_mb) * 1000 / (large[0] - small[0])
        each.append(f"{kilobytes:.0f} KB ({name})")
    return f"Memory per resource, {engine}, from {small[0]} against {large[0]:,}: {', '.join(each)}."


def _head(name: str, head: Sequence[str]) -> list[str]:
    return [f"### {name}", "", _line(head), "|---" * len(head) + "|"]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _forecast_cells(row: Row) -> list[str]:
    """Give the forecast of a run beside what it came to."""
    if row.foreseen is None or row.happened is None:
        return ["-"] * 5
    foreseen, happened = row.foreseen, row.happened
    return [
        f"{foreseen['reads']} + {foreseen['writes']}",
        f"{foreseen['seconds']:.1f}",
        f"{happened['seconds']:.1f}",
        str(row.request_error),
        f"{row.time_error or 0:+.0%}",
    ]
