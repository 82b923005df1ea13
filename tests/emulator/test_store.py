"""What the emulator keeps between starts."""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flireo_iac.emulator import server
from flireo_iac.emulator.store import Store
from flireo_iac.errors import EmulatorError
from tests.emulator.conftest import client_of

KEY = "fl_test_store"


def test_the_state_outlives_a_restart_and_is_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with server.running(data=file) as emulator, client_of(emulator, KEY) as api:
        agent = api.post("/agents", json={"name": "A"}).json()
        api.post("/byok", json={"provider": "openai", "api_key": "sk-canary"})
        slots = api.get("/byok").json()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert KEY not in file.read_text()
    with server.running(data=file) as emulator, client_of(emulator, KEY) as api:
        assert api.get("/agents").json() == {"agents": [agent["agent"]]}
        assert api.get("/byok").json() == slots
        api.delete(f"/agents/{agent['agent']['id']}")
    with server.running(data=file) as emulator, client_of(emulator, KEY) as api:
        assert api.get("/agents").json() == {"agents": []}
    assert [each.name for each in tmp_path.iterdir() if each.suffix != ".lock"] == ["state.json"]


def test_every_write_is_in_the_file_before_it_is_answered(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with server.running(data=file) as emulator, client_of(emulator, KEY) as api:
        for n in range(3):
            api.post("/agents", json={"name": str(n)})
            (collections,) = json.loads(file.read_text())["organizations"].values()
            assert len(collections["agents"]) == n + 1


@settings(max_examples=100, deadline=None, database=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.none() | st.integers(0, 9)), min_size=4, max_size=20
    )
)
def test_the_text_of_the_state_is_always_what_is_held(steps: list[tuple[str, str, int | None]]) -> None:
    store = Store()
    organization = store.organization(KEY)
    held: dict[str, dict[str, dict[str, Any]]] = {"a": {}, "b": {}}
    for collection, row_id, value in steps:
        if value is not None:
            row = {"id": row_id, "value": value}
            organization.put(collection, row)
            held[collection][row_id] = row
        elif held[collection].pop(row_id, None):
            organization.remove(collection, row_id)
        text = json.loads(store.text())["organizations"].get(organization.id, {})
        assert text == {name: list(rows.values()) for name, rows in held.items() if rows}


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    stop = threading.Event()
    seen: list[int] = []
    failures: list[Exception] = []

    def read_on() -> None:
        while not stop.is_set():
            try:
                seen.append(len(json.loads(file.read_text())["organizations"]))
            except Exception as error:
                failures.append(error)

    with server.running(data=file) as emulator, client_of(emulator, KEY) as api:
        reader = threading.Thread(target=read_on)
        reader.start()
        for _ in range(50):
            api.post("/agents", json={"name": "A", "first_message": "x" * 20_000})
        stop.set()
        reader.join()
    assert not failures
    assert seen


def test_a_seed_makes_ids_the_same_and_a_restart_does_not_repeat_one(tmp_path: Path) -> None:
    def ids(file: Path | None, count: int) -> list[str]:
        with server.running(data=file, seed=7) as emulator, client_of(emulator, KEY) as api:
            return [api.post("/agents", json={"name": "A"}).json()["agent"]["id"] for _ in range(count)]

    whole = ids(None, 4)
    assert len(set(whole)) == 4
    file = tmp_path / "state.json"
    assert ids(file, 2) + ids(file, 2) == whole
    assert ids(None, 4) == whole


def test_without_a_seed_ids_differ() -> None:
    assert Store().new_id() != Store().new_id()


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ('{"version": 1, "organ', "it is not JSON (line 1)"),
        ("", "it is not JSON (line 1)"),
        ("[]", "the body must be an object"),
        ('{"organizations": {"o": {"agents": [{}]}}}', "organizations.o.agents[0].id is required"),
        ('{"version": 2, "organizations": {}}', "version"),
    ],
)
def test_a_file_with_something_else_is_refused_and_left_alone(tmp_path: Path, content: str, wrong: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(content)
    with pytest.raises(EmulatorError) as caught, server.running(data=file):
        pass
    assert wrong in str(caught.value)
    assert str(file) in str(caught.value)
    assert file.read_text() == content


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_bytes(b"\xff\xfe{}")
    with pytest.raises(EmulatorError, match="not JSON"):
        Store(file)


def test_a_read_only_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    Store(file).close()
    file.chmod(0o400)
    with pytest.raises(EmulatorError, match="read-only"):
        Store(file)


def test_a_folder_that_is_not_there_and_a_folder_as_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="folder is not there"):
        Store(tmp_path / "none" / "state.json")
    with pytest.raises(EmulatorError, match="cannot be read"):
        Store(tmp_path)


def test_two_emulators_cannot_hold_one_file(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with server.running(data=file), pytest.raises(EmulatorError, match="another emulator"):
        Store(file)
    Store(file).close()


def test_a_write_that_fails_is_a_clear_500(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with server.running(data=folder / "state.json") as emulator, client_of(emulator, KEY) as api:
        (folder / "state.json").unlink()
        (folder / "state.json.lock").unlink()
        folder.rmdir()
        answer = api.post("/agents", json={"name": "A"})
        assert answer.status_code == 500
        assert "cannot be written" in answer.json()["message"]
        folder.mkdir()


def test_timestamps_of_an_object_grow_when_the_clock_stands_still() -> None:
    store = Store(clock=lambda: 1_000_000_000.0)
    first = store.now()
    assert first == "2001-09-09T01:46:40.000Z"
    assert store.now(after=first) == "2001-09-09T01:46:40.001Z"
