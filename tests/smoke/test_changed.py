"""`flireo test --changed`: the tests whose agent, or something it uses, differs; and `require: [smoke-tests]`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flireo_iac.errors import RailError
from flireo_iac.smoke.changed import touched
from flireo_iac.stacks.load import load
from flireo_iac.stacks.smoke_tests import read_tests
from tests.smoke.conftest import FILES, Flireo
from tests.stacks.repository import Repository

DESK, NIGHT = "stacks/agents/desk.yaml", "stacks/agents/night.yaml"
BOTH = ["booking", "closed"]


def chosen(flireo: Flireo, *words: str) -> list[str]:
    done = flireo("test", "--changed", "-s", "prod", "--json", *words)
    assert done.exit_code == 0, (done.output, done.exception)
    return [each["name"] for each in json.loads(done.stdout)["tests"]]


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("stacks/prompts/rules.md", "kind", "brief", BOTH),  # the night agent names the desk's id in its webhook
        ("stacks/tools/book.yaml", "Books a day", "Books one day", BOTH),
        ("stacks/numbers/main.yaml", "567", "568", ["booking"]),
        (NIGHT, "openai", "groq", ["closed"]),
        ("stacks/environments/prod.yaml", "Bicycles of", "Bikes of", BOTH),
        ("stacks/environments/dev.yaml", "Example", "Other", []),
        ("stacks/tests/closed.yaml", "Hello?", "Hi?", ["closed"]),
        ("stacks/tests/closed.yaml", "caller:", "# a remark\ncaller:", []),
    ],
)
def test_only_what_a_change_touches_is_tested(
    tmp_path: Path, path: str, old: str, new: str, expected: list[str]
) -> None:
    for folder, files in (("old", FILES), ("new", {**FILES, path: FILES[path].replace(old, new)})):
        for name, text in files.items():
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_text(text)
    before, after = (load(tmp_path / folder / "stacks", "prod") for folder in ("old", "new"))
    assert old in FILES[path]
    assert [test.name for test in touched(before, after, read_tests(after, []))] == expected


def test_without_a_base_it_is_found_and_names_choose_among_what_is_touched(shop: Repository, flireo: Flireo) -> None:
    shop.write(NIGHT, FILES[NIGHT] + "is_active: true\n")
    shop.commit()
    done = flireo("test", "--changed", "-s", "prod")
    assert done.stdout == "passed   closed  agents.night  3 s\n"
    assert "changed since" in done.stderr
    assert ": 1 of 2 tests." in done.stderr
    assert chosen(flireo, "booking") == []
    shop.commit()
    assert chosen(flireo) == []


def test_an_environment_that_keeps_its_release_is_not_touched(shop: Repository, flireo: Flireo) -> None:
    assert flireo("promote", "v1", "prod").exit_code == 0
    shop.commit()
    shop.write(DESK, FILES[DESK].replace("Good day", "Hello"))
    assert chosen(flireo, "--base", "HEAD") == []
    done = flireo("test", "-s", "prod")
    assert done.exit_code == 0, "the tests and the agents of the release are run, not those of the working tree"
    done = flireo("test", "booking", "-s", "dev")
    assert (done.exit_code, "tests/booking.yaml:13" in done.stdout) == (1, True)


def gate(shop: Repository) -> None:
    text = FILES["stacks/environments/prod.yaml"] + "require: [smoke-tests]\n"
    shop.write("stacks/environments/prod.yaml", text)


def test_a_release_whose_tests_fail_is_not_promoted(shop: Repository, flireo: Flireo) -> None:
    gate(shop)
    shop.write(DESK, FILES[DESK].replace("Good day", "Hello"))
    shop.commit(tag="v2")
    done = flireo("promote", "v2", "prod")
    assert type(done.exception) is RailError
    (text,) = done.exception.texts
    assert text == (
        "promote prod: require smoke-tests: booking did not pass. Run: flireo test booking -s prod --release v2 "
        "(environments/prod.yaml:2:11)."
    )
    again = flireo("test", "booking", "-s", "prod", "--release", "v2")
    assert (again.exit_code, "v2:stacks/tests/booking.yaml:13:34" in again.stdout) == (1, True)
    assert 'booking: v2:stacks/tests/booking.yaml:13:34  no turn of the agent contains "good day' in done.stderr
    assert not Path("Pulumi.prod.yaml").exists()
    assert flireo("promote", "v1", "prod").exit_code == 0, "the release whose tests pass"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            dict.fromkeys(("booking", "closed"), None),
            "there is no test of an answered call of what is deployed here, one",
        ),
        (
            {"booking": None, "closed": "agent: night\npicks_up: nobody\nexpect: {status: failed}\n"},
            "there is no test of an answered call of what is deployed here, one was",
        ),
        (
            {"closed": "agent: nigt\nexpect: {status: ended}\n"},
            "the tests cannot be run, they or the files have 1 problem.",
        ),
    ],
)
def test_a_gate_without_tests_that_can_be_run_does_not_hold(
    shop: Repository, flireo: Flireo, files: dict[str, str | None], said: str
) -> None:
    gate(shop)
    for name, text in files.items():
        if text is None:
            Path(f"tests/{name}.yaml").unlink()
        else:
            shop.write(f"stacks/tests/{name}.yaml", text)
    shop.commit(tag="v2")
    done = flireo("promote", "v2", "prod")
    assert type(done.exception) is RailError
    assert said in str(done.exception)
