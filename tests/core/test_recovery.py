"""What is decided about creates that were cut off: from the state, the journal and the account."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from flireo_iac.core.account import Account as Owner
from flireo_iac.core.choices import Choices
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.journal import Intent, Journal, digester
from flireo_iac.core.proposals import Action, Proposal, Unfinished, ways_out
from flireo_iac.core.recovery import Recovery, note, others
from flireo_iac.errors import SettingsError
from flireo_iac.kinds import KINDS
from tests.core.test_lifecycle import Account

AGENT = KINDS["agent"]
URN = "urn:pulumi:dev::shop::pulumi-python:dynamic/flireo:Agent::desk"
DESK = {"name": "Desk", "first_message": "Hi"}
DIGEST = digester("key")


class Machine:
    """A machine with a journal, an account, and a state.

    Args:
        folder: Holds the journal.
    """

    def __init__(self, folder: Path) -> None:
        self.account = Account()
        self.journal = Journal(folder / "journal")
        self.waited: list[float] = []
        self.said: list[str] = []
        self.held: frozenset[tuple[str, str]] = frozenset()
        self.settle_s = 0.0
        self.written_s = 60.0

    def opened(self, body: Mapping[str, Any] = DESK, urn: str = URN, **values: Any) -> Intent:
        """Leave an intent, as a run that was killed."""
        facts = {"scope": "acc-1", "folder": "/project", "twins": (), **values}
        intent = self.journal.open(
            Intent(
                kind="agent",
                urn=urn,
                natural_key={"name": body["name"]},
                digest=DIGEST(body),
                is_complete=True,
                **facts,
            )
        )
        self.journal.release()
        return intent

    def recovery(self, *take: str, forget: tuple[str, ...] = ()) -> Recovery:
        return Recovery(
            Inventory(self.account),
            self.journal,
            scope="acc-1",
            account=Owner(self.account),
            digest=DIGEST,
            folder="/project",
            held=self.held,
            choices=Choices.read(take, forget),
            settle_s=self.settle_s,
            written_s=self.written_s,
            on_wait=lambda reason, seconds: self.said.append(reason),
            sleep=self.waited.append,
        )

    def propose(
        self,
        inputs: Mapping[str, Any] | None = DESK,
        *take: str,
        replaces: str | None = None,
        is_planned: bool | None = True,
    ) -> Proposal:
        sent = None if inputs is None else {**inputs, "__provider": "p"}
        return self.recovery(*take).propose(Unfinished(URN, AGENT, sent, replaces, is_planned))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    found = Machine(tmp_path)
    # The intents of a test are those of a process that is gone.
    found.journal.is_under_way = lambda intent: False  # type: ignore[method-assign]
    return found


def test_the_id_of_the_journal_is_taken_even_beside_a_twin(machine: Machine) -> None:
    machine.account.add(**DESK)
    made = machine.account.add(**DESK)
    machine.journal.answer(machine.opened(), made)
    found = machine.propose()
    assert (found.action, found.made and found.made.id) == (Action.TAKE, made)
    assert found.made is not None
    assert found.made.outputs["__account"] == "acc-1"
    assert set(found.made.outputs["__answer"]) == {"name", "first_message"}


def test_an_answered_create_that_is_gone_is_forgotten(machine: Machine) -> None:
    machine.journal.answer(machine.opened(), "9")
    assert machine.propose().action is Action.CLEAR
    assert machine.propose(None, is_planned=False).action is Action.CLEAR


@pytest.mark.parametrize("inputs", [DESK, None], ids=["pending", "journal only"])
@pytest.mark.parametrize("is_complete", [True, False], ids=["still listed", "short list"])
def test_one_answer_that_it_is_gone_is_not_believed(
    machine: Machine, inputs: dict[str, Any] | None, is_complete: bool
) -> None:
    made = machine.account.add(**DESK)
    machine.journal.answer(machine.opened(), made)
    machine.account.get = lambda kind, id_: None  # type: ignore[method-assign]
    machine.account.is_complete = is_complete
    if not is_complete:
        machine.account.hidden_from_list.add(made)
    found = machine.propose(inputs)
    assert (found.action, [row["id"] for row in found.candidates]) == (Action.ASK, [made])
    assert made in found.reason


def test_an_open_intent_takes_what_is_new_and_holds_what_was_sent(machine: Machine) -> None:
    before = machine.account.add(**DESK)
    machine.opened(twins=(before,))
    made = machine.account.add(**DESK)
    found = machine.propose()
    assert found.row is not None
    assert (found.action, found.row["id"]) == (Action.TAKE, made)


def test_an_open_intent_of_nothing_is_forgotten(machine: Machine) -> None:
    machine.opened(twins=(machine.account.add(**DESK),))
    assert machine.propose().action is Action.CLEAR


@pytest.mark.parametrize("body", [DESK, {**DESK, "first_message": "Another"}])
def test_what_an_open_intent_cannot_tell_is_asked(machine: Machine, body: dict[str, Any]) -> None:
    machine.opened(body)
    machine.account.add(**DESK)
    if body == DESK:
        machine.account.add(**DESK)
    found = machine.propose()
    assert found.action is Action.ASK
    assert [row["id"] for row in found.candidates] == ["1", "2"][: len(machine.account.rows)]


def test_two_creates_of_one_item_are_asked(machine: Machine) -> None:
    for _ in range(2):
        machine.journal.answer(machine.opened(), machine.account.add(**DESK))
    found = machine.propose()
    assert (found.action, len(found.candidates)) == (Action.ASK, 2)


def test_without_a_journal_even_the_only_one_is_asked_about(machine: Machine) -> None:
    """It may be a person's or another stack's, and would be deleted with this one."""
    machine.account.add(**{**DESK, "first_message": "Another"})
    made = machine.account.add(**DESK, model="the server's")
    found = machine.propose()
    assert (found.action, [row["id"] for row in found.candidates]) == (Action.ASK, [made])
    assert ways_out(found)[0] == f"flireo recover -s dev --take desk={made}"
    assert machine.propose(DESK, f"desk={made}").action is Action.TAKE
    assert "create" not in machine.account.calls


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([DESK, DESK], "2 objects hold what was sent"),
        ([{**DESK, "first_message": "Another"}], "what has its name holds something else"),
    ],
)
def test_without_a_journal_anything_else_is_asked(machine: Machine, rows: list[dict[str, Any]], reason: str) -> None:
    ids = [machine.account.add(**row) for row in rows]
    found = machine.propose()
    assert (found.action, [row["id"] for row in found.candidates]) == (Action.ASK, ids)
    assert reason in found.reason
    commands = ways_out(found, [URN])
    assert commands[0] == f"flireo recover -s dev --take desk={ids[0]}"
    assert commands[-1] == "flireo recover -s dev --forget desk"


def test_what_somebody_owns_is_never_taken(machine: Machine) -> None:
    machine.held = frozenset({("agent", machine.account.add(**DESK))})
    machine.journal.answer(machine.opened(urn=URN + "2"), machine.account.add(**DESK))
    assert machine.propose().action is Action.CLEAR
    for id_ in ("1", "2"):
        assert machine.propose(DESK, f"desk={id_}").action is Action.ASK


def test_what_the_state_holds_is_no_candidate_for_an_open_intent(machine: Machine) -> None:
    machine.opened()
    machine.held = frozenset({("agent", machine.account.add(**DESK))})
    assert machine.propose().action is Action.CLEAR


def test_a_short_list_proves_nothing(machine: Machine) -> None:
    machine.account.is_complete = False
    assert machine.propose().action is Action.ASK
    machine.account.add(**DESK)
    assert machine.propose().action is Action.ASK


def test_what_may_still_arrive_is_waited_for(machine: Machine) -> None:
    machine.settle_s, machine.written_s = 1000.0, 10.0

    def arrive(seconds: float) -> None:
        machine.waited.append(seconds)
        machine.account.add(**DESK)

    recovery = machine.recovery()
    recovery.sleep = arrive
    assert recovery.propose(Unfinished(URN, AGENT, DESK)).action is Action.ASK
    assert machine.waited == [2.0]
    assert len(machine.said) == 1


def test_a_replacement_without_a_journal_is_asked_because_the_old_one_would_be_deleted(machine: Machine) -> None:
    machine.account.add(**DESK)
    assert machine.propose(replaces="7").action is Action.ASK
    assert "deletes 7" in machine.propose(DESK, "desk=1", replaces="7").reason


def test_an_entry_that_pulumi_kept_after_the_create_is_forgotten(machine: Machine) -> None:
    made = machine.account.add(**DESK)
    machine.held = frozenset({("agent", made)})
    found = machine.propose(replaces=made)
    assert (found.action, found.reason) == (Action.CLEAR, f"the state holds {made} for it")


def test_what_was_changed_since_is_taken_as_it_is(machine: Machine) -> None:
    """The next run then sees the difference and updates it."""
    trunk = {"name": "Carrier", "host": "sip.example.com", "username": "shop"}
    machine.account.add(**{**trunk, "host": "sip2.example.com"})
    left = Unfinished(URN, KINDS["sip_trunk"], {**trunk, "password": "canary"})
    made = machine.recovery("desk=1").propose(left).made
    assert made is not None
    assert made.inputs["host"] == "sip2.example.com"
    assert "password" not in made.inputs


def test_an_id_that_is_not_there_is_refused(machine: Machine) -> None:
    found = machine.propose(DESK, "desk=9")
    assert (found.action, found.candidates) == (Action.ASK, ())


def test_what_only_the_journal_knows_is_left_to_the_next_run(machine: Machine) -> None:
    intent = machine.opened()
    assert machine.propose(None).action is Action.LEAVE
    assert machine.account.calls == []
    machine.journal.answer(intent, machine.account.add(**DESK))
    assert machine.propose(None).action is Action.LEAVE
    note(machine.journal, machine.propose(None), "/project", "acc-1")
    assert [each.object_id for each in machine.journal.intents()] == ["1"]


def test_what_the_next_run_does_not_make_is_not_left_to_it(machine: Machine) -> None:
    before = machine.account.add(**DESK)
    intent = machine.opened(twins=(before,))
    made = machine.account.add(**{**DESK, "first_message": "Changed since"})
    for is_answered in (False, True):
        if is_answered:
            machine.journal.answer(intent, made)
        found = machine.propose(None, is_planned=False)
        assert (found.action, [row["id"] for row in found.candidates]) == (Action.ASK, [made])
        assert ways_out(found) == ("flireo recover -s dev --forget desk",)
        assert len(ways_out(machine.propose(None, is_planned=None))) == 2
        assert machine.propose(None, f"desk={made}", is_planned=False).action is Action.ASK


def test_what_the_next_run_does_not_make_and_nobody_made_is_forgotten(machine: Machine) -> None:
    machine.opened(twins=(machine.account.add(**DESK),))
    assert machine.propose(None, is_planned=False).action is Action.CLEAR
    machine.account.is_complete = False
    assert machine.propose(None, is_planned=False).action is Action.ASK


def test_what_was_made_too_is_not_forgotten_with_an_id_that_is_gone(machine: Machine) -> None:
    machine.journal.answer(machine.opened(), "9")
    machine.opened()
    machine.account.add(**DESK)
    assert machine.propose(None).action is Action.LEAVE
    assert machine.propose(None, is_planned=False).action is Action.ASK


def test_another_checkout_is_asked_about_unless_this_state_has_its_own(machine: Machine) -> None:
    machine.journal.answer(machine.opened(folder="/elsewhere"), machine.account.add(**DESK))
    assert machine.propose(None).action is Action.ASK
    assert machine.propose(None, replaces="7").action is Action.LEAVE


def test_a_named_object_is_noted_for_the_next_run(machine: Machine) -> None:
    machine.opened()
    made = machine.account.add(**DESK)
    note(machine.journal, machine.propose(None, f"desk={made}"), "/project", "acc-1")
    (kept,) = machine.journal.intents()
    assert (kept.object_id, kept.folder, kept.urn) == (made, "/project", URN)


def test_forgetting_asks_nobody_and_closes_the_intents(machine: Machine) -> None:
    machine.opened()
    theirs = machine.opened(urn=URN + "2")
    found = machine.recovery(forget=("desk",)).propose(Unfinished(URN, AGENT, DESK))
    note(machine.journal, found, "/project", None)
    assert machine.account.calls == []
    assert machine.journal.intents() == (theirs,)


def test_a_slot_is_stored_again(machine: Machine) -> None:
    key = KINDS["byok_key"]
    found = machine.recovery().propose(Unfinished(URN, key, {"provider": "openai", "api_key": "canary"}))
    assert found.action is Action.CLEAR
    assert machine.account.calls == []


def test_other_stacks_are_told_apart(machine: Machine) -> None:
    machine.opened()
    live = machine.opened(urn=URN.replace(":dev::", ":dev2::"))
    assert others(machine.journal.intents(), "urn:pulumi:dev::shop::") == (live,)


@pytest.mark.parametrize(
    ("take", "forget"), [(("desk",), ()), (("=1",), ()), (("desk=1", "desk=2"), ()), (("desk=1",), ("desk",))]
)
def test_options_that_make_no_sense_are_refused(take: tuple[str, ...], forget: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError):
        Choices.read(take, forget)


def test_a_name_may_be_a_urn_and_hold_an_equals_sign() -> None:
    choices = Choices.read([f"{URN}=1", "a=b=2"], [])
    assert choices.id_of(URN) == "1"
    assert choices.id_of("x::a=b") == "2"
    assert choices.unused([URN]) == ("a=b",)


TOOL = URN.replace("Agent", "Tool")


def test_a_name_that_several_creates_have_is_refused_and_the_way_out_names_the_urn(machine: Machine) -> None:
    for choices in (Choices.read(["desk=1"], []), Choices.read([], ["desk"])):
        choices.check([URN])
        with pytest.raises(SettingsError) as caught:
            choices.check([URN, TOOL])
        assert URN in str(caught.value)
        assert TOOL in str(caught.value)
    made = machine.account.add(**DESK)
    commands = ways_out(machine.propose(), [URN, TOOL])
    assert commands == (f"flireo recover -s dev --take {URN}={made}", f"flireo recover -s dev --forget {URN}")
    Choices.read([f"{URN}={made}"], [TOOL]).check([URN, TOOL])


def test_to_forget_what_is_not_there_is_refused() -> None:
    with pytest.raises(SettingsError, match='"nobody"'):
        Choices.read([], ["nobody"]).check([URN])
