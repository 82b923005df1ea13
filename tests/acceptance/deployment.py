"""A stack in a folder, an emulator, and an engine: what every acceptance test drives, as a user would.

The same tests run on both engines: always on the local one, and on the `pulumi` program where it is on PATH.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

KEY = "fl_test_canary_api_key"
PASSPHRASE = "canary passphrase"
TIMEOUT_S = 240


@dataclass(frozen=True)
class Run:
    """A finished command.

    Args:
        code: Exit code.
        stdout: What it printed as data.
        stderr: What it printed beside that.
    """

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Everything it printed."""
        return self.stdout + self.stderr

    @property
    def json(self) -> Any:
        """What it printed as data, read."""
        return json.loads(self.stdout)


@dataclass
class Deployment:
    """One stack on one engine, with an account of its own in the emulator.

    Args:
        folder: The Pulumi project.
        home: A folder for everything that is not the project: state, caches, Pulumi's home.
        api_url: Base URL of the emulator's API.
        control_url: Base URL of the emulator's control routes.
        engine: ``local`` or ``pulumi``.
        stack: Name of the stack.
        environ: More environment variables.
    """

    folder: Path
    home: Path
    api_url: str
    control_url: str
    engine: str = "local"
    stack: str = "dev"
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Environment of every command: nothing of the person who runs the tests."""
        (self.home / "state").mkdir(parents=True, exist_ok=True)
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.home),
            "FLIREO_API_KEY": KEY,
            "FLIREO_BASE_URL": self.api_url,
            "FLIREO_REQUESTS_PER_MINUTE": "100000",
            "FLIREO_STATE_DIR": str(self.home / "flireo"),
            "PULUMI_HOME": str(self.home / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{self.home / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "1",
            **self.environ,
        }

    def command(self, *arguments: str) -> Run:
        """Run a command in the project's folder."""
        done = subprocess.run(
            arguments,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def run(self, verb: str, *flags: str, ask: bool = False, is_previewed: bool = False) -> Run:
        """Run preview, up, refresh or destroy on this deployment's engine.

        Args:
            verb: The verb.
            *flags: More flags, the same on both engines.
            ask: True leaves ``--yes`` out.
            is_previewed: True has an up or a destroy plan first, as it does for a user; that runs the program twice.
        """
        if self.engine == "pulumi":
            self.make_stack()
        return self.command(*self.arguments(verb, *flags, ask=ask, is_previewed=is_previewed))

    def arguments(self, verb: str, *flags: str, ask: bool = False, is_previewed: bool = False) -> list[str]:
        """Give the command line of a verb, as ``run`` takes it."""
        yes = [] if verb == "preview" or ask else ["--yes"]
        if verb in ("up", "destroy") and not (ask or is_previewed or "--skip-preview" in flags):
            yes.append("--skip-preview")
        if self.engine == "local":
            program = [sys.executable, "-m", "flireo_iac.cli", verb, "--engine", "local"]
            return [*program, "--stack", self.stack, *yes, *flags]
        return ["pulumi", verb, "--non-interactive", "--stack", self.stack, *yes, *flags]

    def make_stack(self) -> None:
        """Have pulumi make the stack, unless either engine did before."""
        if not list((self.home / "state").glob(f".pulumi/stacks/*/{self.stack}.json")):
            self.command("pulumi", "stack", "init", self.stack, "--non-interactive")

    def good(self, verb: str, *flags: str, is_previewed: bool = False) -> Run:
        """Run a verb that has to succeed."""
        done = self.run(verb, *flags, is_previewed=is_previewed)
        assert done.code == 0, f"{verb} {' '.join(flags)} ended with {done.code}:\n{done.text}"
        return done

    def requests(self) -> list[dict[str, Any]]:
        """Give the requests since the last ``forget_requests``."""
        log = httpx.get(f"{self.control_url}/requests").json()
        found: list[dict[str, Any]] = log["requests"] if isinstance(log, dict) else log
        return found

    def counts(self) -> dict[str, int]:
        """Count requests by method, and empty the log."""
        counted: dict[str, int] = {}
        for request in self.requests():
            counted[request["method"]] = counted.get(request["method"], 0) + 1
        httpx.delete(f"{self.control_url}/requests").raise_for_status()
        return counted

    def account(self, path: str) -> Any:
        """Read the account through the API, without a trace in the log of requests."""
        before = len(self.requests())
        answer = httpx.get(f"{self.api_url}{path}", headers={"Authorization": f"Bearer {KEY}"})
        answer.raise_for_status()
        assert len(self.requests()) == before + 1
        return answer.json()

    def edit(self, collection: str, id_: str, values: Mapping[str, Any]) -> None:
        """Change an object behind the stack's back."""
        httpx.patch(f"{self.control_url}/objects/{collection}/{id_}", json=dict(values)).raise_for_status()

    def write(self, path: str, text: str | bytes) -> Path:
        """Write a file of the stack."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file


def pulumi_program() -> str | None:
    """Give the path of the pulumi program; None when it is not on PATH."""
    return shutil.which("pulumi")
