"""Wrong input: one clear line each, with the place or the status; no traceback; nothing lost."""

from __future__ import annotations

import socket
import subprocess
import sys

import httpx
import pytest

from tests.acceptance.deployment import Deployment, Run
from tests.acceptance.shop import write_shop


def clear(done: Run, *texts: str, code: int) -> None:
    """Check that a failure is told clearly."""
    assert done.code == code, done.text
    assert "Traceback" not in done.text
    assert "KeyboardInterrupt" not in done.text
    for text in texts:
        assert text in done.text, done.text


MISTAKES = [
    ("agents/desk00.yaml", "name: Desk 0", "name: Desk 0\nfirst_mesage: Hi", 'did you mean "first_message"'),
    ("agents/desk01.yaml", "name: Desk 1", "name: Desk 1\nis_active: often", "is_active"),
    ("numbers/line02.yaml", "agents.desk02.id", "agents.desk2.id", 'did you mean "desk02"'),
    ("agents/desk03.yaml", "desk03.md", "nowhere.md", "nowhere.md"),
    ("agents/desk04.yaml", "name: Desk 4", "name: [Desk 4", "YAML"),
    ("agents/desk05.yaml", "name: Desk 5", "name: Desk 5\nname: Desk 6", "twice"),
]
"""A file, a text in it, what stands there by mistake, and what has to be said of it."""


def test_mistakes_in_files_are_all_told_before_anything_is_registered(deployment: Deployment) -> None:
    write_shop(deployment, pairs=len(MISTAKES))
    for path, old, new, _ in MISTAKES:
        file = deployment.folder / path
        content = file.read_text()
        assert old in content
        file.write_text(content.replace(old, new))
    for verb in ("preview", "up"):
        done = deployment.run(verb)
        clear(done, *(path for path, *_ in MISTAKES), code=1)
        for path, _, _, text in MISTAKES:
            assert [line for line in done.text.splitlines() if path in line and text in line], (path, text, done.text)
    assert deployment.counts() == {}


def test_a_dead_server(deployment: Deployment) -> None:
    write_shop(deployment, pairs=1)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/api/v1"
    deployment.environ["FLIREO_BASE_URL"] = address
    done = deployment.run("up")
    clear(done, "no connection", "FLIREO_BASE_URL", code=1)


def test_a_wrong_key(deployment: Deployment) -> None:
    write_shop(deployment, pairs=1)
    deployment.environ["FLIREO_API_KEY"] = "not-a-key-canary"
    done = deployment.run("up")
    clear(done, "401", "FLIREO_API_KEY", code=3 if deployment.engine == "local" else 1)
    assert "canary" not in done.text


def test_a_missing_key_stops_a_run_before_it_begins(deployment: Deployment) -> None:
    if deployment.engine != "local":
        pytest.skip("the program begins, and each step says it")
    write_shop(deployment, pairs=1)
    deployment.environ["FLIREO_API_KEY"] = ""
    done = deployment.run("up", is_previewed=True)
    clear(done, "there is no API key", "Set FLIREO_API_KEY", code=2)
    assert done.text.count("there is no API key") == 1
    assert not list((deployment.home / "state").glob(".pulumi/stacks/*/*.json"))


def test_a_wrong_passphrase(deployment: Deployment) -> None:
    write_shop(deployment, pairs=1)
    deployment.good("up")
    deployment.counts()
    deployment.environ["PULUMI_CONFIG_PASSPHRASE"] = "wrong"
    clear(deployment.run("up"), "passphrase", code=1)
    deployment.environ.pop("PULUMI_CONFIG_PASSPHRASE")
    deployment.good("up", "--expect-no-changes")


@pytest.mark.sweep
def test_a_corrupt_state(deployment: Deployment) -> None:
    write_shop(deployment, pairs=1)
    deployment.good("up")
    (state,) = (deployment.home / "state").glob(".pulumi/stacks/shop/dev.json")
    whole = state.read_bytes()
    state.write_bytes(whole[: len(whole) // 2])
    done = deployment.run("up")
    clear(done, "dev.json" if deployment.engine == "local" else "failed to load checkpoint", code=done.code)
    assert done.code != 0
    assert state.read_bytes() == whole[: len(whole) // 2]
    state.write_bytes(whole)
    deployment.good("up", "--expect-no-changes")


@pytest.mark.sweep
def test_a_locked_stack(deployment: Deployment) -> None:
    write_shop(deployment, pairs=1)
    deployment.good("up")
    locks = deployment.home / "state" / ".pulumi" / "locks" / "organization" / "shop" / "dev"
    locks.mkdir(parents=True, exist_ok=True)
    lock = locks / "11111111-1111-4111-8111-111111111111.json"
    lock.write_text('{"pid":1,"username":"somebody","hostname":"elsewhere","timestamp":"2026-01-01T00:00:00Z"}')
    done = deployment.run("up")
    clear(done, "lock", code=done.code)
    assert done.code != 0
    lock.unlink()
    deployment.good("up", "--expect-no-changes")


def test_a_read_only_state_folder(deployment: Deployment) -> None:
    """As root nothing is read-only, so the folder is a file here: just as impossible to write to."""
    write_shop(deployment, pairs=1)
    (deployment.home / "state").mkdir(parents=True)
    (deployment.home / "state" / ".pulumi").write_text("not a folder")
    done = deployment.run("up")
    clear(done, code=done.code)
    assert done.code != 0
    assert deployment.counts() == {}


def test_a_number_that_the_account_holds_already(deployment: Deployment) -> None:
    write_shop(deployment, pairs=1)
    httpx.post(
        f"{deployment.api_url}/numbers",
        json={"phone_number": "+3197010200000"},
        headers={"Authorization": f"Bearer {deployment.environment['FLIREO_API_KEY']}"},
    ).raise_for_status()
    (held,) = deployment.account("/numbers")["numbers"]
    done = deployment.run("up")
    clear(done, 'create phone number "line00"', "409", held["id"], code=1)
    assert len(deployment.account("/agents")["agents"]) == 1, "what was made is kept"
    deployment.counts()
    httpx.delete(f"{deployment.control_url}/objects/numbers/{held['id']}").raise_for_status()
    deployment.good("up")
    assert deployment.counts()["POST"] == 1, "only the number was left to make"


def test_a_reader_that_leaves_early_stops_nothing(deployment: Deployment) -> None:
    if deployment.engine != "local":
        pytest.skip("about the output of the local engine")
    write_shop(deployment, pairs=2)
    command = f"{sys.executable} -m flireo_iac.cli up --engine local --stack dev --yes"
    done = deployment.command("bash", "-c", f"set -o pipefail; {command} | head -1")
    assert done.code == 0, done.text
    assert "Traceback" not in done.text
    assert len(deployment.account("/agents")["agents"]) == 2
    done = deployment.command("bash", "-c", f"{command} >/dev/full")
    assert "Traceback" not in done.text
    assert "No space left on device" in done.stderr
    deployment.good("up", "--expect-no-changes")


def test_a_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "flireo_iac.cli", "emulator", "--port", str(taken.getsockname()[1])],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    clear(Run(done.returncode, done.stdout, done.stderr), "Address already in use", code=1)
    assert len(done.stderr.strip().splitlines()) == 1
