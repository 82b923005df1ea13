"""Which object is which item, and what the state is to hold of it: decided from the account, a record and a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from flireo_iac.core.adoption import Adopter, Item, Known, Match, Verdict
from flireo_iac.core.diff import diff
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.refresh import ANSWER
from flireo_iac.core.selection import Selection
from flireo_iac.errors import SettingsError
from flireo_iac.kinds import KINDS
from tests.core.test_lifecycle import Account, lifecycle

URN = "urn:pulumi:dev::shop::pulumi-python:dynamic/flireo:"
LATER = object()
"""A value that is known only after a run."""


def item(called: str = "desk", kind: str = "agent", /, **inputs: Any) -> Item:
    given = inputs or {"name": "Desk"}
    return Item(f"{URN}{KINDS[kind].token}::{called}", KINDS[kind], {"__provider": "p", **given})


def adopter(account: Account) -> Adopter:
    return Adopter(Inventory(account), "acc-1", lambda value: value is LATER)


def matched(account: Account, *items: Item, **known: Mapping[Any, str]) -> tuple[Match, ...]:
    return adopter(account).match(items, Known(**known))


@pytest.fixture
def account() -> Account:
    made = Account()
    made.add(name="Desk", first_message="Hi")
    made.add(name="Desk", first_message="Ho")
    made.add(name="Night", first_message=None, voicemail_message=None)
    return made


def test_who_has_a_name_alone_is_taken_and_no_other(account: Account) -> None:
    found = matched(account, item("night", name="Night"), item("desk"), item("day", name="Day"))
    assert [each.verdict for each in found] == [Verdict.ADOPT, Verdict.ASK, Verdict.NEW]
    assert (found[0].row or {})["id"] == "3"
    assert found[0].reason == "by its name"
    assert [row["id"] for row in found[1].candidates] == ["1", "2"]
    assert account.calls == ["list"]


def test_a_person_is_believed_first_and_then_the_record(account: Account) -> None:
    found = matched(account, item("desk"), item("other"), recorded={"agents.desk": "1", "agents.other": "2"})
    assert [(each.row or {})["id"] for each in found] == ["1", "2"]
    said = {"agents.desk": "2"}
    (one,) = matched(account, item("desk"), said=said, recorded={"agents.desk": "1"})
    assert ((one.row or {})["id"], one.reason) == ("2", "as you said")
    (none,) = matched(account, item("desk"), said={"agents.desk": "9"})
    assert (none.verdict, len(none.candidates)) == (Verdict.ASK, 2)


def test_what_the_record_gives_to_another_item_is_not_this_ones(account: Account) -> None:
    (found,) = matched(account, item("desk"), recorded={"agents.other": "1"})
    assert ((found.row or {})["id"], found.verdict) == ("2", Verdict.ADOPT)


def test_what_a_state_holds_is_refused_with_both_named(account: Account) -> None:
    held = {("agent", "3"): 'agents.reception of the stack "shop/staging"'}
    (found,) = matched(account, item("night", name="Night"), held=held)
    assert (found.verdict, found.row) == (Verdict.REFUSE, None)
    assert found.reason == '3 is agents.reception of the stack "shop/staging" already'
    (desk,) = matched(account, item("desk"), held={("agent", "1"): "agents.a of this stack"})
    assert ((desk.row or {})["id"], desk.verdict) == ("2", Verdict.ADOPT)


def test_two_items_of_one_name_are_asked_about(account: Account) -> None:
    found = matched(account, item("one", name="Night"), item("two", name="Night"))
    assert [each.verdict for each in found] == [Verdict.ASK] * 2
    assert found[0].reason == "agents.two has the same name"
    twice = matched(account, item("one"), item("two"), said={"agents.one": "1", "agents.two": "1"})
    assert [each.reason for each in twice] == ["1 would be agents.two too", "1 would be agents.one too"]
    assert [each.row for each in twice] == [None, None]


def test_a_list_that_may_lack_some_proves_nothing(account: Account) -> None:
    account.is_complete = False
    (found,) = matched(account, item("night", name="Night"))
    assert (found.verdict, [row["id"] for row in found.candidates]) == (Verdict.ASK, ["3"])
    (said,) = matched(account, item("night", name="Night"), said={"agents.night": "3"})
    assert said.verdict is Verdict.ADOPT


def test_a_name_that_comes_later_tells_nothing(account: Account) -> None:
    (found,) = matched(account, item("desk", name=LATER))
    assert found.verdict is Verdict.NEW


def test_what_the_object_holds_is_in_force_and_the_rest_is_left_to_the_next_run(account: Account) -> None:
    wanted = item("desk", name="Desk", first_message="Hey", voicemail_message="Call again", agent_id=LATER)
    made = adopter(account).adopt(wanted, account.list(KINDS["agent"]).rows[0])
    assert made.existing.inputs == {"__provider": "p", "name": "Desk", "first_message": "Hi"}
    assert set(made.differences) == {"first_message", "voicemail_message", "agent_id"}
    assert set(made.existing.outputs[ANSWER]) == {"name", "first_message"}
    assert account.calls.count("get") == 1


def test_a_list_that_says_less_is_not_believed() -> None:
    account = Account()
    id_ = account.add(name="Desk", first_message="Hi")
    brief = {"id": id_, "name": "Desk"}
    made = adopter(account).adopt(item("desk", name="Desk", first_message="Hi"), brief)
    assert made.differences == ()


def test_secrets_that_are_never_shown_count_as_applied() -> None:
    account = Account()
    id_ = account.add(name="Carrier", host="sip.example.com", username="u")
    trunk = item("c", "sip_trunk", name="Carrier", host="sip.example.com", username="u", password="secret")
    made = adopter(account).adopt(trunk, account.rows[id_])
    assert (made.differences, made.assumed) == ((), ("password",))
    assert made.existing.inputs == trunk.inputs


def test_an_object_that_can_only_be_replaced_says_so() -> None:
    account = Account()
    id_ = account.add(phone_number="+31970102000", name="Main")
    number = item("main", "phone_number", phone_number="+31970102999", name="Main")
    assert adopter(account).adopt(number, account.rows[id_]).is_replaced


def test_a_refresh_finds_what_was_adopted(account: Account) -> None:
    wanted = item("night", name="Night", autonomous_silence_handling=False)
    made = adopter(account).adopt(wanted, account.rows["3"]).existing
    read = lifecycle(account).read
    again = read(KINDS["agent"], made.id, made.inputs, made.outputs, lambda severity, text: None)
    assert again is not None
    assert (again.inputs, again.outputs) == (made.inputs, made.outputs)
    assert not diff(KINDS["agent"], made.inputs, wanted.inputs)


def test_what_names_nothing_is_refused() -> None:
    keys = {f"{URN}Agent::desk": "agents.desk", f"{URN}x$Agent::desk": "agents.desk", f"{URN}Agent::a": "agents.a"}
    Selection.read("adopt", ["agents.*", f"{URN}Agent::desk=1"]).check(keys)
    for texts, words in (
        (["agents.b"], "no such item, there are: agents.a"),
        (["agents.desk=1"], "is the name of"),
        (["agents.b=1"], "no such item"),
    ):
        with pytest.raises(SettingsError, match=words):
            Selection.read("adopt", texts).check(keys)
    for texts in (["=1"], ["agents.a="], ["agents.a=1", "agents.a=2"]):
        with pytest.raises(SettingsError):
            Selection.read("adopt", texts)
