from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flireo_iac.emulator.server import Running, running
from tests.drift.stage import Stage


@pytest.fixture(scope="session")
def emulator() -> Iterator[Running]:
    with running() as server:
        yield server


@pytest.fixture
def stage(emulator: Running, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, emulator)
    yield made
    made.api.close()
