"""Usage, voices and the account from the command line, and moments as people write them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
import yaml

from flireo_iac.cli._moments import moment
from flireo_iac.client.tally import summed, tally
from flireo_iac.client.usage import UsageLog
from flireo_iac.client.voices import chosen, gender_of
from flireo_iac.errors import SettingsError
from flireo_iac.kinds._blocks import TtsConfig
from tests.calls.conftest import Run, World
from tests.client.scripted import reply, serving

HOST = {"Authorization": "Bearer fl_test_calls"}
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


def log(number: int, **changes: Any) -> UsageLog:
    return UsageLog.model_validate({"id": f"u{number}", "created_at": "2026-01-31T23:30:00-01:00", **changes})


def test_usage_is_summed_up_exactly() -> None:
    logs = [log(n, minutes_used=1, cost=0.1, agent_name="[bold]A" if n % 2 else None) for n in range(30)]
    assert summed(logs).cost == Decimal("3.0")
    assert [(each.name, each.calls, each.cost) for each in tally(logs, "agent")] == [
        ("(unknown)", 15, Decimal("1.5")),
        ("[bold]A", 15, Decimal("1.5")),
    ]
    assert [each.name for each in tally(logs, "day")] == ["2026-02-01"]


@pytest.fixture
def used(world: World) -> World:
    """An account in which two agents were heard; usage of this vintage names none of them."""
    world.control("POST", "/reset")
    world.control("POST", "/objects/agents", json={"id": "a", "name": "Desk"}, headers=HOST)
    state = world.control("GET", "/state")
    (held,) = state["organizations"].values()
    names = {"a": "Desk", "b": "Night"}
    for number in range(250):
        agent, made = "a" if number % 5 else "b", f"2026-01-{1 + number % 10:02}T12:00:00.000Z"
        call = {"id": f"c{number}", "status": "ended", "agent_id": agent, "agent_name": names[agent]}
        times = {"created_at": made, "updated_at": made}
        held.setdefault("calls", []).append({**call, **times, "phone_number": "+3197010200001"})
        row = {"id": f"u{number}", "call_id": f"c{number}", "duration_seconds": 84, "minutes_used": 2, "cost": 0.14}
        held.setdefault("usage", []).append({**row, "created_at": made})
    world.control("PUT", "/state", json=state)
    return world


def test_usage_by_agent_number_and_day_is_whole_over_all_pages(used: World, run: Run) -> None:
    by_agent = json.loads(run("usage", "--by", "agent", "--json").stdout)
    assert by_agent["is_complete"]
    assert by_agent["groups"] == [
        {"agent": "Desk", "calls": 200, "minutes": 400, "cost": 28.0},
        {"agent": "Night", "calls": 50, "minutes": 100, "cost": 7.0},
    ]
    log = used.control("GET", "/requests")["requests"]
    assert [each["path"] for each in log] == ["/usage", "/usage", "/calls", "/calls"]
    table = run("usage", "--from", "2026-01-03", "--to", "2026-01-04").stdout.splitlines()
    assert [line.split() for line in table] == [
        ["DAY", "CALLS", "MINUTES", "COST", "(EUR)"],
        ["2026-01-03", "25", "50", "3.50"],
        ["2026-01-04", "25", "50", "3.50"],
        ["total", "50", "100", "7.00"],
    ]
    rows = list(csv.DictReader(io.StringIO(run("usage", "--by", "number", "--csv").stdout)))
    assert rows == [{"number": "+3197010200001", "calls": "250", "minutes": "500", "cost": "35.0"}]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["--language", "nl"], ["nl_NL-pim-medium", "nl_NL-ronnie-medium", "nl_BE-nathalie-medium"]),
        (["--language", "nl-BE"], ["nl_BE-nathalie-medium"]),
        (["--language", "nl", "--gender", "female"], ["nl_BE-nathalie-medium"]),
        (["--search", "LEVENDIG"], ["nl_NL-ronnie-medium"]),
        (["--provider", "elevenlabs"], []),
    ],
)
def test_voices_are_chosen(run: Run, words: list[str], ids: list[str]) -> None:
    done = run("voices", *words, "--json")
    assert [voice["id"] for voice in json.loads(done.stdout)["voices"]] == ids
    assert done.stderr == f"{len(ids)} of 7 voices.\n"


def test_a_voice_is_written_as_the_block_that_an_agent_takes(run: Run) -> None:
    printed = run("voices", "--search", "nathalie", "--yaml").stdout
    assert printed.startswith("# Nathalie: Flemish, female\n")
    block = yaml.safe_load(printed)["tts_config"]
    assert TtsConfig.model_validate(block).voiceId == "nl_BE-nathalie-medium"


def test_a_voice_that_says_more_is_taken_at_its_word() -> None:
    voices = [{"id": "v1", "gender": "Female", "provider": "ElevenLabs"}, {"id": "v2", "description": "A man"}]
    assert [gender_of(voice) for voice in voices] == ["female", "male"]
    assert chosen(voices, provider="elevenlabs") == (voices[0],)


def test_the_account_is_shown(run: Run) -> None:
    lines = dict(
        line.split(maxsplit=1) for line in run("account").stdout.splitlines() if line.startswith(("id", "name"))
    )
    assert lines["name"] == "Emulated organization"
    assert json.loads(run("account", "--json").stdout)["id"] == lines["id"]


@pytest.mark.parametrize(
    ("text", "is_end", "expected"),
    [
        ("2026-01-31", False, datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31", True, datetime(2026, 1, 31, 23, 59, 59, 999000, tzinfo=UTC)),
        ("2026-01-31T12:00", True, datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+01:00", False, datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=1)))),
        ("7d", False, NOW - timedelta(days=7)),
        ("90m", False, NOW - timedelta(minutes=90)),
        (None, False, None),
    ],
)
def test_a_moment_is_read(text: str | None, is_end: bool, expected: datetime | None) -> None:
    assert moment("--from", text, is_end=is_end, now=NOW) == expected


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "999999d"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="names no moment, expected 2026-01-31"):
        moment("--from", text, now=NOW)


def test_a_server_that_names_no_cost_is_counted_at_the_list_price(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"id": "u1", "created_at": "2026-01-01T00:00:00.000Z", "duration_sec": 84}
    with serving() as server:
        server.will(reply(200, {"logs": [row], "pagination": {"total": 2}}))
        monkeypatch.setenv("FLIREO_BASE_URL", server.url)
        done = run("usage", "--by", "agent")
    assert done.stdout.splitlines()[1].split() == ["(unknown)", "1", "2", "0.14"]
    assert "the server names no cost; counted at 0.07 euro a minute that has begun" in done.stderr
    assert "warning: the list does not prove that it is whole" in done.stderr
