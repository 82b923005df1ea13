"""The forecast of a run, held against what the emulator was asked for, on both engines."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest

from tests.acceptance.deployment import Deployment
from tests.acceptance.shop import write_shop


def told(text: str) -> tuple[int, int]:
    """Give the reads and writes that were foreseen; none when nothing was said."""
    found = re.search(r"(\d+) writes? and (\d+) reads?, about", text)
    return (int(found[2]), int(found[1])) if found else (0, 0)


def counted(deployment: Deployment) -> tuple[int, int]:
    """Give the reads and writes that the server saw, and forget them."""
    counts = deployment.counts()
    reads = counts.pop("GET", 0)
    return reads, sum(counts.values())


def check(deployment: Deployment, verb: str, *flags: str) -> tuple[int, int]:
    """Run a verb, and hold its forecast against the server's log; give the requests."""
    done = deployment.command(
        *(sys.executable, "-m", "flireo_iac.cli", verb, "--engine", deployment.engine, "--stack", "dev"),
        *("--yes", "--skip-preview", *flags),
    )
    assert done.code == 0, done.text
    seen = counted(deployment)
    assert told(done.stderr) == seen, done.stderr
    if "--json" in flags and deployment.engine == "local":
        document: dict[str, Any] = json.loads(done.stdout)
        for part in ("forecast", "happened"):
            assert (document[part]["reads"], document[part]["writes"]) == seen
    return seen


def read_until(terminal: int, wanted: str) -> str:
    """Read what is printed at a terminal, until it ends or a text comes."""
    text = ""
    with suppress(OSError):  # nobody writes there any more
        while wanted not in text:
            text += os.read(terminal, 4096).decode()
    return text


def check_asked(deployment: Deployment, verb: str, *flags: str) -> tuple[int, int]:
    """Run a verb that asks, say yes, and hold its forecast against what the server saw after that."""
    terminal, other = os.openpty()
    command = [sys.executable, "-m", "flireo_iac.cli", verb, "--engine", "local", "--stack", "dev", *flags]
    environment = {**deployment.environment, "TERM": "dumb"}
    with subprocess.Popen(
        command, cwd=deployment.folder, env=environment, stdin=other, stdout=subprocess.DEVNULL, stderr=other
    ) as process:
        os.close(other)
        asked = read_until(terminal, "[y/N]")
        counted(deployment)
        os.write(terminal, b"y\n")
        rest = read_until(terminal, "never printed")
    os.close(terminal)
    assert process.returncode == 0, asked + rest
    seen = counted(deployment)
    assert told(asked) == seen, asked
    return seen


def test_requests_are_foreseen_to_the_last_one(deployment: Deployment) -> None:
    write_shop(deployment, pairs=2)
    assert check(deployment, "up", "--json")[1] == 9
    assert check(deployment, "up") == (0, 0)

    prompt = deployment.folder / "agents/desk01.md"
    prompt.write_text(prompt.read_text().replace("Be brief.", "Be very brief."))
    assert check(deployment, "up")[1] == 1

    trunk = deployment.folder / "trunks/carrier.yaml"
    trunk.write_text(trunk.read_text().replace("sip.example.com", "sip2.example.com"))
    assert check(deployment, "up", "--json")[1] == 4

    for name in ("numbers/line01.yaml", "agents/desk01.yaml", "agents/desk01.md"):
        (deployment.folder / name).unlink()
    is_local = deployment.engine == "local"  # pulumi asks by itself
    assert (check_asked(deployment, "up", "--refresh") if is_local else check(deployment, "up"))[1] == 2

    if deployment.engine == "local":  # these go to pulumi as they are: their plan is not asked for
        check(deployment, "refresh", "--json")
        assert check(deployment, "destroy", "--json")[1] == 7


def test_a_preview_foresees_the_run_and_sends_nothing(deployment: Deployment) -> None:
    write_shop(deployment, pairs=1)
    if deployment.engine == "pulumi":
        pytest.skip("a preview on pulumi is the program's own")
    done = deployment.good("preview", "--json")
    assert counted(deployment) == (0, 0)
    foreseen = json.loads(done.stdout)["forecast"]
    deployment.good("up")
    assert counted(deployment) == (foreseen["reads"], foreseen["writes"])
    assert check_asked(deployment, "destroy", "--refresh")[1] == 7


def test_a_named_request_log_holds_every_request_and_no_secret(deployment: Deployment) -> None:
    write_shop(deployment, pairs=1)
    log = deployment.home / "requests.log"
    deployment.environ["FLIREO_REQUEST_LOG"] = str(log)
    deployment.good("up")
    lines = log.read_text().splitlines()
    assert len(lines) == sum(counted(deployment))
    assert all(re.fullmatch(r"\S+Z (GET|POST) /[\w/-]+ 20\d \d+\.\d{3}", line) for line in lines), lines
    assert "canary" not in log.read_text()
