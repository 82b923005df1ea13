"""What an update and a delete find out before they write: on an account in memory."""

from __future__ import annotations

from typing import Any

import pytest

from flireo_iac.allow import Allowed
from flireo_iac.core.account import ACCOUNT
from flireo_iac.core.account import Account as Owner
from flireo_iac.core.existing import Existing, existing
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.lifecycle import Lifecycle
from flireo_iac.core.ports import Listing, Row
from flireo_iac.core.refresh import answer_digests
from flireo_iac.errors import ChangedOutsideError, InUseError, OtherAccountError, ServerError, UnprovenAbsenceError
from flireo_iac.kinds import KINDS, Kind
from tests.core.test_lifecycle import Account, Said

AGENT = KINDS["agent"]
PROMPT = {"provider": "openai", "model": "gpt-4o", "messages": [{"role": "system", "content": "Ours."}]}


def block(words: str, **more: Any) -> dict[str, Any]:
    return {**PROMPT, "messages": [{"role": "system", "content": words}], **more}


class Shelves(Account):
    """An account with a shelf for each kind of object that can use another."""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, list[dict[str, Any]]] = {"phone_number": [], "campaign": []}

    def list(self, kind: Kind, within: str = "") -> Listing:
        if kind.name in self.users:
            return Listing(tuple(self.users[kind.name]), self.is_complete)
        return super().list(kind)


def made(account: Account, **inputs: Any) -> Existing:
    id_ = account.add(**inputs)
    row: Row = account.rows[id_]
    return existing(AGENT, inputs, row, answer_digests(AGENT, inputs, row), account.id)


def run(account: Account, **options: Any) -> Lifecycle:
    return Lifecycle(account, Inventory(account), Owner(account), **options)


def update(account: Account, state: Existing, new: dict[str, Any], said: Said, **options: Any) -> Existing:
    return run(account, **options).update(AGENT, state.id, state.inputs, new, state.outputs, said)


@pytest.mark.parametrize("more", [{}, {"voice": "eve"}])
def test_a_prompt_that_moved_stops_the_update(more: dict[str, Any]) -> None:
    account = Account()
    state = made(account, name="A", llm_config=PROMPT)
    account.rows[state.id]["llm_config"] = block("Theirs.")
    with pytest.raises(ChangedOutsideError, match=r"llm_config\.messages\[0\]\.content") as raised:
        update(account, state, {"name": "A", "llm_config": block("Ours, new.", **more)}, Said())
    assert "Theirs" not in str(raised.value)
    assert "update" not in account.calls


def test_a_field_beside_the_prompt_is_overwritten_with_a_warning() -> None:
    account, said = Account(), Said()
    state = made(account, name="A", llm_config=PROMPT)
    account.rows[state.id]["llm_config"] = {**PROMPT, "temperature": 0.1}
    update(account, state, {"name": "A", "llm_config": block("Ours, new.")}, said)
    assert said.texts == ["warning: changed outside this stack, and overwritten: llm_config.temperature"]
    assert account.rows[state.id]["llm_config"] == block("Ours, new.")


def test_what_is_not_sent_is_no_conflict() -> None:
    account = Account()
    state = made(account, name="A", llm_config=PROMPT)
    account.rows[state.id]["llm_config"] = block("Theirs.")
    update(account, state, {"name": "B", "llm_config": PROMPT}, Said(), on_conflict="stop")
    assert account.rows[state.id]["llm_config"] == block("Theirs.")


def test_what_is_as_wanted_already_is_not_sent_and_is_no_conflict() -> None:
    account, said = Account(), Said()
    state = made(account, name="A", first_message="Hi", llm_config=PROMPT)
    account.rows[state.id] |= {"llm_config": block("New."), "first_message": None}
    done = update(account, state, {"name": "A", "llm_config": block("New.")}, said, on_conflict="stop")
    assert "update" not in account.calls
    assert said.texts == ["info: the account holds this already: nothing was sent"]
    again = run(account).read(AGENT, done.id, done.inputs, done.outputs, said)
    assert again is not None
    assert again.inputs == done.inputs


def test_half_of_what_is_wanted_is_sent() -> None:
    account = Account()
    state = made(account, name="A", first_message="Hi")
    account.rows[state.id]["first_message"] = "New"
    update(account, state, {"name": "B", "first_message": "New"}, Said(), on_conflict="stop")
    assert account.calls.count("update") == 1


def test_a_list_that_says_less_is_no_conflict() -> None:
    class Brief(Account):
        def list(self, kind: Kind, within: str = "") -> Listing:
            rows = super().list(kind).rows
            return Listing(tuple({k: v for k, v in row.items() if k != "llm_config"} for row in rows), True)

    account = Brief()
    state = made(account, name="A", llm_config=PROMPT)
    update(account, state, {"name": "A", "llm_config": block("New.")}, Said(), on_conflict="stop")
    assert account.calls.count("update") == 1


def test_another_account_is_noticed_before_the_update() -> None:
    account = Account()
    state = made(account, name="A")
    account.id = "acc-2"
    with pytest.raises(OtherAccountError):
        update(account, state, {"name": "B"}, Said())
    assert account.calls == ["account"]
    assert state.outputs[ACCOUNT] == "acc-1"


def test_an_object_that_its_list_still_shows_is_not_believed_to_be_gone() -> None:
    class Torn(Account):
        def get(self, kind: Kind, id_: str) -> Row | None:
            return None

    account = Torn()
    state = made(account, name="A")
    account.rows[state.id]["name"] = "Theirs"
    with pytest.raises(UnprovenAbsenceError, match="still shows it"):
        run(account).read(AGENT, state.id, state.inputs, state.outputs, Said())


def test_an_incomplete_list_proves_nothing() -> None:
    account = Account()
    state = made(account, name="A")
    account.rows.clear()
    account.is_complete = False
    with pytest.raises(UnprovenAbsenceError, match="not complete"):
        run(account).read(AGENT, state.id, state.inputs, state.outputs, Said())
    with pytest.raises(UnprovenAbsenceError, match="not complete"):
        run(account, allowed=Allowed(frozenset({"in-use:*"}))).delete(AGENT, state.id, state.outputs, Said(), "a")
    account.is_complete = True
    assert run(account).read(AGENT, state.id, state.inputs, state.outputs, Said()) is None


def test_an_account_that_cannot_be_read_proves_nothing() -> None:
    class Silent(Account):
        def account_id(self) -> str | None:
            raise ServerError("the server failed", status=500, method="GET", path="/account")

    account = Silent()
    state = made(account, name="A")
    account.rows.clear()
    with pytest.raises(ServerError):
        run(account).read(AGENT, state.id, state.inputs, state.outputs, Said())


@pytest.mark.parametrize(
    ("kind", "row", "is_used"),
    [
        ("phone_number", {"phone_number": "+31201234567"}, True),
        ("phone_number", {"phone_number": "+31201234567", "is_active": False}, False),
        ("phone_number", {"assistant_id": "1", "agent_id": None, "is_active": False}, False),
        ("campaign", {"name": "R", "status": "scheduled"}, True),
        ("campaign", {"name": "R", "status": "running"}, True),
        ("campaign", {"name": "R", "status": "draft"}, False),
        ("campaign", {"name": "R", "status": "completed"}, False),
    ],
)
def test_what_is_in_use_stays_unless_it_is_named(kind: str, row: dict[str, Any], is_used: bool) -> None:
    account = Shelves()
    state = made(account, name="A")
    account.users[kind].append({"id": "u", "agent_id": state.id, **row})
    if is_used:
        with pytest.raises(InUseError, match="--allow in-use:desk"):
            run(account).delete(AGENT, state.id, state.outputs, Said(), "desk")
        assert "delete" not in account.calls
    allowed = Allowed(frozenset({"in-use:desk"})) if is_used else None
    run(account, allowed=allowed).delete(AGENT, state.id, state.outputs, Said(), "desk")
    assert account.rows == {}
