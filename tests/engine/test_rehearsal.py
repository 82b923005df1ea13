"""An update of which the preview found nothing to change does not run the program again."""

from __future__ import annotations

import json

import pytest

from flireo_iac.engine.model.events import Event, Message, StepEnded
from tests.engine.lab import Lab, counts, thing


@pytest.fixture
def noted(lab: Lab) -> Lab:
    """Give a lab whose program says that it runs, with two things that are there."""
    lab.want(thing("a", text="one"), thing("b", refs={"other": "a"}), exports={"serial": "a", "fixed": "value"})
    program = lab.project / "__main__.py"
    program.write_text(program.read_text() + "\npulumi.log.info('the program runs')\n")
    lab.up()
    lab.calls()
    return lab


def _runs(lab: Lab) -> int:
    return (lab.project / "runs").read_text().count("x") if (lab.project / "runs").exists() else 0


def _count_runs(lab: Lab) -> None:
    program = lab.project / "__main__.py"
    program.write_text(program.read_text() + "\nopen('runs', 'a').write('x')\n")


def _told(events: list[Event]) -> list[tuple[str, str]]:
    kept = [event for event in events if isinstance(event, Message | StepEnded)]
    return sorted(
        ("said", each.text) if isinstance(each, Message) else (str(each.started.op), each.started.urn) for each in kept
    )


def test_a_plan_without_changes_is_the_run(noted: Lab) -> None:
    _count_runs(noted)
    ran = noted.up()
    told, state, runs = _told(noted.events), noted.latest()["resources"], _runs(noted)
    assert noted.run("preview").exit_code == 0
    again = noted.up(as_planned=True)
    assert _runs(noted) == runs + 1  # the preview's
    assert (counts(again), again.outputs, again.exit_code) == (counts(ran), ran.outputs, 0)
    assert _told(noted.events) == told
    assert ("said", "the program runs") in told
    assert noted.latest()["resources"] == state
    assert len(noted.backend_files("history/**/*.history.json")) == 3


@pytest.mark.parametrize("changes", ["output", "warning"])
def test_a_program_that_would_say_more_runs_again(noted: Lab, changes: str) -> None:
    """What is a warning in a preview may stop a run, and an output may hang on which of them it is."""
    if changes == "output":
        noted.want(thing("a", text="one"), thing("b", refs={"other": "a"}), exports={"fixed": "another"})
    else:
        program = noted.project / "__main__.py"
        program.write_text(program.read_text() + "\npulumi.log.warn('this is no release')\n")
    _count_runs(noted)
    noted.run("preview")
    assert noted.up(as_planned=True).outputs["fixed"] == ("another" if changes == "output" else "value")
    assert _runs(noted) == 2


def test_what_a_refresh_found_is_kept(noted: Lab) -> None:
    noted.edit("a", serial="moved")
    assert noted.run("preview", refresh=True).exit_code == 0
    noted.up(refresh=True, as_planned=True)
    assert noted.resources()["a"]["outputs"]["serial"] == "moved"


def test_a_plan_with_a_change_is_run(noted: Lab) -> None:
    noted.want(thing("a", text="two"), thing("b", refs={"other": "a"}))
    assert counts(noted.run("preview")) == {"update": 1, "same": 2}
    noted.up(as_planned=True)
    assert noted.calls() == [("update", "a")]
    assert noted.object("a")["text"] == "two"


def test_a_plan_does_not_hold_for_another_state(noted: Lab) -> None:
    """Another run wrote meanwhile: the program runs again."""
    noted.run("preview")
    with noted.engine() as other:
        noted.want(thing("a", text="two"), thing("b", refs={"other": "a"}))
        assert other.up().exit_code == 0
    noted.want(thing("a", text="one"), thing("b", refs={"other": "a"}))
    noted.calls()
    noted.up(as_planned=True)
    assert noted.calls() == [("update", "a")]


def test_a_plan_is_forgotten_after_a_question_and_not_used_unasked(noted: Lab) -> None:
    _count_runs(noted)
    noted.run("preview")
    noted.up()
    assert _runs(noted) == 2
    noted.run("preview")
    engine = noted._engine
    assert engine is not None
    engine.forget()
    noted.up(as_planned=True)
    assert _runs(noted) == 4


def test_the_command_runs_a_program_once_where_nothing_changes(noted: Lab) -> None:
    _count_runs(noted)
    done = noted.cli("up", "--engine", "local", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert _runs(noted) == 1
    assert json.loads(done.stdout)["changeSummary"] == {"same": 3}
