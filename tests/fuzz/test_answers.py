"""Spoiled answers of the API in a refresh: an error in one sentence or a resource, never a traceback, hang or write."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pulumi.runtime import rpc

from flireo_iac.client import FlireoApi
from flireo_iac.emulator.server import running
from flireo_iac.kinds import KINDS, Kind
from flireo_iac.provider import dynamic, session
from flireo_iac.provider.rpc import ProviderFailure
from flireo_iac.settings import Settings
from tests.client.scripted import Scripted, reply, serving
from tests.fuzz.mutation import BATCHES, CASES, no_hang, spoiled_json
from tests.needed import make_needed

KEY = "fl_test_canary_api_key"
STATUSES = [*[200] * 12, 201, 204, 206, 301, 400, 401, 403, 404, 405, 409, 418, 422]


@dataclass
class Resource:
    """A resource as the state holds it, and the answers that a refresh of it meets.

    Args:
        kind: What it is.
        id: Its id.
        outputs: Its outputs.
        answers: JSON value by path.
    """

    kind: Kind
    id: str
    outputs: dict[str, Any]
    answers: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key, and no budget that others share."""
    monkeypatch.setenv("FLIREO_API_KEY", KEY)
    monkeypatch.setenv("FLIREO_REQUESTS_PER_MINUTE", "100000")
    monkeypatch.setenv("FLIREO_STATE_DIR", str(tmp_path))


@pytest.fixture
def resources(monkeypatch: pytest.MonkeyPatch) -> list[Resource]:
    """One resource of each kind, made on the emulator."""
    with (
        running() as emulator,
        httpx.Client(headers={"Authorization": f"Bearer {KEY}"}) as client,
        ExitStack() as stack,
    ):
        monkeypatch.setenv("FLIREO_BASE_URL", emulator.url)
        api = stack.enter_context(FlireoApi(Settings.load({}, os.environ)))
        monkeypatch.setattr(session, "FlireoApi", lambda *_, **__: api)
        monkeypatch.setattr(dynamic, "SESSION", session.Session(dynamic._say))
        made: list[Resource] = []
        make_needed(KINDS["campaign_lead"], emulator.url, emulator.control_url, KEY)
        for kind in [KINDS["byok_key"], *KINDS.values()]:
            inputs = dict(kind.example)
            if kind.name == "byok_key" and not made:
                inputs["provider"] = "resend"  # the domain needs it
            provider = getattr(dynamic, kind.name)
            created = provider.create(inputs)
            made.append(Resource(kind, created.id, outputs=_plain(created.outs)))
        for resource in made:
            parent, _, own = resource.id.rpartition("/")
            path = resource.kind.endpoint.path.replace("{campaign_id}", parent)
            for each in (path, f"{path}/{own}", "/account"):
                answer = client.get(f"{emulator.url}{each}")
                resource.answers[each] = answer.json() if answer.status_code == 200 else None
    return made


def _plain(values: Any) -> Any:
    return json.loads(json.dumps(values, default=rpc.unwrap_rpc_secret))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, resources: list[Resource]) -> Iterator[Scripted]:
    """A server that all sessions reach through one client, without waits between attempts."""
    with serving() as script:
        monkeypatch.setenv("FLIREO_BASE_URL", script.url)
        settings = replace(Settings.load({}, os.environ), backoff_s=0.0, max_attempts=2, operation_timeout_s=20.0)
        with FlireoApi(settings) as api:
            monkeypatch.setattr(session, "FlireoApi", lambda *_, **__: api)
            yield script


@pytest.mark.parametrize("batch", BATCHES)
def test_spoiled_answers_end_in_a_resource_or_a_sentence(
    server: Scripted, resources: list[Resource], monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    chance = random.Random(batch)
    failed = 0
    for number in range(CASES):
        resource = chance.choice(resources)
        spoiled = _spoiled(chance, resource)
        server.will(partial(_answer, spoiled))
        monkeypatch.setattr(dynamic, "SESSION", session.Session(dynamic._say))
        try:
            with no_hang():
                failed += _refresh(resource, spoiled)
        except Exception as error:
            raise AssertionError(f"batch {batch}, case {number}: {resource.kind.name}, {spoiled}") from error
        assert set(server.methods) <= {"GET"}
    assert CASES // 20 < failed < CASES


def _spoiled(chance: random.Random, resource: Resource) -> dict[str, tuple[int, bytes]]:
    """Spoil one answer of those that a refresh may ask for, or all of them."""
    chosen = chance.choice([*resource.answers, None])
    return {
        path: (chance.choice(STATUSES), spoiled_json(chance, value))
        if path == chosen or chosen is None
        else (200, json.dumps(value).encode())
        for path, value in resource.answers.items()
    }


def _answer(answers: dict[str, tuple[int, bytes]], handler: http.server.BaseHTTPRequestHandler) -> None:
    path = handler.path.removeprefix("/api/v1").partition("?")[0]
    status, body = answers.get(path, (404, b'{"error": "Not Found"}'))
    reply(status, b"" if status in (204, 304) else body, Content_Type="application/json")(handler)


def _refresh(resource: Resource, answers: dict[str, tuple[int, bytes]]) -> bool:
    """Read the resource and plan the next run; say whether it failed with a sentence."""
    provider = getattr(dynamic, resource.kind.name)
    try:
        found = provider.read(resource.id, resource.outputs)
    except ProviderFailure as failure:
        text = str(failure)
        assert text.startswith(f"refresh {resource.kind.title} ")
        assert "Traceback" not in text
        assert KEY not in text
        assert len(text) < 2000
        return True
    if not found.id:
        is_told = any(status == 404 for status, _ in answers.values())
        assert is_told or resource.kind.endpoint.style != "collection", "gone, though nobody said so"
        return False
    assert found.id == resource.id
    asyncio.run(rpc.serialize_properties(found.outs, {}))
    asyncio.run(rpc.serialize_properties(found.inputs, {}))
    with suppress(ProviderFailure):  # the kind may want to be asked for by name
        provider.diff(found.id, _plain(found.outs), dict(resource.kind.example))
    return False
