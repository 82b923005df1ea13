"""A deployed stack and an account whose calls go on when a test lets time pass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from flireo_iac.cli import account, call, calls, config, smoke, usage, voices
from flireo_iac.emulator.server import Running, running
from flireo_iac.stacks.init import write_stack

KEY = "fl_test_calls"
CALLEE = "+31612345678"


@dataclass(frozen=True)
class World:
    """What the tests of a module share.

    Args:
        emulator: The API.
        folder: A stack.
        environ: Variables with the key and the address.
    """

    emulator: Running
    folder: Path
    environ: dict[str, str]

    def control(self, method: str, path: str, **options: Any) -> Any:
        answer = httpx.request(method, f"{self.emulator.control_url}{path}", trust_env=False, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def advance(self, seconds: float) -> None:
        self.control("POST", "/clock", json={"advance_s": seconds})

    def request_of(self, call_id: str) -> Any:
        return self.control("GET", f"/calls/{call_id}")["call"]["request"]

    def posts(self) -> list[str]:
        log = self.control("GET", "/requests")["requests"]
        return [each["path"] for each in log if each["method"] == "POST"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("calls")
    with running(requests_per_minute=0) as emulator:
        environ = {
            "FLIREO_API_KEY": KEY,
            "FLIREO_BASE_URL": emulator.url,
            "FLIREO_STATE_DIR": str(folder / "state"),
            "FLIREO_REQUESTS_PER_MINUTE": "100000",
            "PULUMI_CONFIG_PASSPHRASE": "p",
            "PULUMI_BACKEND_URL": "file://.",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        }
        write_stack(folder / "shop")
        yield World(emulator, folder / "shop", environ)


@pytest.fixture(scope="module")
def deployed(world: World) -> None:
    """Deploy the stack in the environment dev."""
    words = [sys.executable, "-m", "flireo_iac.cli", "up", "--stack", "dev", "--yes", "--engine", "local"]
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | world.environ
    options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 200, "check": False}
    done = subprocess.run(words, cwd=world.folder, env=environ, **options)
    assert done.returncode == 0, done.stdout + done.stderr


Run = Callable[..., Any]


@pytest.fixture
def run(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command of the account in a copy of the stack."""
    for name, value in world.environ.items():
        monkeypatch.setenv(name, value)
    shutil.copytree(world.folder, tmp_path / "shop", symlinks=True)
    monkeypatch.chdir(tmp_path / "shop")
    app = typer.Typer()
    for module in (account, call, calls, config, smoke, usage, voices):
        module.register(app)
    world.control("DELETE", "/requests")
    world.control("DELETE", "/callees")
    return lambda *words, **options: CliRunner().invoke(app, [*words], **options)
