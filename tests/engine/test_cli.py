"""The commands, each in a process of its own."""

from __future__ import annotations

import json
import os
import pty
import select
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flireo_iac.cli import output
from flireo_iac.engine.model.values import unwrap
from tests.engine.lab import CLI, REPOSITORY, Lab, thing, urn


def test_the_verbs_from_the_first_run_to_the_last(lab: Lab) -> None:
    lab.want(thing("a", text="one\ntwo\n", secrets={"token": "canary-token"}), exports={"serial": "a"})
    refused = lab.cli("up", "-s", "dev")
    assert refused.returncode == 2
    assert "error: up: needs a yes" in refused.stderr
    assert not lab.backend_files("**/*")

    made = lab.cli("up", "-s", "dev", "--yes", "--diff")
    assert made.returncode == 0, made.stderr
    assert made.stderr == "engine: local\n"
    assert "Previewing update (dev):" in made.stdout
    assert "  +  cloud:Thing a  created" in made.stdout
    assert "Resources: + 2 to create" in made.stdout
    assert "Resources: + 2 created" in made.stdout
    assert "      + token: [secret]" in made.stdout
    assert f'serial: "{lab.ids()["a"]}"' in made.stdout
    assert "canary" not in made.stdout
    assert "\x1b" not in made.stdout
    lab.check()

    lab.want(thing("a", text="one\nTWO\n", secrets={"token": "canary-token"}), exports={"serial": "a"})
    seen = lab.cli("preview", "--expect-no-changes", "--diff")  # the only stack there is
    assert seen.returncode == 7
    assert "  ~  cloud:Thing a  update [text]" in seen.stdout
    assert "      -     two\n      +     TWO\n" in seen.stdout
    assert lab.calls("update") == []

    applied = lab.cli("up", "-y", "--skip-preview", "--json")
    assert applied.returncode == 0
    document = json.loads(applied.stdout)
    assert document["changeSummary"] == {"same": 1, "update": 1}
    step = next(step for step in document["steps"] if step["urn"] == urn("a"))
    assert step["op"] == "update"
    assert step["detailedDiff"] == {"text": {"inputDiff": True, "kind": "update"}}
    assert step["diffReasons"] == ["text"]
    assert (step["oldState"]["inputs"]["text"], step["newState"]["inputs"]["text"]) == ("one\ntwo\n", "one\nTWO\n")
    assert step["newState"]["inputs"]["token"] == "[secret]"
    assert "canary" not in applied.stdout

    lab.edit("a", text="edited")
    assert lab.cli("preview", "--refresh", "--expect-no-changes").returncode == 7
    refreshed = lab.cli("refresh", "--yes")
    assert refreshed.returncode == 0
    assert "  ~  cloud:Thing a  was changed outside [text]" in refreshed.stdout
    assert lab.cli("destroy", "--yes").returncode == 0
    assert list((lab.cloud / "objects").iterdir()) == []


def test_what_is_wrong_is_one_line_and_an_exit_code(lab: Lab) -> None:
    lab.want(thing("a"))
    lab.environment.pop("PULUMI_CONFIG_PASSPHRASE")
    wrong = [
        (["preview"], 2, 'which stack of the project "lab" is meant?'),
        (["preview", "-s", "dev", "--engine", "pulumi"], 2, "the pulumi program is not on PATH"),
        (["up", "-s", "dev", "--yes", "--skip-preview"], 2, "needs a passphrase"),
        (["destroy", "-s", "nope", "--yes"], 6, 'stack "nope": there is no such stack'),
        (["cancel", "-s", "nope"], 6, 'stack "nope": there is no such stack'),
    ]
    for arguments, code, text in wrong:
        done = lab.cli(*arguments)
        assert (done.returncode, text in done.stderr) == (code, True), done.stderr
        assert "Traceback" not in done.stderr
    assert lab.cli("preview", "-s", "dev").returncode == 0  # no secrets yet, no passphrase needed
    assert lab.calls() == []


def test_a_value_is_set_in_clear_and_as_a_secret(lab: Lab) -> None:
    assert lab.cli("config", "set", "plain", "010", "-s", "dev").returncode == 0
    assert lab.cli("config", "set", "token", "--secret", "-s", "dev", text_in="canary-config\n").returncode == 0
    assert "canary" not in (lab.project / "Pulumi.dev.yaml").read_text()
    lab.want(thing("a"), config=["plain", "token"], prints=["the program says canary-config"])
    result = lab.up()
    assert result.outputs["config-plain"] == "010"
    assert unwrap(result.outputs["config-token"]) == "canary-config"
    assert "the program says [secret]" in lab.messages()


def test_a_wrong_passphrase_and_a_damaged_state_change_nothing(lab: Lab) -> None:
    lab.want(thing("a", secrets={"token": "x"}))
    lab.up()
    lab.calls()
    good = lab.state_path.read_text()
    lab.environment["PULUMI_CONFIG_PASSPHRASE"] = "another"
    done = lab.cli("up", "--yes")
    assert done.returncode == 1
    assert "the passphrase does not open the secrets" in done.stderr
    lab.environment["PULUMI_CONFIG_PASSPHRASE"] = ""
    lab.state_path.write_text(good[: len(good) // 2])
    done = lab.cli("up", "--yes")
    assert done.returncode == 1
    assert "is damaged" in done.stderr
    assert ".json.bak" in done.stderr
    assert "Traceback" not in done.stderr
    assert lab.calls() == []
    assert lab.state_path.read_text() == good[: len(good) // 2]


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, lab: Lab, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        environment = {**lab.environment, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm", "COLUMNS": "80"}
        environment.pop("NO_COLOR")
        self.process = subprocess.Popen(
            [*CLI, *arguments], cwd=lab.project, env=environment, stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        self.text = ""

    def read_until(self, wanted: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while wanted not in self.text and time.monotonic() < end:
            if not self._read():
                break
        assert wanted in self.text, self.text

    def _read(self) -> bool:
        if select.select([self.master], [], [], 0.2)[0]:
            try:
                self.text += os.read(self.master, 65536).decode()
            except OSError:
                return False
        return True

    def end(self) -> int:
        while self.process.poll() is None:
            self._read()
        self._read()
        os.close(self.master)
        return self.process.returncode

    def write(self, text: str) -> None:
        os.write(self.master, text.encode())


@pytest.mark.parametrize(("answer", "code", "calls"), [("y\n", 0, [("create", "a")]), ("\n", 8, [])])
def test_a_person_is_asked_once(lab: Lab, answer: str, code: int, calls: list[tuple[str, str]]) -> None:
    lab.want(thing("a"))
    lab.faults({"method": "create", "name": "a", "kind": "sleep", "seconds": 1})
    terminal = Terminal(lab, "up", "-s", "dev")
    terminal.read_until("[y/N]")
    assert "to create" in terminal.text
    assert lab.calls() == []
    terminal.write(answer)
    if code == 0:
        terminal.read_until("creating 0s")  # the live part shows what runs
    assert terminal.end() == code, terminal.text
    assert terminal.text.count("[y/N]") == 1
    assert lab.calls() == calls
    assert "\x1b[" in terminal.text


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.sweep)])
def test_a_signal_at_the_question_cancels_as_ctrl_c_does(lab: Lab, number: signal.Signals) -> None:
    lab.want(thing("a"))
    terminal = Terminal(lab, "up", "-s", "dev")
    terminal.read_until("[y/N]")
    terminal.process.send_signal(number)
    assert terminal.end() == 8, terminal.text
    assert "cancelled." in terminal.text
    assert lab.calls() == []


@pytest.mark.parametrize("module", ["typer", "flireo_iac.cli.webhooks"])
def test_ctrl_c_while_the_command_is_loaded_is_one_line(lab: Lab, module: str) -> None:
    interrupting = f"""if True:
        import signal, sys
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background leaves it ignored
        class Finder:
            def find_spec(name, path, target=None):
                if name == {module!r}:
                    signal.raise_signal(signal.SIGINT)
        sys.meta_path.insert(0, Finder)
        from flireo_iac.cli.__main__ import start
        start()
    """
    environment = {**lab.environment, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", interrupting, "--version"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (8, "", "error: cancelled.\n")


def test_the_other_engine_gets_the_same_command(lab: Lab, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    plan = '{"steps": [], "changeSummary": {}}'
    (programs / "pulumi").write_text(
        f"#!/bin/sh\nif [ $1 = preview ]; then echo '{plan}'; echo \"$@\" > planned; else printf '%s|' \"$@\"; fi\n"
    )
    (programs / "pulumi").chmod(0o755)
    lab.environment["PATH"] = f"{programs}:{lab.environment['PATH']}"
    options = ["-s", "dev", "-C", ".", "--yes", "--refresh", "--target", "urn:x", "--parallel", "4", "-m", "words"]
    done = lab.cli("up", *options, "--continue-on-error", "--diff")
    assert done.stderr == "engine: pulumi\nplanning ...\n"
    passed = "--stack dev --target urn:x --parallel 4 --message words"
    flags = ["--continue-on-error", "--refresh", "--diff", "--yes", "--skip-preview"]  # the plan has been shown
    assert done.stdout == "no changes; 0 resources before the run.\n" + "|".join(["up", *passed.split(), *flags, ""])
    planned = (lab.project / "planned").read_text()
    assert planned == f"preview {passed} --refresh --json --show-sames --non-interactive\n"
    lab.want(thing("a"))
    done = lab.cli("preview", "-s", "dev", "--engine", "local")
    assert done.stderr == "engine: local\n"
    assert done.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_below_both_streams_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full")
    with full.open("w") as out, full.open("w") as error:
        error.reconfigure(line_buffering=True)
        monkeypatch.setattr("sys.stderr", error)
        stream = output.SteadyStream(out)
        for text in ("a step is done\n", "another one\n"):
            stream.write(text)
            stream.flush()
        assert stream.lost is not None
        with pytest.raises(OSError, match="No space"):
            error.flush()
        output.SteadyStream(error, is_told=False).flush()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_streams_that_take_nothing_stop_no_command() -> None:
    script = """
import os, subprocess, sys, tempfile
from flireo_iac.cli import output
output.steady_streams()
with tempfile.TemporaryFile() as made:
    subprocess.run(["echo", "a child"], check=False)
    output.note("a note")
    output.data("a document", must_arrive=False)
    assert os.fstat(made.fileno()).st_size == 0 and made.fileno() > 2
"""
    quoted = shlex.join([sys.executable, "-c", script])
    data = shlex.join([sys.executable, "-c", "from flireo_iac.cli import output as o; o.steady_streams(); o.data('x')"])
    for redirected in ("<&- >&- 2>&-", ">/dev/full 2>&1", "2>/dev/full", "2>&1 | true"):
        done = subprocess.run(
            ["bash", "-c", f"{quoted} {redirected}; exit ${{PIPESTATUS[0]}}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), redirected
    done = subprocess.run(["bash", "-c", f"{data} >/dev/full"], capture_output=True, text=True, check=False)
    assert done.returncode == 1, "data that must arrive"
    assert "not everything could be written (No space left on device)" in done.stderr


def test_whoever_asks_for_a_document_gets_one_of_a_run_that_an_error_ended(lab: Lab) -> None:
    def failed(*arguments: str) -> str:
        done = lab.cli(*arguments, "-s", "dev", "--json")
        assert done.returncode == 1, done.stderr
        document = json.loads(done.stdout)
        assert (document["result"], document["steps"]) == ("failed", [])
        (diagnostic,) = document["diagnostics"]
        assert diagnostic["severity"] == "error"
        assert f"error: {diagnostic['message']}\n" in done.stderr
        return str(diagnostic["message"])

    lab.want()
    backend = lab.engine().backend
    backend.state_path.parent.mkdir(parents=True)
    backend.state_path.write_text("{")
    assert "dev.json" in failed("up", "--yes")
    backend.state_path.unlink()
    (lab.project / "Pulumi.dev.yaml").write_text("{}\n")
    backend.lock()
    try:
        assert "is locked" in failed("up", "--yes", "--skip-preview")
    finally:
        backend.unlock()
