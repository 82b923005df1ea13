"""What a Pulumi program with a stack tells its engine, over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flireo_iac.kinds import KINDS
from flireo_iac.stacks.releases import digest_of
from tests.stacks.monitor import Monitor, listening
from tests.stacks.writing import TOOL, Files

PROGRAM = "from flireo_iac.stacks import deploy\n\ndeploy()\n"
CANARY = "canary-secret-value"
SAMPLE = Path(__file__).resolve().parents[2] / "stacks"


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    with listening() as made:
        yield made


@pytest.fixture
def stack(files: Files) -> Files:
    """A small stack with a secret, a reference and a template."""
    files.write("__main__.py", PROGRAM)
    files.write("environments/dev.yaml", "vars: {city: Teststad}\n")
    files.write("environments/live.yaml", "vars: {city: Utrecht}\n")
    files.write("tools/book.yaml", TOOL)
    files.write("agents/a.md", "You live in ${var.city}, next to ${agents.b.id}.\n")
    files.agent("  prompt: a.md\n  tools: [{template: book}]\nwebhook_secret: ${secret.web-hook}\n")
    files.write("agents/b.yaml", "name: B ${var.city}\nwebhook_url: https://x.example.com/?k=${secret.web-hook}\n")
    files.write("numbers/n.yaml", "phone_number: '+31201234567'\nagent_id: ${agents.a.id}\n")
    files.write("numbers/free.yaml", "phone_number: '+31201234568'\nprotect: false\n")
    return files


def test_good_stack_is_registered_in_order_with_secrets_and_protection(stack: Files, monitor: Monitor) -> None:
    done = monitor.run(stack.folder, environ={"FLIREO_SECRET_WEB_HOOK": CANARY})
    assert (done.returncode, done.stdout, done.stderr, monitor.errors, monitor.warnings) == (0, "", "", [], [])
    by_name = {(each.type.rpartition(":")[2], each.name): each for each in monitor.registered}
    agent, number = by_name["Agent", "a"], by_name["PhoneNumber", "n"]
    assert agent.inputs["llm_config"]["messages"][0]["content"] == "You live in Teststad, next to id-of-b.\n"
    assert agent.inputs["llm_config"]["tools"][0]["name"] == "book"
    assert agent.inputs["webhook_secret"] == CANARY
    assert agent.secret_paths == ["webhook_secret"]
    assert by_name["Agent", "b"].inputs["webhook_url"] == f"https://x.example.com/?k={CANARY}"
    assert by_name["Agent", "b"].secret_paths == ["webhook_url"]
    assert number.inputs["agent_id"] == "id-of-a"
    assert {each.name: each.is_protected for each in monitor.registered} == {
        "a": False, "b": False, "book": False, "n": True, "free": False
    }  # fmt: skip
    order = [each.name for each in monitor.registered]
    assert order.index("b") < order.index("a") < order.index("n")
    assert monitor.outputs["numbers.n"] == "id-of-n"
    assert set(monitor.outputs) == {"agents.a", "agents.b", "tools.book", "numbers.n", "numbers.free", "release"}
    assert monitor.outputs["release"] == f"sha256:{digest_of(stack.folder)}"


def test_secret_configuration_wins_over_the_environment(stack: Files, monitor: Monitor) -> None:
    config = {"shop:web-hook": "from-config"}
    done = monitor.run(
        stack.folder, config=config, secrets=("shop:web-hook",), environ={"FLIREO_SECRET_WEB_HOOK": "from-environment"}
    )
    assert done.returncode == 0
    assert {each.inputs.get("webhook_secret") for each in monitor.registered} == {None, "from-config"}
    assert {path for each in monitor.registered for path in each.secret_paths} == {"webhook_secret", "webhook_url"}


def test_missing_secret_names_both_ways_and_registers_nothing(stack: Files, monitor: Monitor) -> None:
    done = monitor.run(stack.folder)
    assert done.returncode == 32
    assert (done.stdout, done.stderr, monitor.registered) == ("", "", [])
    assert len(monitor.errors) == 1
    assert monitor.errors[0].startswith("agents/a.yaml:7:17  FL128 ")
    assert "flireo config set --secret web-hook" in monitor.errors[0]
    assert "FLIREO_SECRET_WEB_HOOK" in monitor.errors[0]


def test_secret_that_is_configured_in_clear_is_refused(stack: Files, monitor: Monitor) -> None:
    done = monitor.run(stack.folder, config={"shop:web-hook": CANARY})
    assert done.returncode == 32
    assert [each.split("  ")[1][:5] for each in monitor.errors] == ["FL129"]
    assert CANARY not in str(monitor.errors)


def test_every_problem_is_logged_and_nothing_is_registered(stack: Files, monitor: Monitor) -> None:
    stack.write("agents/c.yaml", "nme: x\n")
    stack.write("agents/b.yaml", "name: [x\n")
    stack.write("tools/other.yaml", TOOL.replace("function", "fnction"))
    done = monitor.run(stack.folder, environ={"FLIREO_SECRET_WEB_HOOK": CANARY})
    assert done.returncode == 32
    assert (done.stdout, done.stderr, monitor.registered, monitor.outputs) == ("", "", [], {})
    places = [each.split("  ")[0] for each in monitor.errors]
    assert places == ["agents/b.yaml:2:1", "agents/c.yaml:1:1", "agents/c.yaml:1:1", "tools/other.yaml:2:12"]


def test_folder_without_a_stack_is_one_error(files: Files, monitor: Monitor) -> None:
    files.write("__main__.py", PROGRAM.replace("deploy()", "deploy('nowhere')"))
    done = monitor.run(files.folder)
    assert done.returncode == 32
    assert len(monitor.errors) == 1
    assert 'read stack "nowhere"' in monitor.errors[0]


@pytest.mark.parametrize(("name", "config"), [("live", {}), ("dev", {"flireo:environment": "live"})])
def test_environment_is_the_stacks_name_unless_configured(
    stack: Files, monitor: Monitor, name: str, config: dict[str, str]
) -> None:
    done = monitor.run(stack.folder, stack=name, config=config, environ={"FLIREO_SECRET_WEB_HOOK": "x"})
    assert done.returncode == 0
    assert "B Utrecht" in {each.inputs.get("name") for each in monitor.registered}


def test_stack_without_the_environment_says_which_there_are(stack: Files, monitor: Monitor) -> None:
    done = monitor.run(stack.folder, stack="prod", environ={"FLIREO_SECRET_WEB_HOOK": "x"})
    assert done.returncode == 32
    assert "there are: dev, live" in monitor.errors[0]


def test_warning_is_shown_and_stops_nothing(stack: Files, monitor: Monitor) -> None:
    stack.write("agents/b.yaml", "name: B\nwebhook_secret: in-clear\n")
    done = monitor.run(stack.folder, environ={"FLIREO_SECRET_WEB_HOOK": "x"})
    assert done.returncode == 0
    assert [each.split("  ")[1][:5] for each in monitor.warnings] == ["FL130"]
    assert "in-clear" not in str(monitor.warnings)


def test_program_goes_on_with_the_resources(stack: Files, monitor: Monitor) -> None:
    stack.write(
        "__main__.py",
        "import pulumi\n"
        "from flireo_iac.stacks import deploy\n"
        "stack = deploy()\n"
        "assert stack['agents.a'] is stack.agents['a']\n"
        "assert sorted(stack.numbers) == ['free', 'n'] and not stack.trunks and len(stack) == 5\n"
        "assert not hasattr(stack, 'nothing')\n"
        "pulumi.export('it', stack.agents['a'].id)\n",
    )
    done = monitor.run(stack.folder, environ={"FLIREO_SECRET_WEB_HOOK": "x"})
    assert (done.returncode, done.stderr, monitor.errors) == (0, "", [])
    assert monitor.outputs["it"] == "id-of-a"


def test_interrupted_program_leaves_at_once_and_without_a_traceback(stack: Files, monitor: Monitor) -> None:
    stack.write(
        "__main__.py", PROGRAM + "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(30)\n"
    )
    done = monitor.run(stack.folder, environ={"FLIREO_SECRET_WEB_HOOK": "x"})
    assert (done.returncode, done.stdout, done.stderr) == (32, "", "")


def test_sample_stack_is_registered_with_all_kinds_and_its_secrets_hidden(monitor: Monitor) -> None:
    names = ("WEBHOOK", "TRUNK_PASSWORD", "ELEVENLABS_KEY", "RESEND_KEY")
    done = monitor.run(SAMPLE, environ={f"FLIREO_SECRET_{name}": f"{CANARY}-{name}" for name in names})
    assert (done.returncode, done.stderr, monitor.errors, monitor.warnings) == (0, "", [], [])
    assert {each.type.rpartition(":")[2] for each in monitor.registered} == {kind.token for kind in KINDS.values()}
    holders = {(each.name, path) for each in monitor.registered for path in each.secret_paths}
    assert {("carrier", "password"), ("resend", "api_key"), ("night", "webhook_secret")} <= holders
    for each in monitor.registered:
        hidden = {path for name, path in holders if name == each.name}
        for path, value in each.inputs.items():
            assert CANARY not in str(value) or path in hidden


@pytest.mark.parametrize("refusals", [2, 100])
def test_an_engine_that_cannot_read_its_state_at_once_stops_nothing(
    stack: Files, monitor: Monitor, refusals: int
) -> None:
    monitor.refusals = refusals
    done = monitor.run(stack.folder, environ={"FLIREO_SECRET_WEB_HOOK": CANARY})
    assert (done.returncode, done.stderr, monitor.errors) == (0, "", [])
    assert len(monitor.registered) == 5
    assert monitor.refusals == max(refusals - 5, 0)
