"""Signals at awkward moments, sent to this process from inside a run."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from flireo_iac.engine.files.backend import Backend
from flireo_iac.engine.files.locks import Locks
from flireo_iac.engine.model.events import Summary
from flireo_iac.engine.processes.children import Child
from flireo_iac.engine.processes.provider_process import ProviderProcess
from tests.engine.lab import Lab, thing
from tests.engine.test_interrupts import wait_for

NAMES = [f"t{number}" for number in range(6)]


def send(number: signal.Signals) -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, number)


def stop_while_the_provider_starts(lab: Lab, monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    real = Child.first_line

    def first_line(child: Child, seconds: float) -> str | None:
        line = real(child, seconds)
        monkeypatch.setattr(Child, "first_line", real)
        send(signal.SIGINT)
        wait_for(lambda: any(text.startswith("stopping") for text in lab.messages()))
        for _ in range(times - 1):
            send(signal.SIGINT)
            wait_for(lambda: child.status() is not None)
        return line

    monkeypatch.setattr(Child, "first_line", first_line)


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[ProviderProcess]:
    """Collects the provider processes that are started."""
    started: list[ProviderProcess] = []
    real: Callable[..., None] = ProviderProcess.__init__

    def init(process: ProviderProcess, *given: object) -> None:
        started.append(process)
        real(process, *given)

    monkeypatch.setattr(ProviderProcess, "__init__", init)
    return started


@pytest.mark.parametrize(("times", "exit_code"), [(1, 1), (2, 8)])
def test_nothing_is_deleted_after_a_stop_while_the_provider_starts(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, starts: list[ProviderProcess], times: int, exit_code: int
) -> None:
    lab.want(*map(thing, NAMES))
    lab.up()
    lab.close()
    lab.calls()
    starts.clear()
    stop_while_the_provider_starts(lab, monkeypatch, times=times)
    result = lab.run("destroy")
    assert result.exit_code == exit_code
    lab.close()
    assert lab.calls() == []
    assert len(starts) == 1
    assert sorted(lab.ids()) == NAMES
    assert [text for text in lab.messages() if "did not start" in text or "hannel" in text] == []
    if times == 1:
        assert "pending_operations" not in lab.latest()


def test_a_child_is_killed_while_another_wait_holds_its_lock(lab: Lab) -> None:
    child = Child(["sleep", "60"], folder=lab.project, environment=lab.environment, on_line=lambda line, error: None)
    lock = child._process._waitpid_lock  # type: ignore[attr-defined]
    with lock:  # as the main thread may, when the second signal comes
        killer = threading.Thread(target=child.kill, daemon=True)
        killer.start()
        killer.join(10)
        assert not killer.is_alive()
    assert child.wait(10) == -signal.SIGKILL
    child.end()


@pytest.mark.parametrize(("owner", "name"), [(Path, "rename"), (Locks, "refuse_if_held"), (Locks, "others")])
def test_a_signal_while_the_lock_is_taken_leaves_none(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    lab.want(thing("a"))
    real = getattr(owner, name)

    def hook(found: object, *given: object) -> object:
        answer = real(found, *given)
        if lab.backend_files("locks/**/*.json"):
            monkeypatch.setattr(owner, name, real)
            send(signal.SIGTERM)
        return answer

    monkeypatch.setattr(owner, name, hook)
    assert lab.run("up").exit_code == 8
    assert getattr(owner, name) is real, "the signal was sent"
    assert [path for path in lab.backend_files("locks/**/*") if not path.is_dir()] == []
    assert lab.calls() == []


def test_a_signal_after_all_is_done_changes_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.want()
    real = Backend.add_history

    def add_history(backend: Backend, record: Mapping[str, object]) -> None:
        real(backend, record)
        send(signal.SIGINT)

    monkeypatch.setattr(Backend, "add_history", add_history)
    result = lab.run("up")
    (summary,) = [event for event in lab.events if isinstance(event, Summary)]
    assert (result.exit_code, result.failed, summary.failed, summary.stopped) == (0, False, False, False)
    assert lab.messages() == []
