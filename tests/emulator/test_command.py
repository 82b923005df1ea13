"""``flireo emulator`` as a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

FLIREO = [sys.executable, "-c", "from flireo_iac.cli.main import main; main()", "emulator"]
HEADERS = {"Authorization": "Bearer fl_test_command"}


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen([*FLIREO, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on http://"), line + (process.stderr.read() if process.stderr else "")
            yield process, line.removeprefix("listening on ").strip()
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(10)


def test_it_accepts_when_it_says_so_survives_a_kill_and_ends_clean(tmp_path: Path) -> None:
    options = ["--port", "0", "--data", str(tmp_path / "state.json"), "--seed", "3", "--dialect", "jan2026"]
    with started(*options) as (process, url):
        assert httpx.get(f"{url}/tool-templates", headers=HEADERS).json() == {"tool_templates": []}
        agent = httpx.post(f"{url}/agents", headers=HEADERS, json={"name": "A"}).json()["agent"]
        assert httpx.get(f"{url}/agents", headers=HEADERS).headers["X-RateLimit-Limit"] == "100"
        os.kill(process.pid, signal.SIGKILL)
    with started(*options) as (process, url):
        assert httpx.get(f"{url}/agents", headers=HEADERS).json() == {"agents": [agent]}
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
        console = f"console at {url.removesuffix('/api/v1')}/_emulator/\n"
        assert (process.returncode, out, err) == (0, "", console)


def test_ctrl_c_ends_it_with_0() -> None:
    with started("--port", "0", "--host", "localhost", "--requests-per-minute", "0") as (process, url):
        assert httpx.get(f"{url}/voices", headers=HEADERS).status_code == 200
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=10)
        assert (process.returncode, out) == (0, "")


def test_a_port_in_use_and_a_broken_file_are_one_line_each(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text("{")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        runs = [
            subprocess.Popen([*FLIREO, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for options in (["--port", port], ["--port", "0", "--data", str(file)])
        ]
        results = [(*run.communicate(timeout=30), run.returncode) for run in runs]
    for out, err, code in results:
        assert (out, code, err.count("\n")) == ("", 1, 1), err
    assert "in use" in results[0][1]
    assert "not JSON" in results[1][1]


def test_another_address_than_loopback_is_warned_of() -> None:
    with started("--port", "0", "--host", "0.0.0.0") as (process, url):
        assert url.startswith("http://0.0.0.0:")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=10)
        assert err.startswith("warning: 0.0.0.0 can be reached from other machines")
        assert err.endswith(f"\nconsole at http://localhost:{url.split(':')[2].partition('/')[0]}/_emulator/\n")


@pytest.mark.parametrize("option", [["--dialect", "other"], ["--port", "70000"], ["--latency-ms", "-1"]])
def test_a_bad_option_is_refused(option: list[str]) -> None:
    done = subprocess.run([*FLIREO, *option], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
