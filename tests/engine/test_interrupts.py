"""Runs that are cut off: Ctrl-C once and twice, SIGTERM, kill -9, a lock that stays, a folder that is read-only."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.lab import CLI, REPOSITORY, Lab, thing, urn


def start(lab: Lab, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*CLI, *arguments],
        cwd=lab.project,
        env={**lab.environment, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def has_called(lab: Lab, method: str, name: str) -> bool:
    path = lab.cloud / "calls.log"
    text = path.read_text() if path.exists() else ""
    return f'"method": "{method}", "name": "{name}"' in text


def children_of(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.sweep)])
def test_the_first_signal_lets_running_steps_end(lab: Lab, number: signal.Signals) -> None:
    lab.want(thing("a"), thing("b", refs={"other": "a"}))
    lab.faults({"method": "create", "name": "a", "kind": "sleep", "seconds": 2})
    process = start(lab, "up", "-s", "dev", "--yes", "--skip-preview")
    wait_for(lambda: has_called(lab, "create", "a"))
    children = children_of(process.pid)
    assert len(children) == 2
    os.killpg(process.pid, number)  # as a terminal does
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 1, output
    assert "stopping: what runs may end and is saved" in output
    assert "The update was stopped." in output
    assert "Traceback" not in output
    lab.check()
    assert list(lab.ids()) == ["a"]
    assert "pending_operations" not in lab.latest()
    assert not any(map(is_alive, children))
    lab.calls()
    lab.up()
    assert lab.calls() == [("create", "b")]


def test_the_second_signal_stops_at_once(lab: Lab) -> None:
    lab.want(thing("a"), thing("b"))
    lab.faults(*({"method": "create", "name": name, "kind": "sleep", "seconds": 60} for name in "ab"))
    process = start(lab, "up", "-s", "dev", "--yes", "--skip-preview")
    wait_for(lambda: has_called(lab, "create", "a") and has_called(lab, "create", "b"))
    children = children_of(process.pid)
    process.send_signal(signal.SIGINT)
    wait_for(lambda: "stopping" in (process.stdout.readline() if process.stdout else ""))
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 8, output
    assert "Traceback" not in output
    assert "hannel" not in output, "what breaks because it was stopped is no news"
    assert output.count("error:") == 0, output
    (told,) = [text for text in output.split("warning: ") if text.startswith("stopped at once")]
    assert sorted(line.strip() for line in told.splitlines()[1:3]) == [f"creating {urn('a')}", f"creating {urn('b')}"]
    lab.check()  # the lock is gone too
    operations = lab.latest()["pending_operations"]
    pending = sorted((found["type"], found["resource"]["urn"]) for found in operations)
    assert pending == [("creating", urn("a")), ("creating", urn("b"))]
    assert not any(map(is_alive, children))


def test_a_killed_run_leaves_a_lock_and_what_it_was_doing_and_no_process(lab: Lab) -> None:
    lab.want(thing("a"), thing("b", refs={"other": "a"}))
    lab.faults({"method": "create", "name": "b", "kind": "sleep", "seconds": 3})
    process = start(lab, "up", "-s", "dev", "--yes", "--skip-preview")
    wait_for(lambda: has_called(lab, "create", "b"))
    children = children_of(process.pid)
    process.kill()
    process.communicate(timeout=60)
    operations = lab.latest()["pending_operations"]
    assert [(found["type"], found["resource"]["urn"]) for found in operations] == [("creating", urn("b"))]
    assert list(lab.ids()) == ["a"]

    locked = lab.backend_files("locks/**/*.json")
    assert len(locked) == 1
    assert lab.cli("preview", "-s", "dev").returncode == 0  # a preview takes no lock
    assert lab.cli("cancel", "-s", "dev").returncode == 2
    assert lab.backend_files("locks/**/*.json") == locked
    lab.faults()
    again = lab.cli("up", "-s", "dev", "--yes", "--skip-preview")
    assert again.returncode == 0, again.stderr
    assert "a run that is gone left its lock" in again.stdout
    assert f"process {process.pid}" in again.stdout
    assert "an earlier run was cut off" in again.stdout
    assert sorted(lab.ids()) == ["a", "b"]
    lab.check()
    assert "pending_operations" not in lab.latest(), "what was made is not pending any more"
    wait_for(lambda: has_called(lab, "created", "b"))
    # The provider may end the call it was in; then it leaves, as the program did.
    wait_for(lambda: not any(map(is_alive, children)), seconds=30)


def test_a_preview_beside_a_run_says_that_one_is_at_work(lab: Lab) -> None:
    lab.want(thing("a"))
    lab.faults({"method": "create", "name": "a", "kind": "sleep", "seconds": 12})
    process = start(lab, "up", "-s", "dev", "--yes", "--skip-preview")
    wait_for(lambda: has_called(lab, "create", "a"))
    beside = lab.cli("preview", "-s", "dev")
    process.communicate(timeout=60)
    assert beside.returncode == 0, beside.stderr
    assert "another run is at work" in beside.stdout
    assert f"process {process.pid}" in beside.stdout
    assert "cut off" not in beside.stdout
    assert process.returncode == 0


def test_whenever_it_is_killed_the_next_run_goes_on(lab: Lab) -> None:
    names = [f"t{number}" for number in range(12)]
    lab.want(thing("t0"), *(thing(name, refs={"other": "t0"}) for name in names[1:]))
    said = ""
    for _ in range(2):
        process = start(lab, "up", "-s", "dev", "--yes", "--skip-preview", "--parallel", "4")
        lab.calls()
        while not lab.calls("create") and process.poll() is None:
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.05))
        process.kill()
        said += process.communicate(timeout=60)[0]
        if lab.state_path.exists():
            json.loads(lab.state_path.read_text())  # never half a file
    result = lab.cli("up", "-s", "dev", "--yes", "--skip-preview")
    assert result.returncode == 0, result.stderr
    lab.check()
    assert sorted(lab.ids()) == sorted(names)
    # Each object that is not in the state is one whose create was under way when a run was killed, and was named.
    lost = {path.name for path in (lab.cloud / "objects").iterdir()} - set(lab.ids().values())
    assert {urn(name.rsplit("-", 1)[0]) for name in lost} <= set((said + result.stdout).split())
    assert "pending_operations" not in lab.latest()


def test_a_folder_that_cannot_be_written_is_one_line_and_no_object(lab: Lab) -> None:
    if os.geteuid() == 0:
        (lab.project / ".pulumi").write_text("a file where the folder should be")  # root may write everywhere
    else:
        lab.project.chmod(0o500)
    lab.want(thing("a"))
    (lab.project / "Pulumi.dev.yaml").write_text("config: {}\n")
    done = lab.cli("up", "-s", "dev", "--yes", "--skip-preview")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr or "cannot be read (Not a directory)" in done.stderr
    assert "Traceback" not in done.stderr
    assert lab.calls() == []


def test_a_state_that_cannot_be_written_any_more_stops_the_run(lab: Lab) -> None:
    lab.want(thing("a"))
    lab.up()
    lab.close()
    good = lab.state_path.read_text()
    lab.want(thing("a"), thing("b"))
    # No room for one more file: its place is taken by a folder.
    lab.faults({"method": "check", "name": "b", "kind": "sleep", "seconds": 2})
    lab.calls()
    process = start(lab, "up", "-s", "dev", "--yes", "--skip-preview")
    wait_for(lambda: has_called(lab, "check", "b"))
    blocked = lab.state_path.with_name(f".{lab.state_path.name}.{process.pid}.tmp")
    blocked.mkdir()
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 1, output
    assert "cannot be written" in output
    assert "Traceback" not in output
    assert lab.state_path.read_text() == good
    assert lab.calls() == []
    blocked.rmdir()
    lab.up()
    lab.settled()
