"""Which creates that were cut off a run does not settle."""

from __future__ import annotations

from pathlib import Path

import pytest

from flireo_iac.core.abandoned import Holder, abandoned, told
from flireo_iac.core.journal import Intent, Journal

PREFIX = "urn:pulumi:dev::shop::"
URN = f"{PREFIX}pulumi-python:dynamic/flireo:Agent::desk"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Give a journal whose creates are those of processes that are gone."""
    found = Journal(tmp_path / "journal")
    found.is_under_way = lambda intent: False  # type: ignore[method-assign]
    return found


def _open(journal: Journal, urn: str = URN, folder: str = "/project", object_id: str | None = None) -> Intent:
    intent = journal.open(Intent("acc", "agent", urn, folder, {"name": "Desk"}, "digest", (), True))
    if object_id is not None:
        journal.answer(intent, object_id)
    return intent


def _found(journal: Journal, *planned: str, ids: tuple[str, ...] = (), folder: str = "/project") -> list[str]:
    return [each.urn for each in abandoned(journal, Holder(PREFIX, folder, ids), planned)]


def test_a_create_whose_item_is_dropped_is_told(journal: Journal) -> None:
    _open(journal)
    assert _found(journal) == [URN]
    assert _found(journal, URN) == []
    assert _found(journal, folder="/another") == [URN]


def test_other_stacks_are_not_spoken_of(journal: Journal) -> None:
    _open(journal, URN.replace(":dev::", ":live::"))
    assert _found(journal) == []


def test_what_the_state_holds_is_settled(journal: Journal) -> None:
    _open(journal, object_id="a-1")
    assert _found(journal, ids=("a-1",)) == []
    assert _found(journal, ids=("a-2",)) == [URN]
    assert _found(journal, folder="/another") == []  # a state there may hold it


def test_a_create_that_still_runs_is_not_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    _open(journal)
    assert _found(journal) == []
    journal.release()


def test_a_journal_that_cannot_be_read_stops_nothing(journal: Journal) -> None:
    _open(journal)
    journal.release()
    journal.path.write_bytes(b"no database" * 1000)
    for beside in journal.path.parent.glob("*.sqlite-*"):
        beside.unlink()
    assert _found(journal) == []


def test_the_words_name_the_object_and_the_command(journal: Journal) -> None:
    _open(journal, object_id="a-1")
    (intent,) = journal.intents()
    assert told(intent) == (
        'create agent "desk": a run was cut off, this run does not settle it, and the account may hold a-1, which it '
        "made. See what is left with: flireo recover -s dev"
    )
