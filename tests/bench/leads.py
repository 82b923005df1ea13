"""What a campaign of 5,000 leads takes: deployed, cut off and gone on with, looked at, one line changed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from flireo_iac.emulator.server import running
from tests.acceptance.deployment import Deployment

LEADS = 5_000
_CAMPAIGN = """name: Renewals
agent_id: ${agents.desk.id}
status: scheduled
system_message_template: Say hello to {{name}}.
leads: {file: renewals.csv}
"""
_FORECAST = re.compile(r"([\d,]+) writes? and ([\d,]+) reads?, about ([^.;\n]*)")


def measure_leads() -> Iterator[str]:
    """Run it, and give a line for each run: requests and seconds, foreseen and happened."""
    with tempfile.TemporaryDirectory() as top, running() as server:
        folder = Path(top, "stack")
        folder.mkdir()
        deployment = Deployment(folder, Path(top, "home"), server.url, server.control_url)
        deployment.write("Pulumi.yaml", "name: calls\nruntime: python\n")
        deployment.write("__main__.py", "from flireo_iac import deploy\n\ndeploy()\n")
        deployment.write("agents/desk.yaml", "name: Desk\n")
        deployment.write("campaigns/renewals.yaml", _CAMPAIGN)
        _write_leads(deployment, "Lead")
        yield from _cut_off(deployment)
        for what, flags in (
            ("goes on", ("--skip-preview",)),
            ("nothing changed", ("--skip-preview",)),
            ("refresh, nothing changed", ("--skip-preview", "--refresh")),
        ):
            yield _run(deployment, what, *flags)
        yield _held(deployment)
        _write_leads(deployment, "Somebody else")
        yield _run(deployment, "one line changed", "--skip-preview")


def _write_leads(deployment: Deployment, first: str) -> None:
    lines = [f"+31612{number:06},{first if number == 0 else 'Lead'} {number}" for number in range(LEADS)]
    deployment.write("campaigns/renewals.csv", "\n".join(["phone_number,name", *lines, ""]))


def _cut_off(deployment: Deployment) -> Iterator[str]:
    """Begin, and kill the engine once the campaign is there and some of its leads are in the state."""
    began = time.monotonic()
    command = deployment.arguments("up", "--skip-preview")
    process = subprocess.Popen(
        command, cwd=deployment.folder, env=deployment.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not any(each["method"] == "PATCH" for each in deployment.requests()) and process.poll() is None:
        time.sleep(0.2)
    time.sleep(5)
    process.kill()
    process.wait()
    yield f"killed after {time.monotonic() - began:.1f} s: {_counted(deployment)}"


def _run(deployment: Deployment, what: str, *flags: str) -> str:
    began = time.monotonic()
    done = subprocess.run(
        [*(sys.executable, "-m", "flireo_iac.cli", "up", "--engine", "local", "--stack", "dev", "--yes"), *flags],
        cwd=deployment.folder,
        env=deployment.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.monotonic() - began
    found = _FORECAST.search(done.stderr)
    foreseen = f"foreseen {found[0]}" if found else "nothing foreseen"
    return f"{what}: {seconds:.1f} s, {_counted(deployment)}; {foreseen}"


def _held(deployment: Deployment) -> str:
    (campaign,) = deployment.account("/campaigns")["campaigns"]
    rows = deployment.account(f"/campaigns/{campaign['id']}/leads")["leads"]
    return f"the campaign holds {len(rows):,} leads of {len({row['phone_number'] for row in rows}):,} numbers"


def _counted(deployment: Deployment) -> str:
    return json.dumps(deployment.counts())
