"""Leads of a campaign over real HTTP: nobody is called twice, and nobody who was taken out is called."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.allow import Allowed
from flireo_iac.client import FlireoApi
from flireo_iac.core.account import Account
from flireo_iac.core.choices import Choices
from flireo_iac.core.creation import Creation
from flireo_iac.core.existing import Existing, UnfinishedError
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.journal import Intent, Journal, digester
from flireo_iac.core.lifecycle import Lifecycle
from flireo_iac.core.proposals import Action, Unfinished
from flireo_iac.core.recovery import Recovery
from flireo_iac.emulator.server import Running, running
from flireo_iac.errors import AmbiguousCreateError, BusyError, FinalError
from flireo_iac.kinds import KINDS, Kind
from flireo_iac.kinds.campaign_lead import why_final
from flireo_iac.rows import GONE, NOW, Listing
from flireo_iac.settings import Settings

CAMPAIGN, LEAD = KINDS["campaign"], KINDS["campaign_lead"]
ROBIN, SAM, KIM = (f"+3120123450{number}" for number in (1, 2, 3))
URN = "urn:pulumi:dev::calls::pulumi-python:dynamic/flireo:Campaign::renewals"


def lead(number: str, name: str = "x") -> dict[str, Any]:
    return {"phone_number": number, "variables": {"name": name}}


OPEN: list[FlireoApi] = []


class Run:
    """A run of a stack against a server, with the journal of its machine."""

    def __init__(self, server: Running, folder: Path, key: str, *words: str, known: tuple[str, ...] = ()) -> None:
        self.said: list[str] = []
        self.server, self.key = server, key
        self.api = FlireoApi(Settings(key, server.url, requests_per_minute=100_000, state_dir=folder))
        OPEN.append(self.api)
        inventory, account = Inventory(self.api), Account(self.api)
        allowed = Allowed(frozenset(words))
        self.lifecycle = Lifecycle(
            self.api, inventory, account, allowed=allowed, is_known=lambda kind, id_: id_ in known
        )
        self.creation = Creation(
            self.api,
            inventory,
            Journal(folder),
            update=self.lifecycle.update,
            account=account,
            digest=digester(key),
            allowed=allowed,
            settle_s=0,
        )

    def say(self, severity: str, text: str) -> None:
        self.said.append(f"{severity}: {text}")

    def campaign(self, *leads: Mapping[str, Any], status: str = "draft") -> Existing:
        agent = self.api.list(KINDS["agent"]).rows or [self.api.create(KINDS["agent"], {"name": "Desk"})]
        inputs = {"name": "Renewals", "agent_id": agent[0]["id"], "status": status, "leads": list(leads)}
        return self.creation.create(CAMPAIGN, inputs, self.say, URN)

    def lead(self, campaign: str, wanted: Mapping[str, Any]) -> Existing:
        inputs = {"campaign_id": campaign, **wanted}
        return self.creation.create(LEAD, inputs, self.say, f"urn:x::renewals/{wanted['phone_number']}")

    def delete(self, made: Existing) -> None:
        number = made.inputs["phone_number"]
        self.lifecycle.delete(LEAD, made.id, made.outputs, self.say, f"renewals/{number}")

    def rows(self, campaign: str) -> dict[str, Mapping[str, Any]]:
        rows = self.api.list(LEAD, campaign).rows
        assert len({row["phone_number"] for row in rows}) == len(rows), "somebody would be called twice"
        return {row["phone_number"]: row for row in rows}

    def edit(self, collection: str, id_: str, **values: Any) -> None:
        own = id_.rpartition("/")[2]
        where = f"{self.server.control_url}/objects/{collection}/{own}"
        httpx.patch(where, json=values, headers={"Authorization": f"Bearer {self.key}"}).raise_for_status()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as started:
        yield started


@pytest.fixture
def run(server: Running, tmp_path: Path) -> Iterator[Run]:
    yield Run(server, tmp_path, f"fl_test_{uuid.uuid4().hex}")
    while OPEN:
        OPEN.pop().close()


def later(run: Run, folder: Path, *words: str, known: tuple[str, ...] = ()) -> Run:
    return Run(run.server, folder, run.key, *words, known=known)


def test_a_status_is_said_in_words_that_are_true() -> None:
    assert why_final({"status": "pending"}) == ""
    assert "without a call" in why_final({"status": "skipped"})
    assert "nobody answered" in why_final({"status": "no_answer"})
    assert "now" in why_final({"status": "calling"})
    assert "called" not in why_final({"status": "of another version"})


def test_who_comes_back_to_the_list_is_called_again_only_when_asked_for(run: Run, tmp_path: Path) -> None:
    campaign = run.campaign(lead(ROBIN), lead(SAM))
    before = run.lead(campaign.id, lead(ROBIN))
    run.edit("leads", before.id, status="completed", attempts=1)
    assert later(run, tmp_path).lead(campaign.id, lead(ROBIN)).id == before.id
    asked = later(run, tmp_path, f"call-again:renewals/{ROBIN}")
    again = asked.lead(campaign.id, lead(ROBIN))
    assert again.id != before.id
    assert run.rows(campaign.id)[ROBIN]["status"] == "pending"
    assert any("as asked for" in text for text in asked.said)


def test_who_was_called_again_before_the_run_was_cut_off_is_not_called_once_more(run: Run, tmp_path: Path) -> None:
    campaign = run.campaign(lead(ROBIN), lead(SAM))
    before = run.lead(campaign.id, lead(ROBIN))
    run.edit("leads", before.id, status="completed", attempts=1)
    word = f"call-again:renewals/{ROBIN}"
    again = later(run, tmp_path, word).lead(campaign.id, lead(ROBIN))
    run.edit("leads", again.id, status="completed", attempts=1)
    # No state holds it: the run was killed before it was written. The journal tells what the run had made.
    assert later(run, tmp_path, word).lead(campaign.id, lead(ROBIN)).id == again.id


def test_a_completed_campaign_keeps_its_leads_and_takes_no_new_one(run: Run, tmp_path: Path) -> None:
    campaign = run.campaign(lead(ROBIN))
    waiting = run.lead(campaign.id, lead(ROBIN))
    run.edit("campaigns", campaign.id, status="completed")
    after = later(run, tmp_path, "call-again:*")
    after.delete(waiting)
    kept = after.lead(campaign.id, lead(ROBIN, "Robin the second"))
    assert kept.id == waiting.id
    assert any("its campaign is completed" in text for text in after.said)
    with pytest.raises(FinalError, match="its campaign is completed"):
        after.lead(campaign.id, lead(SAM))
    assert [row["variables"] for row in run.rows(campaign.id).values()] == [{"name": "x"}]


def test_who_was_taken_out_after_a_cut_off_run_is_not_called(run: Run, tmp_path: Path) -> None:
    campaign = run.campaign(lead(ROBIN), lead(SAM), lead(KIM), status="scheduled")
    sam = run.lead(campaign.id, lead(SAM)).id  # then the run was cut off: the state knows one of them
    run.edit(
        "leads",
        next(row["id"] for row in run.rows(campaign.id).values() if row["phone_number"] == KIM),
        status="completed",
    )
    wanted = {**campaign.inputs, "leads": []}
    next_run = later(run, tmp_path, known=(sam,))
    done = next_run.lifecycle.update(CAMPAIGN, campaign.id, campaign.inputs, wanted, campaign.outputs, next_run.say)
    assert sorted(run.rows(campaign.id)) == [KIM]  # who was called stays on record
    assert done.inputs == wanted
    assert {number for number in (ROBIN, SAM) if any(number in text for text in next_run.said)} == {ROBIN, SAM}


def test_who_is_taken_out_is_so_before_the_campaign_begins(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = run.campaign(lead(ROBIN), lead(SAM))
    known = tuple(run.lead(campaign.id, lead(number)).id for number in (ROBIN, SAM))
    next_run = later(run, tmp_path, known=known)
    sent: list[str] = []

    def noted(name: str) -> None:
        real = getattr(next_run.api, name)

        def call(*given: Any) -> Any:
            sent.append(name)
            return real(*given)

        monkeypatch.setattr(next_run.api, name, call)

    noted("update")
    noted("delete")
    wanted = {**campaign.inputs, "status": "scheduled", "leads": [lead(SAM)]}
    next_run.lifecycle.update(CAMPAIGN, campaign.id, campaign.inputs, wanted, campaign.outputs, next_run.say)
    assert sent == ["delete", "update"]
    assert sorted(run.rows(campaign.id)) == [SAM]


def test_a_list_that_is_short_deletes_nobody(run: Run, tmp_path: Path) -> None:
    campaign = run.campaign(lead(ROBIN), lead(SAM))
    robin = run.lead(campaign.id, lead(ROBIN))
    later(run, tmp_path).api.delete(LEAD, robin.id)
    run.edit("campaigns", campaign.id, total_leads=9)
    with pytest.raises(AmbiguousCreateError, match="does not show as many"):
        later(run, tmp_path).delete(robin)


def test_a_write_between_a_list_and_what_its_parent_counts_does_not_make_it_a_short_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = run.campaign(lead(ROBIN), lead(SAM))
    robin = run.lead(campaign.id, lead(ROBIN))
    other = later(run, tmp_path / "elsewhere")
    read, waiting = other.api.list, [robin.id]

    def and_then_write(kind: Kind, within: str = "") -> Listing:
        listing = read(kind, within)
        if kind is LEAD and waiting:
            run.api.delete(LEAD, waiting.pop())
        return listing

    monkeypatch.setattr(other.api, "list", and_then_write)
    assert other.lead(campaign.id, lead(SAM)).inputs["phone_number"] == SAM
    assert other.lead(campaign.id, lead(ROBIN)).id != robin.id


class Cut(BaseException):
    """The process ends here."""


def test_a_lead_whose_create_was_cut_off_is_settled_when_it_is_found(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = run.campaign(lead(ROBIN))
    dying = later(run, tmp_path)
    create = dying.api.create

    def create_and_die(kind: Kind, body: Mapping[str, Any], before_send: Callable[[], None]) -> Mapping[str, Any]:
        create(kind, body, before_send)
        raise Cut

    monkeypatch.setattr(dying.api, "create", create_and_die)
    with pytest.raises(Cut):
        dying.lead(campaign.id, lead(SAM))
    dying.creation.journal.release()
    found = later(run, tmp_path).lead(campaign.id, lead(SAM))
    journal = Journal(tmp_path)
    journal.see(f"urn:x::renewals/{SAM}", found.id)
    assert [each for each in journal.intents() if each.urn.endswith(SAM)] == []


def test_who_was_called_since_the_list_was_read_stays(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh reads the list, a person answers a question, the campaign calls: then the run begins to write."""
    campaign = run.campaign(lead(ROBIN), lead(SAM), status="scheduled")
    robin = run.lead(campaign.id, lead(ROBIN))
    other = later(run, tmp_path, known=(robin.id,))
    other.lifecycle.read(LEAD, robin.id, robin.inputs, robin.outputs, other.say)
    run.edit("leads", robin.id, status="completed", attempts=1)
    later_still = time.monotonic() + 60
    monkeypatch.setattr("flireo_iac.core.inventory.time.monotonic", lambda: later_still)
    wanted = {**campaign.inputs, "leads": [lead(ROBIN, "y"), lead(SAM)]}
    other.lifecycle.update(CAMPAIGN, campaign.id, campaign.inputs, wanted, campaign.outputs, other.say)
    assert run.rows(campaign.id)[ROBIN]["status"] == "completed"


def test_a_campaign_that_was_scheduled_since_the_list_was_read_is_not_deleted(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = run.campaign(lead(ROBIN))
    other = later(run, tmp_path)
    other.lifecycle.read(CAMPAIGN, campaign.id, campaign.inputs, campaign.outputs, other.say)
    run.edit("campaigns", campaign.id, status="scheduled")
    later_still = time.monotonic() + 60
    monkeypatch.setattr("flireo_iac.core.inventory.time.monotonic", lambda: later_still)
    with pytest.raises(BusyError):
        other.lifecycle.delete(CAMPAIGN, campaign.id, campaign.outputs, other.say, "renewals")


def test_who_may_have_been_called_before_the_record_was_deleted_is_not_called_again(run: Run, tmp_path: Path) -> None:
    """The state saw the lead waiting; whether it was called before somebody deleted it, nobody can tell."""
    campaign = run.campaign(lead(ROBIN), lead(SAM))
    robin, sam = (run.lead(campaign.id, lead(number)) for number in (ROBIN, SAM))
    run.api.delete(LEAD, robin.id)
    draft = later(run, tmp_path)
    assert draft.lifecycle.read(LEAD, robin.id, robin.inputs, robin.outputs, draft.say) is None
    run.edit("campaigns", campaign.id, status="paused")
    run.api.delete(LEAD, sam.id)
    begun = later(run, tmp_path)
    found = begun.lifecycle.read(LEAD, sam.id, sam.inputs, sam.outputs, begun.say)
    assert found is not None
    assert found.outputs[GONE]


@pytest.mark.parametrize("kind", [CAMPAIGN, LEAD], ids=["campaign", "lead"])
def test_what_only_the_journal_knows_and_was_deleted_outside_is_not_made_anew_unasked(
    kind: Kind, run: Run, tmp_path: Path
) -> None:
    campaign = run.campaign(lead(ROBIN), status="scheduled")

    def make(by: Run) -> Existing:
        return by.campaign(lead(ROBIN), status="scheduled") if kind is CAMPAIGN else by.lead(campaign.id, lead(SAM))

    made = campaign if kind is CAMPAIGN else make(run)
    run.api.delete(kind, made.id)
    word = "replace:renewals" if kind is CAMPAIGN else f"call-again:renewals/{SAM}"
    with pytest.raises(AmbiguousCreateError, match=re.escape(f"--allow {word}")):
        make(later(run, tmp_path))
    assert make(later(run, tmp_path, word)).id != made.id


def test_a_campaign_that_a_person_has_taken_over_keeps_the_leads_that_its_file_does_not_name(
    run: Run, tmp_path: Path
) -> None:
    theirs = run.campaign(lead(ROBIN))
    other = later(run, tmp_path / "elsewhere")
    journal = other.creation.journal
    scope = run.creation.journal.intents()[0].scope
    taken = journal.open(Intent(scope, "campaign", URN, "", {"name": "Renewals"}, "", (), True))
    journal.answer(taken, theirs.id)
    assert other.campaign(lead(SAM), status="paused").id == theirs.id
    assert sorted(run.rows(theirs.id)) == [ROBIN]
    assert any("what its file does not name stays in it" in text for text in other.said)


def test_most_of_a_campaign_that_no_state_knows_is_not_taken_out_unasked(run: Run, tmp_path: Path) -> None:
    many = [lead(f"+3120123456{number}") for number in range(10, 30)]
    made = run.campaign(*many)
    with pytest.raises(UnfinishedError, match="--allow many-deletes"):
        later(run, tmp_path).campaign(*many[:5], status="paused")
    assert len(run.rows(made.id)) == 20
    later(run, tmp_path, "many-deletes").campaign(*many[:5], status="paused")
    assert len(run.rows(made.id)) == 5


def test_a_campaign_is_not_made_while_the_list_that_would_show_another_is_short(run: Run, tmp_path: Path) -> None:
    made = run.campaign(lead(ROBIN))
    agent = run.api.list(KINDS["agent"]).rows[0]["id"]
    run.api.create(CAMPAIGN, {"name": "Other", "agent_id": agent})
    order = {"kind": "duplicates", "method": "GET", "path": "/campaigns", "times": 1}
    httpx.post(f"{run.server.control_url}/faults", json=order).raise_for_status()
    with pytest.raises(AmbiguousCreateError, match=r"the list of the account .* is not complete"):
        later(run, tmp_path / "elsewhere").campaign(lead(SAM))
    assert [row["id"] for row in run.api.list(CAMPAIGN).rows if row["name"] == "Renewals"] == [made.id]


def test_a_campaign_of_the_same_name_that_no_state_knows_is_not_made_twice_whatever_it_holds(
    run: Run, tmp_path: Path
) -> None:
    """As after a run that was cut off on another machine, when the file has changed since."""
    made = run.campaign(lead(ROBIN))
    other = later(run, tmp_path / "elsewhere")
    with pytest.raises(AmbiguousCreateError, match=f"a campaign of that name already as {made.id}") as raised:
        other.campaign(lead(ROBIN), lead(SAM), status="paused")
    assert "--take renewals=" in str(raised.value)
    assert len(run.api.list(CAMPAIGN).rows) == 1
    later(run, tmp_path / "elsewhere", "twin:renewals").campaign(lead(SAM))
    assert len(run.api.list(CAMPAIGN).rows) == 2


@pytest.mark.parametrize("has_journal", [True, False], ids=["journal", "no journal"])
def test_a_scheduled_campaign_that_was_cut_off_is_recovered_as_the_draft_that_it_is(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_journal: bool
) -> None:
    """The create takes no notice of the status, so the next run has to bring it."""
    dying, real = later(run, tmp_path), run.api.create

    def killed(kind: Kind, body: Mapping[str, Any], *more: Any) -> Any:
        real(kind, body)
        raise KeyboardInterrupt

    agent = run.api.create(KINDS["agent"], {"name": "Desk"})["id"]
    inputs = {"name": "Renewals", "agent_id": agent, "status": "scheduled", "leads": [lead(ROBIN)]}
    monkeypatch.setattr(dying.api, "create", killed)
    with pytest.raises(KeyboardInterrupt):
        dying.creation.create(CAMPAIGN, inputs, dying.say, URN)
    dying.creation.journal.release()
    (made,) = run.api.list(CAMPAIGN).rows

    account = Account(run.api)
    recovery = Recovery(
        Inventory(run.api),
        Journal(tmp_path if has_journal else tmp_path / "elsewhere"),
        scope=str(account.check()),
        account=account,
        digest=digester(run.key),
        folder="",
        held=frozenset(),
        choices=Choices.read(() if has_journal else (f"{URN}={made['id']}",), ()),
        settle_s=0,
        written_s=60,
        on_wait=lambda reason, seconds: None,
    )
    left = Unfinished(URN, CAMPAIGN, {**inputs, "__provider": "p"})
    if not has_journal:
        unsaid = replace(recovery, choices=Choices.read((), ())).propose(left)
        assert (unsaid.action, [row["id"] for row in unsaid.candidates]) == (Action.ASK, [made["id"]])
        assert unsaid.reason == "one object holds what was sent, and no journal tells that this create made it"
    taken = recovery.propose(left)
    assert taken.action is Action.TAKE, taken.reason
    assert taken.made is not None
    assert taken.made.inputs["status"] == "draft"

    # The next run finds the difference and sends it.
    last = later(run, tmp_path)
    last.lifecycle.update(CAMPAIGN, taken.made.id, taken.made.inputs, inputs, taken.made.outputs, last.say)
    assert [(row["id"], row["status"]) for row in run.api.list(CAMPAIGN).rows] == [(made["id"], "scheduled")]


def test_who_was_called_and_then_deleted_outside_is_not_called_again(run: Run, tmp_path: Path) -> None:
    campaign = run.campaign(lead(ROBIN), lead(SAM))
    robin, sam = (run.lead(campaign.id, lead(number)) for number in (ROBIN, SAM))
    run.edit("leads", robin.id, status="completed")
    seen = later(run, tmp_path)
    called = seen.lifecycle.read(LEAD, robin.id, robin.inputs, robin.outputs, seen.say)
    assert called is not None
    for each in (robin, sam):
        httpx.delete(f"{run.server.control_url}/objects/leads/{each.id.rpartition('/')[2]}").raise_for_status()
    run.edit("campaigns", campaign.id, total_leads=0)
    last = later(run, tmp_path)
    kept = last.lifecycle.read(LEAD, robin.id, called.inputs, called.outputs, last.say)
    assert kept is not None
    assert kept.outputs[GONE] is True
    assert last.lifecycle.read(LEAD, sam.id, sam.inputs, sam.outputs, last.say) is None


def test_a_delete_after_that_sends_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = run.campaign(lead(ROBIN), lead(SAM))
    robin = run.lead(campaign.id, lead(ROBIN))
    next_run = later(run, tmp_path)  # a state too large to be told of
    wanted = {**campaign.inputs, "leads": [lead(SAM)]}
    next_run.lifecycle.update(CAMPAIGN, campaign.id, campaign.inputs, wanted, campaign.outputs, next_run.say)
    assert sorted(run.rows(campaign.id)) == [SAM]
    monkeypatch.setattr(next_run.api, "delete", lambda kind, id_: pytest.fail(f"{id_} was deleted already"))
    next_run.delete(robin)


def test_a_lead_that_changed_after_a_cut_off_run_is_made_anew(run: Run, tmp_path: Path) -> None:
    campaign = run.campaign(lead(ROBIN), lead(SAM))
    wanted = {**campaign.inputs, "leads": [lead(ROBIN, "y"), lead(SAM)]}
    next_run = later(run, tmp_path)
    next_run.lifecycle.update(CAMPAIGN, campaign.id, campaign.inputs, wanted, campaign.outputs, next_run.say)
    next_run.lead(campaign.id, lead(ROBIN, "y"))
    assert {row["variables"]["name"] for row in run.rows(campaign.id).values()} == {"x", "y"}


def test_who_was_taken_out_before_the_campaign_began_is_not_called(run: Run, tmp_path: Path) -> None:
    run.campaign(lead(ROBIN), lead(SAM))  # made, and no state holds it
    next_run = later(run, tmp_path)
    again = next_run.campaign(lead(SAM), status="scheduled")
    assert sorted(run.rows(again.id)) == [SAM]
    assert next(row["status"] for row in run.api.list(CAMPAIGN).rows) == "scheduled"


def test_a_short_list_begins_no_campaign(run: Run, tmp_path: Path) -> None:
    campaign = run.campaign(lead(ROBIN), lead(SAM))
    run.edit("campaigns", campaign.id, total_leads=9)
    next_run = later(run, tmp_path)
    with pytest.raises(UnfinishedError, match="does not show as many"):
        next_run.campaign(lead(SAM), status="scheduled")
    assert next(row["status"] for row in run.api.list(CAMPAIGN).rows) == "draft"


def test_a_campaign_that_was_deleted_outside_stays_in_the_state(run: Run, tmp_path: Path) -> None:
    campaign = run.campaign(lead(ROBIN), status="scheduled")
    run.edit("campaigns", campaign.id, status="completed")
    next_run = later(run, tmp_path)
    seen = next_run.lifecycle.read(CAMPAIGN, campaign.id, campaign.inputs, campaign.outputs, next_run.say)
    assert seen is not None
    assert seen.inputs["status"] == "scheduled"
    assert seen.outputs[NOW] == {"status": "completed"}
    run.edit("campaigns", campaign.id, status="draft")
    run.api.delete(CAMPAIGN, campaign.id)
    last = later(run, tmp_path)
    kept = last.lifecycle.read(CAMPAIGN, campaign.id, seen.inputs, seen.outputs, last.say)
    assert kept is not None
    assert kept.outputs[GONE] is True
    assert any("deleted outside" in text for text in last.said)
    last.lifecycle.delete(CAMPAIGN, campaign.id, kept.outputs, last.say, "renewals")
