"""The journal of creates: what a run that was cut off leaves behind, and what the next one makes of it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flireo_iac.allow import Allowed
from flireo_iac.core.account import Account as Owner
from flireo_iac.core.creation import Creation
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.journal import KEPT_S, Intent, Journal, digester
from flireo_iac.core.lifecycle import Lifecycle
from flireo_iac.core.ports import Listing
from flireo_iac.errors import (
    AmbiguousCreateError,
    ConflictError,
    JournalError,
    TransportError,
    UnprovenAbsenceError,
)
from flireo_iac.kinds import KINDS, Kind
from tests.core.test_lifecycle import LOST, Account, Said

AGENT = KINDS["agent"]
URN = "urn:pulumi:dev::shop::pulumi-python:dynamic/flireo:Agent::desk"


class CutOff(BaseException):
    """The process ends here."""


class Runs:
    """Runs of one stack on one account, each with its own process as far as the journal can tell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.account = Account()
        self.said = Said()
        self.waited: list[float] = []

    def creation(self, *, project: str = "/project", known: tuple[str, ...] = (), settle_s: float = 0.0) -> Creation:
        inventory = Inventory(self.account)
        return Creation(
            self.account,
            inventory,
            Journal(self.folder / "journal"),
            update=Lifecycle(self.account, inventory).update,
            account=Owner(self.account),
            digest=digester("key"),
            folder=project,
            is_known=lambda kind, id_: id_ in known,
            settle_s=settle_s,
            sleep=self.waited.append,
        )

    def create(self, inputs: dict[str, Any], urn: str = URN, **options: Any) -> str:
        return self.creation(**options).create(AGENT, inputs, self.said, urn).id

    def cut_off(self, at: Callable[[], None], inputs: dict[str, Any], urn: str = URN) -> None:
        """Run until the server has acted; ``at`` may undo that. Then the process is gone, locks and all."""

        def end() -> None:
            self.account.after_create = lambda: None
            at()
            raise CutOff

        self.account.after_create = end
        run = self.creation()
        with pytest.raises(CutOff):
            run.create(AGENT, inputs, self.said, urn)
        run.journal.release()

    def intents(self) -> tuple[Intent, ...]:
        return Journal(self.folder / "journal").intents()


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


DESK = {"name": "Desk", "first_message": "Hi"}


def test_what_a_run_made_before_it_was_cut_off_is_taken_over(runs: Runs) -> None:
    runs.cut_off(lambda: None, DESK)
    assert runs.create(DESK) == "1"
    assert runs.account.calls.count("create") == 1
    assert any("taken over" in text for text in runs.said.texts)


def test_what_never_arrived_is_made_once_nothing_can_arrive_any_more(runs: Runs) -> None:
    runs.cut_off(runs.account.rows.clear, DESK)
    assert runs.create(DESK) == "2"
    assert runs.account.calls.count("create") == 2
    assert [each.object_id for each in runs.intents()] == ["2"]


def test_what_arrives_late_is_waited_for(runs: Runs) -> None:
    kept = runs.account.hidden_from_list
    runs.cut_off(lambda: kept.add("1"), DESK)
    creation = runs.creation(settle_s=1000.0)
    looks = iter([None, None, kept.clear])
    creation.sleep = runs.waited.append

    def sleep(seconds: float) -> None:
        runs.waited.append(seconds)
        act = next(looks)
        if act is not None:
            act()

    creation._settler.sleep = sleep
    assert creation.create(AGENT, DESK, runs.said, URN).id == "1"
    assert len(runs.waited) == 3
    assert any("may still arrive" in text for text in runs.said.texts)


def test_the_id_is_kept_until_the_state_is_seen_to_hold_it(runs: Runs) -> None:
    made = runs.create(DESK)
    assert [each.object_id for each in runs.intents()] == [made]
    Journal(runs.folder / "journal").see(URN, "another")
    assert len(runs.intents()) == 1
    Journal(runs.folder / "journal").see(URN, made)
    assert runs.intents() == ()


def test_an_answered_create_that_no_state_holds_is_taken_over_by_its_id(runs: Runs) -> None:
    """Between the answer and the write of the state: the engine was killed, the provider was not."""
    made = runs.create(DESK)
    runs.account.add(**DESK)  # even beside a twin that a person made
    assert runs.create(DESK) == made
    assert runs.account.calls.count("create") == 1


def test_it_is_brought_up_to_date_when_the_file_has_changed(runs: Runs) -> None:
    made = runs.create(DESK)
    assert runs.create({**DESK, "first_message": "Good day"}) == made
    assert runs.account.rows[made]["first_message"] == "Good day"
    assert runs.account.calls.count("create") == 1


def test_an_answered_create_that_is_gone_is_made_anew(runs: Runs) -> None:
    made = runs.create(DESK)
    del runs.account.rows[made]
    assert runs.create(DESK) == "2"


def test_one_404_does_not_make_it_twice(runs: Runs) -> None:
    made = runs.create(DESK)
    runs.account.get = lambda kind, id_: None  # type: ignore[method-assign]
    with pytest.raises(UnprovenAbsenceError):
        runs.create(DESK)
    assert runs.account.calls.count("create") == 1
    assert [each.object_id for each in runs.intents()] == [made]


def test_what_somebody_edited_meanwhile_is_not_recorded_as_ours(runs: Runs) -> None:
    made = runs.create(DESK)
    runs.account.rows[made]["first_message"] = "edited"
    assert runs.create(DESK) == made
    assert runs.account.rows[made]["first_message"] == "Hi"


def test_a_brief_list_does_not_pass_for_the_object(runs: Runs) -> None:
    def list_names(kind: Kind, within: str = "") -> Listing:
        return Listing(tuple({"id": id_, "name": row["name"]} for id_, row in runs.account.rows.items()), True)

    runs.cut_off(runs.account.rows.clear, DESK)
    runs.account.list = list_names  # type: ignore[method-assign]
    runs.account.add(name="Desk", first_message="somebody else's")
    with pytest.raises(AmbiguousCreateError, match="does not hold what was sent"):
        runs.create(DESK)
    assert [each.object_id for each in runs.intents()] == [None]


def test_another_resource_that_creates_the_same_name_may_be_its_owner(runs: Runs) -> None:
    other = "urn:pulumi:prod::shop::pulumi-python:dynamic/flireo:Agent::desk"
    runs.cut_off(runs.account.rows.clear, DESK)
    runs.account.rows.clear()
    runs.cut_off(lambda: None, DESK, other)
    with pytest.raises(AmbiguousCreateError, match="another resource's") as raised:
        runs.create(DESK)
    assert raised.value.candidates == ("2",)


def test_a_create_that_happened_is_kept_whatever_is_learned_of_accounts(runs: Runs) -> None:
    run = runs.creation()

    def learn() -> None:
        run.account.see("acc-other")

    runs.account.after_create = learn
    assert run.create(AGENT, DESK, runs.said, URN).id == "1"


def test_locks_of_runs_that_left_nothing_open_are_cleared(runs: Runs) -> None:
    for n in range(3):
        run = runs.creation()
        run.create(AGENT, {"name": f"A{n}"}, runs.said, f"{URN}{n}")
        if run.journal._life is not None:
            run.journal._life.release()  # as the death of the process would
    assert len(list((runs.folder / "journal").glob("*.lock"))) == 1


def test_a_folder_that_cannot_be_searched_stops_no_look(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    Journal(runs.folder / "journal").see(URN, "1")
    with pytest.raises(JournalError):
        Journal(runs.folder / "journal").intents()


def test_a_damaged_file_keeps_what_was_written_last(runs: Runs) -> None:
    runs.create(DESK)
    aside = Journal(runs.folder / "journal").set_aside()
    assert aside.with_name(aside.name + "-wal").exists()


def test_a_replacement_is_not_taken_for_what_it_replaces(runs: Runs) -> None:
    made = runs.create(DESK)
    assert runs.create(DESK, known=(made,)) == "2"


def test_another_checkout_of_the_same_stack_takes_nothing_over(runs: Runs) -> None:
    made = runs.create(DESK)
    with pytest.raises(AmbiguousCreateError, match="/project") as raised:
        runs.create(DESK, project="/elsewhere")
    assert raised.value.candidates == (made,)
    assert runs.account.calls.count("create") == 1


def test_a_changed_file_is_no_proof(runs: Runs) -> None:
    runs.cut_off(lambda: None, DESK)
    with pytest.raises(AmbiguousCreateError, match="has changed since") as raised:
        runs.create({**DESK, "first_message": "Good day"})
    assert raised.value.candidates == ("1",)
    assert "flireo recover -s dev --take desk=1" in str(raised.value)


def test_two_that_could_be_it_stop(runs: Runs) -> None:
    runs.cut_off(lambda: None, DESK)
    runs.account.add(**DESK)
    with pytest.raises(AmbiguousCreateError, match="flireo recover") as raised:
        runs.create(DESK)
    assert raised.value.candidates == ("1", "2")
    assert runs.account.calls.count("create") == 1


def test_what_another_stack_made_meanwhile_is_no_candidate(runs: Runs) -> None:
    other = "urn:pulumi:dev::other::pulumi-python:dynamic/flireo:Agent::desk"
    runs.cut_off(runs.account.rows.clear, DESK)
    made = runs.create(DESK, other)
    runs.account.calls.clear()
    assert runs.creation(known=(made,)).create(AGENT, DESK, runs.said, URN).id not in ("1", made)
    assert runs.account.calls.count("create") == 1


def test_what_was_there_before_is_no_candidate(runs: Runs) -> None:
    runs.account.add(**{**DESK, "first_message": "another"})

    def never_arrived() -> None:
        del runs.account.rows["2"]

    runs.cut_off(never_arrived, DESK)
    assert runs.create(DESK) == "3"


def test_with_the_journal_lost_the_same_object_stops_the_create(runs: Runs) -> None:
    runs.cut_off(lambda: None, DESK)
    for path in (runs.folder / "journal").iterdir():
        path.unlink()
    with pytest.raises(AmbiguousCreateError, match="exactly this already as 1") as raised:
        runs.create(DESK)
    assert "flireo recover -s dev --take desk=1" in str(raised.value)
    assert "--allow twin:desk" in str(raised.value)
    creation = runs.creation()
    creation.allowed = Allowed(frozenset({"twin:desk"}))
    assert creation.create(AGENT, DESK, runs.said, URN).id == "2"


def test_an_answer_lost_twice_over_is_settled_by_the_next_run(runs: Runs) -> None:
    def fail() -> None:
        runs.account.after_create = lambda: None
        runs.account.hidden_from_list = {"1"}
        raise LOST

    runs.account.after_create = fail
    with pytest.raises(AmbiguousCreateError):
        runs.create(DESK)
    runs.account.hidden_from_list = set()
    assert runs.create(DESK) == "1"


@pytest.mark.parametrize(
    "error",
    [
        ConflictError("taken", status=409, method="POST", path="/agents"),
        TransportError("refused", method="POST", path="/agents", may_have_arrived=False),
    ],
)
def test_what_was_refused_leaves_nothing_behind(error: Exception, runs: Runs) -> None:
    def fail() -> None:
        runs.account.rows.clear()
        raise error

    runs.account.after_create = fail
    with pytest.raises(type(error)):
        runs.create(DESK)
    assert runs.intents() == ()


def test_without_a_journal_nothing_is_sent(runs: Runs) -> None:
    (runs.folder / "journal").write_text("in the way")
    with pytest.raises(JournalError, match="FLIREO_STATE_DIR"):
        runs.create(DESK)
    assert "create" not in runs.account.calls


def test_a_damaged_file_says_so(runs: Runs) -> None:
    run = runs.creation()
    run.create(AGENT, DESK, runs.said, URN)
    run.journal.release()
    run.journal.path.write_bytes(b"no database" * 100)
    with pytest.raises(JournalError, match="cannot be used"):
        runs.create({"name": "Other"}, URN + "2")


def test_nothing_of_the_body_is_in_the_file_and_only_the_owner_reads_it(runs: Runs) -> None:
    runs.create({**DESK, "first_message": "canary-body", "webhook_secret": "canary-secret"})
    path = Journal(runs.folder / "journal").path
    assert all(b"canary" not in each.read_bytes() for each in path.parent.iterdir())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_old_answer_is_swept_and_an_open_intent_stays(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.create(DESK)
    runs.cut_off(lambda: None, {"name": "Open"}, URN + "2")
    later, old = time.time() + KEPT_S + 60, time.monotonic() + KEPT_S + 60
    monkeypatch.setattr("flireo_iac.core.journal.time.time", lambda: later)
    runs.create({"name": "New"}, URN + "3")
    assert runs.intents()[0].urn == URN, "a clock that jumps makes nothing old"
    monkeypatch.setattr("flireo_iac.core.journal.time.monotonic", lambda: old)
    runs.create({"name": "New too"}, URN + "4")
    assert [each.urn[-1] for each in runs.intents()] == ["2", "4"]


def test_what_may_still_arrive_is_counted_from_the_request_however_long_it_waited(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A create may wait a minute for its turn; killed right after it was sent, it may arrive for 30 seconds more."""

    def wait_and_die(kind: Kind, body: Any, before_send: Callable[[], None]) -> Any:
        monkeypatch.setattr("flireo_iac.core.journal.time.monotonic", lambda: waited)
        before_send()
        raise CutOff

    waited = time.monotonic() + 60
    monkeypatch.setattr(runs.account, "create", wait_and_die)
    run = runs.creation()
    with pytest.raises(CutOff):
        run.create(AGENT, DESK, runs.said, URN)
    run.journal.release()
    (intent,) = runs.intents()
    assert intent.age_s == 0


def test_what_another_resource_of_the_machine_has_made_is_no_candidate_even_when_its_state_holds_it(runs: Runs) -> None:
    other = "urn:pulumi:prod::shop::pulumi-python:dynamic/flireo:Agent::desk"
    runs.cut_off(runs.account.rows.clear, DESK)
    theirs = runs.create(DESK, other)
    Journal(runs.folder / "journal").see(other, theirs)
    with pytest.raises(AmbiguousCreateError, match=f"exactly this already as {theirs}"):
        runs.create(DESK)


def test_a_create_that_another_checkout_began_is_not_taken_over(runs: Runs) -> None:
    runs.cut_off(lambda: None, DESK)
    with pytest.raises(AmbiguousCreateError, match="a run of this stack in /project created it as 1"):
        runs.create(DESK, project="/other")
    assert runs.create(DESK) == "1"


def _open_and_hang(folder: Path, ready: Any) -> None:
    journal = Journal(folder)
    journal.open(Intent("org", "agent", URN, "/project", {"name": "Desk"}, "d", (), True))
    ready.set()
    signal.pause()


def test_a_process_that_still_creates_is_told_from_one_that_was_killed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    child = context.Process(target=_open_and_hang, args=(tmp_path, ready))
    child.start()
    assert ready.wait(60)
    journal = Journal(tmp_path)
    (intent,) = journal.intents()
    assert journal.is_under_way(intent)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert not journal.is_under_way(intent)
    assert journal.intents() == (intent,)


KEY = KINDS["byok_key"]
KEY_URN = URN.replace("Agent::desk", "ByokKey::openai")
OPENAI = {"provider": "openai", "api_key": "canary-key"}


def test_a_key_that_the_state_does_not_know_is_not_overwritten_unasked(runs: Runs) -> None:
    runs.account.rows["openai"] = {"id": "openai", "provider": "openai", "secret_id": "theirs"}
    with pytest.raises(AmbiguousCreateError) as stopped:
        runs.creation().create(KEY, OPENAI, runs.said, KEY_URN)
    assert "flireo adopt -s dev byok.openai" in stopped.value.reason
    assert "--allow overwrite:openai" in stopped.value.reason
    assert "canary" not in stopped.value.reason
    assert runs.account.rows["openai"]["secret_id"] == "theirs"
    assert runs.intents() == ()
    creation = runs.creation()
    creation.allowed = Allowed(frozenset({"overwrite:openai"}))
    creation.create(KEY, OPENAI, runs.said, KEY_URN)
    assert runs.account.rows["openai"]["secret_id"] != "theirs"


def test_a_key_that_the_state_knows_is_stored_again(runs: Runs) -> None:
    runs.account.rows["openai"] = {"id": "openai", "provider": "openai", "secret_id": "ours"}
    runs.creation(known=("openai",)).create(KEY, OPENAI, runs.said, KEY_URN)
    assert runs.account.calls.count("create") == 1


def test_a_key_that_a_run_stored_before_it_was_cut_off_is_stored_again(runs: Runs) -> None:
    def end() -> None:
        runs.account.after_create = lambda: None
        raise CutOff

    runs.account.after_create = end
    with pytest.raises(CutOff):
        runs.creation().create(KEY, OPENAI, runs.said, KEY_URN)
    assert runs.creation().create(KEY, OPENAI, runs.said, KEY_URN).id == "openai"
    assert [each.object_id for each in runs.intents()] == ["openai"]
