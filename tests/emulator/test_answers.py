"""Every answer of every operation that the contract names, over a connection, held against the contract."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator

import httpx
import pytest

from flireo_iac.emulator import contract
from flireo_iac.emulator.contract import Operation
from flireo_iac.emulator.server import Running
from tests.emulator import answers
from tests.emulator.answers import NEVER, OTHER, READY, UNKNOWN, Asked, Scene
from tests.emulator.conftest import client_of

OPERATIONS = contract.load().operations


@pytest.fixture(scope="module")
def scene(shared: Running) -> Iterator[Scene]:
    """One connection for all of them: a client takes longer to make than all that it sends here."""
    with client_of(shared) as api, httpx.Client(base_url=shared.control_url, timeout=10) as control:
        yield Scene(api, control)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_answer_that_the_contract_names_is_given(operation: Operation, scene: Scene) -> None:
    dialect = "dec2025" if operation.since is None else "successor"
    usual = {"requests_per_minute": 0, "minutes_balance": 1000, "deletes": 200, "dialect": dialect}
    met: dict[int, httpx.Response] = {}
    for status in answers.tried(operation):
        scene.control.put("/settings", json=usual).raise_for_status()
        scene.api.headers["Authorization"] = f"Bearer fl_test_{uuid.uuid4().hex}"
        special = OTHER.get((operation.name, status))
        asked = (special or READY[operation.name])(scene)
        met[status] = sent(scene, operation, asked) if special else meet(operation, status, asked, scene)
    assert {status: answer.status_code for status, answer in met.items()} == {status: status for status in met}
    for status, answer in met.items():
        schema = operation.answers[status]
        wrong = schema.problems(answer.json()) if schema is not None and answer.content else []
        assert wrong == [], (operation.name, status, answer.text)
        assert answer.headers["X-RateLimit-Limit"].isdigit()


def sent(scene: Scene, operation: Operation, asked: Asked, key: str | None = None) -> httpx.Response:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    content = None if asked.body is None else json.dumps(asked.body)
    return scene.api.request(operation.method, asked.path, content=content, headers=headers)


def meet(operation: Operation, status: int, asked: Asked, scene: Scene) -> httpx.Response:
    """Send the request so that it meets an answer."""
    if status == 400:
        return sent(scene, operation, Asked(asked.path, []))
    if status == 401:
        return sent(scene, operation, asked, key="nothing")
    if status == 404:
        *front, last = re.split(r"/(?=[^/]*[0-9a-f]{6})", asked.path)
        tail = last.partition("/")[2]
        return sent(scene, operation, Asked("/".join([*front, UNKNOWN, *([tail] if tail else [])]), asked.body))
    if status == 429:
        scene.api.get("/account")
    orders = {204: {"deletes": 204}, 429: {"requests_per_minute": 1}}
    scene.control.put("/settings", json=orders.get(status, {})).raise_for_status()
    if status == 500:
        scene.control.post("/faults", json={"kind": "status:500"}).raise_for_status()
    return sent(scene, operation, asked)


def test_every_operation_has_a_request_and_nothing_else_has() -> None:
    names = {operation.name for operation in OPERATIONS}
    assert len(names) == len(OPERATIONS) == 70
    assert set(READY) == names
    named = {(operation.name, status) for operation in OPERATIONS for status in operation.answers}
    assert set(OTHER) | set(NEVER) <= named
    assert not set(OTHER) & set(NEVER)
