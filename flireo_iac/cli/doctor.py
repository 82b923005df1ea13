"""``flireo doctor``: what is installed, configured and reachable."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer

from flireo_iac import __version__
from flireo_iac.cli import output
from flireo_iac.errors import ExitCode, FlireoError

_PACKAGES = ("pulumi", "httpx", "pydantic", "grpcio")
_EXTRAS = ("starlette", "uvicorn", "jsonschema")


@dataclass(frozen=True)
class _Finding:
    """One thing that was looked at.

    Args:
        what: Its name.
        status: ``ok``, ``missing`` (optional and not there) or ``wrong``.
        text: What was found, or what to do.
        exit_code: Exit code it leads to when it is wrong.
    """

    what: str
    status: str
    text: str
    exit_code: int = ExitCode.DONE


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    cwd: Path = typer.Option(Path(), "-C", "--cwd", help="Folder of the stack.", show_default="here"),
    offline: bool = typer.Option(False, "--offline", help="Send no request."),
    as_json: bool = typer.Option(False, "--json", help="Print the findings as JSON."),
) -> None:
    """Say what is installed, configured and reachable. Reads the account once; changes nothing."""
    findings = [*_installed(), *_stack(cwd)]
    findings += [] if offline else [*_account()]
    if as_json:
        output.data_json({"findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            mark = {"ok": "ok     ", "missing": "missing", "wrong": "wrong  "}[finding.status]
            output.data(f"{mark}  {finding.what}: {finding.text}")
    raise typer.Exit(max((finding.exit_code for finding in findings), default=ExitCode.DONE))


def _installed() -> Iterator[_Finding]:
    yield _Finding("flireo_iac", "ok", __version__)
    yield _Finding("python", "ok", sys.version.split()[0])
    for name in _PACKAGES:
        yield _Finding(name, "ok", version(name))
    try:
        versions = ", ".join(f"{name} {version(name)}" for name in _EXTRAS)
        yield _Finding("emulator", "ok", versions)
    except PackageNotFoundError as error:
        yield _Finding("emulator", "missing", f"{error.name} is not installed. Run: pip install 'flireo_iac[emulator]'")
    program = shutil.which("pulumi")
    if program is None:
        yield _Finding("pulumi program", "missing", "not on PATH; the local engine serves (flireo preview, up, ...)")
        return
    environ = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"}
    done = subprocess.run([program, "version"], capture_output=True, text=True, timeout=30, check=False, env=environ)
    if done.returncode == 0:
        yield _Finding("pulumi program", "ok", f"{done.stdout.strip()} at {program}")
    else:
        yield _Finding("pulumi program", "wrong", f"{program} does not run: {done.stderr.strip()}", ExitCode.FAILED)


def _stack(folder: Path) -> Iterator[_Finding]:
    from flireo_iac.engine.files.project import load_project

    if not (folder / "Pulumi.yaml").is_file():
        yield _Finding("stack", "missing", "no Pulumi.yaml here. Run: flireo init DIR, or name the folder with -C")
        return
    try:
        project = load_project(folder)
        yield _Finding("stack", "ok", f"project {project.name}, stacks: {', '.join(project.stacks()) or 'none yet'}")
    except FlireoError as error:
        yield _Finding("stack", "wrong", str(error), error.exit_code)


def _account() -> Iterator[_Finding]:
    from flireo_iac.client.account import read_account
    from flireo_iac.client.api import FlireoApi
    from flireo_iac.settings import Settings
    from flireo_iac.waits import wait_text

    try:
        settings = Settings.load({}, os.environ)
        yield _Finding("key", "ok", f"set in FLIREO_API_KEY, {len(settings.key)} characters")
    except FlireoError as error:
        yield _Finding("key", "missing", str(error))
        return
    try:
        with FlireoApi(settings, on_wait=lambda reason, seconds: output.note(wait_text(reason, seconds))) as api:
            account = read_account(api.http)
        name = f"{account['name']}, {account['id']}" if account.get("name") else account["id"]
        yield _Finding("account", "ok", f"{name} at {settings.base_url}")
    except FlireoError as error:
        yield _Finding("account", "wrong", str(error), error.exit_code)
