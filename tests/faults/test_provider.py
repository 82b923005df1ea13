"""A sample of the matrix through the real provider process: an engine is told what the page says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.core.existing import Existing
from flireo_iac.emulator.server import Running, running
from flireo_iac.kinds import KINDS
from tests.faults.cells import PATIENCE_S, general
from tests.faults.matrix import PAGE
from tests.faults.orders import FAULTS, ONCE
from tests.faults.page import inline, read
from tests.faults.processes import KEY, Process
from tests.faults.samples import changed, sample
from tests.provider.dynamic_process import FailedError, Provider, provider

NAME = "x"
BY_NAME = {fault.name: fault for fault in FAULTS}

# Only what is not sent again, or is found at the first look: this process really sleeps.
CASES = [
    ("agent", "create", "HTTP 502 after the commit"),
    ("phone_number", "create", "connection reset, after the commit"),
    ("sip_trunk", "create", "empty body"),
    ("tool_template", "create", "HTTP 402"),
    ("byok_key", "create", "wrong envelope"),
    ("analysis_template", "refresh", "list cut short"),
    ("agent", "refresh", "HTTP 401 midway"),
    ("sip_trunk", "refresh", "list with an id twice"),
    ("phone_number", "update", "HTTP 403"),
    ("byok_key", "update", "HTTP 401 midway"),
    ("tool_template", "delete", "HTTP 402"),
    ("agent", "delete", "envelope of the successor"),
]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Running]:
    with running() as server:
        yield server


def said_by_page(kind: str, verb: str, fault: str) -> str:
    return read(PAGE.read_text(encoding="utf-8"))[(fault, kind, verb)]


@pytest.mark.parametrize(("kind", "verb", "fault"), CASES)
def test_the_engine_is_told_what_the_page_says(
    tmp_path: Path, emulator: Running, kind: str, verb: str, fault: str
) -> None:
    facts = KINDS[kind]
    inputs = sample(facts)
    httpx.post(f"{emulator.control_url}/reset").raise_for_status()
    state = None
    if verb != "create":
        with Process(emulator.url, tmp_path, PATIENCE_S) as earlier:
            state = earlier.bring("create", facts, inputs, None).state
            assert state is not None
    order = BY_NAME[fault].order(facts, verb, ONCE, f"Repeats {KEY}")
    httpx.post(f"{emulator.control_url}/faults", json=order).raise_for_status()
    error: FailedError | None = None
    with provider(tmp_path, {"FLIREO_API_KEY": KEY, "FLIREO_BASE_URL": emulator.url}) as process:
        try:
            _act(process, kind, verb, inputs, state)
        except FailedError as failed:
            error = failed
    log = httpx.get(f"{emulator.control_url}/requests").json()["requests"]
    assert any("fault" in entry for entry in log)
    texts = [entry.message for entry in process.engine.logged]
    assert not any(KEY in text for text in [*texts, *([error.message] if error else [])])

    cell = said_by_page(kind, verb, fault)
    place = httpx.URL(emulator.url).netloc.decode()
    assert ("**done**" in cell.split("*throughout*")[0]) == (error is None)
    for text in texts:
        shown = text.removeprefix(f'{facts.title} "{NAME}": ')
        assert f"warning: {general(facts, inputs, shown, place)}" in cell
    if error is not None:
        shown = error.message.replace(f'"{NAME}"', '"<name>"', 1)
        assert inline(BY_NAME[fault].exit_code, general(facts, inputs, shown, place)) in cell
        assert ("UNAUTHENTICATED" in error.reasons) == (BY_NAME[fault].exit_code == 3)


def _act(process: Provider, kind: str, verb: str, inputs: dict[str, Any], state: Existing | None) -> None:
    if state is None:
        assert process.create(kind, NAME, inputs)[0]
    elif verb == "refresh":
        found, _, then = process.read(kind, state.id, state.outputs, inputs)
        assert found == state.id
        assert {key: value for key, value in then.items() if not key.startswith("__")} == inputs
    elif verb == "update":
        wanted = changed(KINDS[kind], inputs)
        assert wanted is not None
        process.update(kind, state.id, state.outputs, wanted, inputs)
    else:
        process.delete(kind, state.id, state.outputs)
