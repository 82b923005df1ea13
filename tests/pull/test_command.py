"""``flireo pull`` as a person and a pipeline run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from flireo_iac.errors import ExitCode
from tests.pull.conftest import Org


def flireo(org: Org, cwd: Path, *arguments: str, key: bool = True) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd), "FLIREO_STATE_DIR": str(cwd / "state")}
    environ |= {"FLIREO_BASE_URL": org.emulator.url} | ({"FLIREO_API_KEY": org.key} if key else {})
    command = [sys.executable, "-m", "flireo_iac.cli", *arguments]
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=120, check=False)


def test_from_an_account_to_a_stack(org: Org, tmp_path: Path) -> None:
    org.create("agent", name="Front desk", webhook_secret="canary")
    refused = flireo(org, tmp_path, "pull", "--into", "voice", "-s", "prod")
    assert refused.returncode == ExitCode.CONFIGURATION
    assert "new      agents/front_desk.yaml" in refused.stdout
    assert "--yes" in refused.stderr
    assert not (tmp_path / "voice").exists()
    done = flireo(org, tmp_path, "pull", "--into", "voice", "-s", "prod", "--yes")
    assert done.returncode == ExitCode.DONE, done.stderr
    assert "FLIREO_SECRET_FRONT_DESK_WEBHOOK_SECRET  for agents.front_desk webhook_secret" in done.stdout
    assert "canary" not in done.stdout + done.stderr
    assert flireo(org, tmp_path, "validate", "-C", "voice").returncode == ExitCode.DONE
    again = flireo(org, tmp_path / "voice", "pull", "--json")
    assert again.returncode == ExitCode.DONE, again.stderr
    assert json.loads(again.stdout)["files"] == []
    assert json.loads(again.stdout)["items"] == ["agents.front_desk"]


def test_mistakes_are_one_line(org: Org, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/file.txt").write_text("mine")
    for arguments, said in (
        (("--into", "other"), "holds files and no stack"),
        (("--into", "new", "-C", "other"), "two folders"),
        (("--into", "new", "--only", "agents.a"), "holds no such item"),
    ):
        done = flireo(org, tmp_path, "pull", *arguments)
        assert done.returncode == ExitCode.CONFIGURATION
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert "no API key" in flireo(org, tmp_path, "pull", "--into", "new", key=False).stderr
