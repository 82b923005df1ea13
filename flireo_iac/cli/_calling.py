"""How calls look: a table, lines, CSV. What people said is shown without what could steer a terminal."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from flireo_iac.cli import output
from flireo_iac.client.calls import PhoneCall, Utterance
from flireo_iac.errors import SettingsError

COLUMNS = (
    "id",
    "status",
    "direction",
    "started_at",
    "ended_at",
    "duration_seconds",
    "caller_phone",
    "assistant_phone",
    "agent_id",
    "agent_name",
    "number_id",
    "end_reason",
    "error",
    "summary",
)
"""Columns of the CSV of calls."""

_SPEAKERS = {"assistant": "agent", "user": "caller", "system": "system"}
_PAIR = re.compile(r"([^=\s]+)=(.*)", re.S)


def table_of(calls: Iterable[PhoneCall], width: int | None = None) -> Table:
    """Give calls as a table, one a line.

    Args:
        calls: The calls.
        width: Columns of the terminal; where the table is wider, number and agent are left out. None for any width.
    """
    rows = [
        {
            "STARTED (UTC)": when(call.started_at or call.created_at)[:16],
            "STATUS": call.status,
            "LENGTH": length(call.duration_seconds),
            "CALLER": call.caller_phone,
            "NUMBER": call.assistant_phone or call.phone_number,
            "AGENT": call.agent_name,
            "ID": call.id,
        }
        for call in calls
    ]
    names = list(rows[0]) if rows else []
    for name in ("NUMBER", "AGENT"):
        if width is not None and _width(rows, names) > width:
            names.remove(name)
    made = Table(box=None, pad_edge=False)
    for name in names:
        made.add_column(name, justify="right" if name == "LENGTH" else "left", no_wrap=True)
    for row in rows:
        made.add_row(*(cell(row[name]) for name in names))
    return made


def _width(rows: Sequence[Mapping[str, str | None]], names: Sequence[str]) -> int:
    return sum(2 + max(len(name), *(len(row[name] or "-") for row in rows)) for name in names) - 2


def lines_of(call: PhoneCall) -> Iterator[str]:
    """Give one call as lines: what is known of it, its transcript, its analysis."""
    reason = call.error or call.end_reason
    number = " ".join(filter(None, (call.assistant_phone or call.phone_number, call.business_name)))
    facts = {
        "call": call.id,
        "status": f"{call.status} ({reason})" if reason else call.status,
        "caller": call.caller_phone,
        "number": number,
        "agent": " ".join(filter(None, (call.agent_name, call.agent_id))),
        "started": f"{when(call.started_at)} UTC" if call.started_at else None,
        "length": length(call.duration_seconds) if call.duration_seconds is not None else None,
        "recording": call.recording_url,
        "summary": call.summary,
    }
    yield from (f"{name:<10} {clean(str(value))}" for name, value in facts.items() if value)
    if call.messages:
        yield from ("", "Transcript", *(f"  {line_of(each)}" for each in call.messages))
    if call.analysis_result:
        shown = json.dumps(call.analysis_result, indent=2, ensure_ascii=False).splitlines()
        yield from ("", "Analysis", *(f"  {clean(line)}" for line in shown))


def line_of(said: Utterance) -> str:
    """Give one utterance as a line."""
    return f"{_SPEAKERS.get(said.role, clean(said.role)):<7} {clean(said.content)}"


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows as CSV, with the names of the columns first."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    output.data(text.getvalue().removesuffix("\n"))


def when(moment: datetime | None) -> str:
    """Give a moment in UTC, to the second; a dash for none."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment is not None else "-"


def length(seconds: float | None) -> str:
    """Give a length as minutes and seconds; a dash for none."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}" if seconds is not None else "-"


def cell(value: object) -> Text:
    """Give a value as a cell of a table, taken as it is; a dash for none."""
    return Text(clean(str(value)) if value else "-")


def clean(text: str) -> str:
    """Give a text without control characters, on one line: what a caller says must not steer a terminal."""
    return "".join(each if each.isprintable() else " " for each in text)


def context_of(given: Sequence[str]) -> str | None:
    """Give the context of a call as the API takes it, a text; pairs and JSON files become one JSON object.

    Args:
        given: Each ``key=value``, ``@file.json``, ``@file`` with a text, or a text.

    Raises:
        SettingsError: A file cannot be read, is no JSON object, or a text stands beside pairs.
    """
    values: dict[str, Any] = {}
    texts: list[str] = []
    for each in given:
        if each.startswith("@"):
            text = _file(Path(each[1:]))
            if each.endswith(".json"):
                values |= _object(each[1:], text)
            else:
                texts.append(text)
        elif (pair := _PAIR.fullmatch(each)) is not None:
            values[pair[1]] = pair[2]
        else:
            texts.append(each)
    if values and texts:
        raise SettingsError("--context: a text stands beside key=value, one of the two was expected. Leave one out.")
    return json.dumps(values, ensure_ascii=False) if values else "\n".join(texts) or None


def _file(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f'--context: "{path}" cannot be read: {why}. Name a file of text.') from None


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise SettingsError(f'--context: "{name}" holds no JSON object, one such as {{"name": "value"}} was expected.')
    return value
