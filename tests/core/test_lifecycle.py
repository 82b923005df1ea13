"""The four verbs on an account in memory that misbehaves on order: nothing twice, nothing lost, nothing hidden."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from flireo_iac.core.account import Account as Owner
from flireo_iac.core.creation import Creation
from flireo_iac.core.diff import diff
from flireo_iac.core.existing import Existing
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.journal import Journal, digester
from flireo_iac.core.lifecycle import Lifecycle
from flireo_iac.core.ports import Listing, Row
from flireo_iac.core.refresh import ANSWER
from flireo_iac.errors import (
    AmbiguousCreateError,
    FlireoError,
    InvalidRequestError,
    NotFoundError,
    ServerError,
    TransportError,
)
from flireo_iac.kinds import KINDS, Kind

AGENT = KINDS["agent"]
KEY = KINDS["byok_key"]
TRUNK = KINDS["sip_trunk"]

LOST = TransportError("no answer in time", method="POST", path="/agents", may_have_arrived=True)
GATEWAY = ServerError("the server failed", status=502, method="POST", path="/agents")


class Account:
    """An account in memory, with hooks between the request and its answer.

    Args:
        stores: From what is sent to what the server keeps.
    """

    def __init__(self, stores: Callable[[dict[str, Any]], dict[str, Any]] = lambda row: row) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.after_create: Callable[[], None] = lambda: None
        self.is_complete = True
        self.hidden_from_list: set[str] = set()
        self.id: str | None = "acc-1"
        self._stores = stores
        self._ids = map(str, itertools.count(1))
        self._lock = threading.Lock()

    def add(self, **row: Any) -> str:
        id_ = next(self._ids)
        self.rows[id_] = {"id": id_, **row}
        return id_

    def list(self, kind: Kind, within: str = "") -> Listing:
        self.calls.append("list")
        rows = [dict(row) for id_, row in self.rows.items() if id_ not in self.hidden_from_list]
        return Listing(tuple(rows), self.is_complete)

    def get(self, kind: Kind, id_: str) -> Row | None:
        self.calls.append("get")
        return dict(self.rows[id_]) if id_ in self.rows else None

    def create(self, kind: Kind, body: Mapping[str, Any], before_send: Callable[[], None] = lambda: None) -> Row:
        before_send()
        with self._lock:
            self.calls.append("create")
            slot = body.get(kind.endpoint.slot_field)
            id_ = str(slot) if slot else next(self._ids)
            extra = {kind.endpoint.slot_output: f"vault-{len(self.calls)}"} if slot else {}
            self.rows[id_] = {"id": id_, **self._stores({**body, **extra})}
        self.after_create()
        return dict(self.rows[id_])

    def update(self, kind: Kind, id_: str, body: Mapping[str, Any]) -> Row:
        self.calls.append("update")
        if id_ not in self.rows:
            raise NotFoundError("gone", status=404, method="PATCH", path=f"/agents/{id_}")
        self.rows[id_] |= self._stores(dict(body))
        return dict(self.rows[id_])

    def delete(self, kind: Kind, id_: str) -> bool:
        self.calls.append("delete")
        return self.rows.pop(id_, None) is not None

    def account_id(self) -> str | None:
        self.calls.append("account")
        return self.id


class Said:
    """Keeps what the lifecycle says."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, severity: str, text: str) -> None:
        self.texts.append(f"{severity}: {text}")


class Run:
    """The four verbs, as one run of a program has them.

    Args:
        account: Where requests go.
        journal: Folder of the journal.
        sleep: Waits so many seconds.
    """

    def __init__(self, account: Account, journal: Path, sleep: Callable[[float], None] = lambda seconds: None) -> None:
        inventory = Inventory(account)
        self._lifecycle = Lifecycle(account, inventory)
        self.update, self.read, self.delete = self._lifecycle.update, self._lifecycle.read, self._lifecycle.delete
        self.create = Creation(
            account,
            inventory,
            Journal(journal),
            update=self.update,
            account=Owner(account),
            digest=digester("key"),
            sleep=sleep,
        ).create


_journal = Path()


@pytest.fixture(autouse=True)
def _own_journal(tmp_path: Path) -> None:
    global _journal
    _journal = tmp_path / "journal"


def lifecycle(account: Account, sleep: Callable[[float], None] = lambda seconds: None) -> Run:
    return Run(account, _journal, sleep)


def lose_answer(account: Account, error: Exception = LOST) -> None:
    def fail() -> None:
        account.after_create = lambda: None
        raise error

    account.after_create = fail


@pytest.mark.parametrize("error", [LOST, GATEWAY])
def test_a_lost_create_is_found_and_not_sent_twice(error: Exception) -> None:
    account, said = Account(), Said()
    account.add(name="A")
    lose_answer(account, error)
    made = lifecycle(account).create(AGENT, {"name": "A"}, said)
    assert made.id == "2"
    assert account.calls.count("create") == 1
    assert "2" in said.texts[0]


def test_a_lost_create_that_shows_up_late_is_found() -> None:
    account = Account()

    def fail() -> None:
        account.hidden_from_list = {"1"}
        raise LOST

    account.after_create = fail
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            account.hidden_from_list = set()

    made = lifecycle(account, sleep).create(AGENT, {"name": "A"}, Said())
    assert made.id == "1"
    assert waited == [0.0, 1.0, 3.0]


def test_a_lost_create_that_made_nothing_stops() -> None:
    account = Account()

    def fail() -> None:
        account.rows.clear()
        raise LOST

    account.after_create = fail
    with pytest.raises(AmbiguousCreateError, match="not sent a second time") as raised:
        lifecycle(account).create(AGENT, {"name": "A"}, Said())
    assert "Try again" not in str(raised.value)
    assert account.calls.count("create") == 1


def test_a_lost_create_with_two_new_twins_names_both() -> None:
    account = Account()

    def fail() -> None:
        account.add(name="A")
        raise LOST

    account.after_create = fail
    with pytest.raises(AmbiguousCreateError) as raised:
        lifecycle(account).create(AGENT, {"name": "A"}, Said())
    assert raised.value.candidates == ("1", "2")


def test_a_new_twin_with_other_content_is_not_taken_and_not_passed_over() -> None:
    account = Account(stores=lambda row: {**row, "first_message": "something else"})
    lose_answer(account)
    with pytest.raises(AmbiguousCreateError, match="does not hold what was sent") as raised:
        lifecycle(account).create(AGENT, {"name": "A", "first_message": "Hi"}, Said())
    assert raised.value.candidates == ("1",)


def test_what_the_platform_adds_by_itself_does_not_hide_the_object() -> None:
    def adds_a_tool(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "llm_config": {**row["llm_config"], "temperature": 0.7, "tools": [{"type": "endCall"}]}}

    account = Account(stores=adds_a_tool)
    lose_answer(account)
    inputs = {"name": "A", "autonomous_silence_handling": True, "llm_config": {"provider": "openai", "model": "m"}}
    assert lifecycle(account).create(AGENT, inputs, Said()).id == "1"


@pytest.mark.parametrize("kind", [AGENT, KEY], ids=lambda kind: kind.name)
@pytest.mark.parametrize("is_lost", [True, False], ids=["lost", "refused"])
def test_only_an_error_after_a_lost_answer_says_that_the_outcome_is_not_known(kind: Kind, is_lost: bool) -> None:
    """The engine keeps such a create pending."""
    account = Account()

    def fail() -> None:
        account.list = unreadable  # type: ignore[method-assign]
        raise LOST if is_lost else InvalidRequestError("no", status=400, method="POST", path="/agents")

    account.after_create = fail
    with pytest.raises(FlireoError) as raised:
        lifecycle(account).create(kind, dict(kind.example), Said())
    assert raised.value.is_outcome_unknown is is_lost
    assert account.calls.count("create") == 1


def unreadable(kind: Kind, within: str = "") -> Listing:
    raise ServerError("down", status=503, method="GET", path="/x")


def test_an_incomplete_list_proves_nothing() -> None:
    account = Account()
    account.is_complete = False
    lose_answer(account)
    with pytest.raises(AmbiguousCreateError, match="not complete"):
        lifecycle(account).create(AGENT, {"name": "A"}, Said())


def test_twins_of_one_run_are_made_one_after_the_other() -> None:
    """Four threads make four agents of one name, and every answer is lost: each thread finds its own."""
    account = Account()
    shared = lifecycle(account)
    made: list[str] = []
    failures: list[Exception] = []

    def lose() -> None:
        time.sleep(0.05)  # long enough for the others to create too, if nothing held them back
        raise LOST

    account.after_create = lose

    def create() -> None:
        try:
            made.append(shared.create(AGENT, {"name": "Twin"}, Said()).id)
        except AmbiguousCreateError as error:
            failures.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(made) == ["1", "2", "3", "4"]


def test_threads_share_one_list() -> None:
    account = Account()
    for n in range(8):
        account.add(name=f"A{n}")
    inventory = Inventory(account)
    threads = [threading.Thread(target=inventory.find, args=(AGENT, str(n + 1))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert account.calls == ["list"]


def test_a_lost_key_is_told_by_its_place_in_the_vault() -> None:
    account, said = Account(), Said()
    account.rows["openai"] = {"id": "openai", "provider": "openai", "secret_id": "old"}
    lose_answer(account)
    made = lifecycle(account).create(KEY, {"provider": "openai", "api_key": "k"}, said)
    assert made.outputs["secret_id"] != "old"
    assert any("overwritten" in text for text in said.texts)


def test_a_key_that_a_renamed_item_has_stored_is_not_deleted() -> None:
    account, said = Account(), Said()
    first = lifecycle(account).create(KEY, {"provider": "openai", "api_key": "one"}, said)
    run = lifecycle(account)
    run.create(KEY, {"provider": "openai", "api_key": "two"}, said)
    run.delete(KEY, first.id, first.outputs, said)
    assert "openai" in account.rows
    assert any("left alone" in text for text in said.texts)
    assert "delete" not in account.calls


def read_again(account: Account, state: Existing, said: Said) -> Existing | None:
    return lifecycle(account).read(AGENT, state.id, state.inputs, state.outputs, said)


def test_a_partial_update_does_not_hide_drift_of_the_rest() -> None:
    account, said = Account(), Said()
    state = lifecycle(account).create(AGENT, {"name": "A", "first_message": "Hi"}, said)
    account.rows["1"]["first_message"] = "HACKED"
    new = {"name": "B", "first_message": "Hi"}
    state = lifecycle(account).update(AGENT, "1", state.inputs, new, state.outputs, said)
    assert account.rows["1"]["first_message"] == "HACKED"
    assert any("first_message" in text for text in said.texts)
    found = read_again(account, state, said)
    assert found is not None
    assert found.inputs["first_message"] == "HACKED"
    assert [change.name for change in diff(AGENT, found.inputs, new)] == ["first_message"]


def test_a_server_that_merges_blocks_is_noticed() -> None:
    class Merging(Account):
        def update(self, kind: Kind, id_: str, body: Mapping[str, Any]) -> Row:
            self.rows[id_]["llm_config"] = {**self.rows[id_]["llm_config"], **body["llm_config"]}
            return dict(self.rows[id_])

    account, said = Merging(), Said()
    llm = {"provider": "openai", "model": "m"}
    state = lifecycle(account).create(AGENT, {"name": "A", "llm_config": {**llm, "odd": 1}}, said)
    new = {"name": "A", "llm_config": llm}
    state = lifecycle(account).update(AGENT, "1", state.inputs, new, state.outputs, said)
    assert any("llm_config" in text for text in said.texts)
    found = read_again(account, state, said)
    assert found is not None
    assert diff(AGENT, found.inputs, new)


def test_a_field_that_the_object_shows_no_more_was_emptied() -> None:
    account, said = Account(), Said()
    state = lifecycle(account).create(AGENT, {"name": "A", "first_message": "Hi"}, said)
    del account.rows["1"]["first_message"]
    found = read_again(account, state, said)
    assert found is not None
    assert "first_message" not in found.inputs


def test_an_object_is_gone_only_when_it_says_so() -> None:
    account, said = Account(), Said()
    state = lifecycle(account).create(AGENT, {"name": "A"}, said)
    account.hidden_from_list = {"1"}
    assert read_again(account, state, said) is not None
    account.rows.clear()
    assert read_again(account, state, said) is None


def test_a_delete_of_what_is_gone_asks_for_the_list_before_it_is_believed() -> None:
    class Elsewhere(Account):
        def list(self, kind: Kind, within: str = "") -> Listing:
            raise NotFoundError("there is no such list", status=404, method="GET", path="/agents")

    account = Account()
    lifecycle(account).delete(TRUNK, "1", {}, Said())
    assert account.calls == ["account", "delete", "list"]
    with pytest.raises(NotFoundError):
        lifecycle(Elsewhere()).delete(TRUNK, "1", {}, Said())


def test_an_update_of_what_is_gone_says_what_to_do() -> None:
    account = Account()
    with pytest.raises(NotFoundError, match="--refresh"):
        lifecycle(account).update(AGENT, "1", {"name": "A"}, {"name": "B"}, {ANSWER: {"name": "x"}}, Said())


def test_a_default_written_out_replaces_nothing() -> None:
    trunk = {"name": "T", "host": "sip.example.com"}
    assert diff(TRUNK, trunk, {**trunk, "port": 5060, "transport": "udp"}) == ()
    assert diff(TRUNK, {**trunk, "port": 5060.0}, trunk) == ()
    assert [change.is_replacement for change in diff(TRUNK, trunk, {**trunk, "port": 5061})] == [True]
