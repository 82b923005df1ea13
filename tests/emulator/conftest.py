"""An emulator for a module, and for each test a client with a key, and so an organization, of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest

from flireo_iac.emulator import server
from flireo_iac.emulator.server import Running


def client_of(emulator: Running, key: str | None = None) -> httpx.Client:
    key = key or f"fl_test_{uuid.uuid4().hex}"
    return httpx.Client(base_url=emulator.url, headers={"Authorization": f"Bearer {key}"}, timeout=5)


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
    with httpx.Client(base_url=own.control_url, timeout=5) as client:
        yield client
