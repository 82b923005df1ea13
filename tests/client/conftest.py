from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flireo_iac.client import FlireoApi
from flireo_iac.settings import Settings
from tests.client.scripted import Scripted, serving

KEY = "fl_live_canary_6b1f0e"


@pytest.fixture
def server() -> Iterator[Scripted]:
    with serving() as script:
        yield script


@pytest.fixture
def make_api(tmp_path: Path) -> Iterator[Callable[..., FlireoApi]]:
    """Makes clients that wait for milliseconds where a real one waits for seconds; closes them at the end."""
    made: list[FlireoApi] = []

    def make(url: str, *, on_wait: Any = None, on_warning: Any = None, **changes: Any) -> FlireoApi:
        values: dict[str, Any] = {
            "key": KEY,
            "base_url": url,
            "dialect": "dec2025",
            "requests_per_minute": 100_000,
            "backoff_s": 0.01,
            "connect_timeout_s": 2.0,
            "read_timeout_s": 2.0,
            "operation_timeout_s": 10.0,
            "state_dir": tmp_path / "state",
        }
        made.append(FlireoApi(Settings(**(values | changes)), on_wait=on_wait, on_warning=on_warning))
        return made[-1]

    yield make
    for api in made:
        api.close()


@pytest.fixture
def api(server: Scripted, make_api: Callable[..., FlireoApi]) -> FlireoApi:
    return make_api(server.url)
