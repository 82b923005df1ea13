"""An emulator and an empty stack for each test, on each engine that is at hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flireo_iac.emulator.server import Running, running
from tests.acceptance.deployment import Deployment, pulumi_program

PULUMI = pytest.param(
    "pulumi",
    marks=[
        pytest.mark.engine_pulumi,
        pytest.mark.skipif(pulumi_program() is None, reason="the pulumi program is not on PATH"),
    ],
)


@pytest.fixture
def emulator() -> Iterator[Running]:
    with running() as server:
        yield server


@pytest.fixture(params=["local", PULUMI])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def deployment(tmp_path: Path, emulator: Running, engine: str) -> Deployment:
    """A project without any item yet."""
    folder = tmp_path / "stack"
    folder.mkdir()
    made = Deployment(folder, tmp_path / "home", emulator.url, emulator.control_url, engine)
    made.write("Pulumi.yaml", "name: shop\nruntime: python\n")
    made.write("__main__.py", "from flireo_iac import deploy\n\ndeploy()\n")
    return made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of the sweep over all boundaries: further runs needed, request by request."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    rows = sorted(str(value) for report in reports for name, value in report.user_properties if name == "boundary")
    if rows:
        terminalreporter.section("further runs after a cut at request 1, 2, 3 ...")
        terminalreporter.write_line(f"{'engine':7} {'run':8} {'way':24} {'point':10}")
        for row in rows:
            terminalreporter.write_line(row)
