"""Whose account it is: asked once, held against the state and the settings, and never believed when it cannot be."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from flireo_iac.core.account import Account
from flireo_iac.errors import ExitCode, OtherAccountError, ServerError


class Server:
    """Answers who the key belongs to, and counts how often it is asked."""

    def __init__(self, *answers: str | Exception | None) -> None:
        self.answers = list(answers)
        self.asked = 0
        self._lock = threading.Lock()

    def account_id(self) -> str | None:
        with self._lock:
            self.asked += 1
        time.sleep(0.01)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def guard(server: Server, **settings: object) -> Account:
    return Account(server, **settings)  # type: ignore[arg-type]  # the one verb that is used


def test_it_is_asked_once_by_all_threads() -> None:
    server = Server("acc-1")
    account = guard(server)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: account.check("acc-1"), range(40))) == {"acc-1"}
    assert server.asked == 1


def test_another_account_than_the_state_s_stops_and_names_both() -> None:
    with pytest.raises(OtherAccountError, match="acc-2") as raised:
        guard(Server("acc-2")).check("acc-1")
    assert "acc-1" in str(raised.value)
    assert "--allow other-account" in str(raised.value)
    assert raised.value.exit_code == ExitCode.AUTHENTICATION


def test_what_another_resource_remembers_stops_a_create() -> None:
    account = guard(Server("acc-2"))
    assert account.check() == "acc-2"
    account.see("acc-1")
    with pytest.raises(OtherAccountError):
        account.check()


def test_what_was_seen_before_counts() -> None:
    with pytest.raises(OtherAccountError):
        guard(Server("acc-2"), seen={"acc-1"}).check()


def test_another_account_can_be_meant() -> None:
    assert guard(Server("acc-2"), is_other_allowed=True, expected="acc-3").check("acc-1") == "acc-2"


def test_the_settings_can_name_the_account() -> None:
    assert guard(Server("acc-1"), expected="acc-1").check() == "acc-1"
    with pytest.raises(OtherAccountError, match="flireo:account"):
        guard(Server("acc-2"), expected="acc-1").check("acc-2")


def test_a_state_of_an_older_release_says_nothing() -> None:
    account = guard(Server("acc-1"))
    nothings: tuple[object, ...] = (None, "", 3, {})
    for nothing in nothings:
        assert account.check(nothing) == "acc-1"


def test_a_server_without_accounts_is_said_once_and_stops_nothing() -> None:
    said: list[str] = []
    server = Server(None)
    account = guard(server, say=said.append)
    assert account.check("acc-1") is None
    assert account.check("acc-2") is None
    assert len(said) == server.asked == 1


def test_an_account_that_cannot_be_read_is_asked_again() -> None:
    failed = ServerError("the server failed", status=500, method="GET", path="/account")
    account = guard(Server(failed, "acc-1"))
    with pytest.raises(ServerError):
        account.check("acc-1")
    assert account.check("acc-1") == "acc-1"
