"""A disk that is really full: a small tmpfs in a mount namespace of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.deployment import Deployment

AGENTS = 12

SCRIPT = """
mount -t tmpfs -o size={size}k none "$1" || exit 90
{up}; echo "first ended with $?"
mount -o remount,size=64m "$1" || exit 91
{up} || exit 92
{preview} || exit 93
"""


def may_mount() -> bool:
    """Tell whether this process may mount in a namespace of its own."""
    if shutil.which("unshare") is None:
        return False
    script = 'mkdir -p "$1" && mount -t tmpfs -o size=64k none "$1"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", "/tmp"]
    return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode == 0


@pytest.mark.skipif(not may_mount(), reason="this process may not mount a tmpfs")
@pytest.mark.parametrize("engine", ["local"])
@pytest.mark.parametrize(
    ("folder", "size_kb"),
    [
        pytest.param("state", 60, id="state"),
        pytest.param("flireo", 16, id="FLIREO_STATE_DIR", marks=pytest.mark.sweep),
    ],
)
def test_a_full_disk_stops_the_run_and_the_next_one_ends_it(deployment: Deployment, folder: str, size_kb: int) -> None:
    for n in range(AGENTS):
        deployment.write(f"agents/a{n}.yaml", f"name: A{n}\nfirst_message: {'Good day. ' * 300}\n")
    full = Path(deployment.home / folder)
    full.mkdir(parents=True, exist_ok=True)
    up = shlex.join(deployment.arguments("up"))
    preview = shlex.join(deployment.arguments("preview", "--refresh", "--expect-no-changes"))
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", SCRIPT.format(size=size_kb, up=up, preview=preview), "sh", str(full)],
        cwd=deployment.folder,
        env=deployment.environment | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "first ended with 0" not in told
    assert "No space left on device" in told or "disk is full" in told
    assert "Traceback" not in told
    names = sorted(row["name"] for row in deployment.account("/agents")["agents"])
    assert names == sorted(f"A{n}" for n in range(AGENTS)), "nothing is made twice, and nothing is missing"
