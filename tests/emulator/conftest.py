"""An emulator for a module, and for each test a client with a key, and so an organization, of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import asdict

import httpx
import pytest

from flireo_iac.emulator import server
from flireo_iac.emulator.options import Settings
from flireo_iac.emulator.server import Running
from tests.emulator.world import World

MANUAL = {"requests_per_minute": 0, "clock": "manual", "check_answers": True}


TLS = httpx.create_ssl_context()
"""Made once: it takes longer than all that a test sends."""


def client_of(emulator: Running, key: str | None = None) -> httpx.Client:
    key = key or f"fl_test_{uuid.uuid4().hex}"
    return httpx.Client(base_url=emulator.url, headers={"Authorization": f"Bearer {key}"}, timeout=5, verify=TLS)


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    with server.running(check_answers=True) as emulator:
        yield emulator


@pytest.fixture
def own() -> Iterator[Running]:
    with server.running(check_answers=True) as emulator:
        yield emulator


@pytest.fixture
def api(shared: Running) -> Iterator[httpx.Client]:
    with client_of(shared) as client:
        yield client


@pytest.fixture
def own_api(own: Running) -> Iterator[httpx.Client]:
    with client_of(own) as client:
        yield client


@pytest.fixture
def control(own: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=own.control_url, timeout=5, verify=TLS) as client:
        yield client


@pytest.fixture
def calling(shared: Running) -> Iterator[httpx.Client]:
    """Control of the shared emulator, emptied."""
    with httpx.Client(base_url=shared.control_url, timeout=10, verify=TLS) as client:
        client.post("/reset").raise_for_status()
        client.put("/settings", json={**asdict(Settings()), **MANUAL}).raise_for_status()
        yield client


@pytest.fixture
def world(api: httpx.Client, calling: httpx.Client) -> World:
    return World(api, calling)
