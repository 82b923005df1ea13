"""Runs that go wrong: what the user is told, what is kept, and how the next run goes on."""

from __future__ import annotations

import json
import venv

import pytest

from flireo_iac.errors import EngineError
from tests.engine.lab import Lab, counts, thing, urn


def test_a_failed_create_keeps_what_was_made_and_the_next_run_goes_on(lab: Lab) -> None:
    lab.want(thing("a"), thing("b", refs={"other": "a"}), thing("c", refs={"other": "b"}), exports={"x": "c"})
    lab.faults({"method": "create", "name": "b", "kind": "error", "text": "no room left"})
    result = lab.run("up")
    assert (result.exit_code, counts(result)) == (1, {"create": 2})
    errors = [text for text in lab.messages() if "no room left" in text]
    assert len(errors) == 1
    assert "Traceback" not in "\n".join(lab.messages())
    assert "cloud_provider.py" in errors[0]  # where the provider raised it
    assert list(lab.ids()) == ["a"]
    assert "pending_operations" not in lab.latest()
    lab.calls()
    lab.up()
    assert lab.calls() == [("create", "b"), ("create", "c")]
    lab.settled()


def test_what_waits_for_its_turn_does_not_begin_after_a_failure(lab: Lab) -> None:
    lab.want(thing("a"), thing("b"), thing("c"))
    lab.faults({"method": "create", "kind": "error", "seconds": 0.5})
    assert lab.run("up", parallel=1).exit_code == 1
    assert len(lab.calls()) == 1


def test_going_on_after_errors_leaves_out_what_needs_the_failed_one(lab: Lab) -> None:
    lab.want(thing("a"), thing("b", refs={"other": "a"}), thing("c"))
    lab.faults({"method": "create", "name": "a", "kind": "error"})
    result = lab.run("up", continue_on_error=True)
    assert result.exit_code == 1
    assert sorted(lab.calls()) == [("create", "a"), ("create", "c")]
    lab.want(thing("c"), thing("d"))
    lab.up()
    lab.faults({"method": "delete", "name": "c", "kind": "error"})
    lab.calls()
    assert lab.run("destroy", continue_on_error=True).exit_code == 1
    assert sorted(lab.calls()) == [("delete", "c"), ("delete", "d")]


def test_an_unfinished_create_is_kept_and_updated_next_time(lab: Lab) -> None:
    lab.want(thing("a", text="x", secrets={"token": "canary"}), thing("b", refs={"other": "a"}))
    lab.faults({"method": "create-after", "name": "a", "kind": "partial", "text": "canary is not accepted yet"})
    result = lab.run("up")
    assert (result.exit_code, counts(result)) == (1, {"create": 1})
    assert "[secret] is not accepted yet" in lab.messages()
    assert lab.resources()["a"]["initErrors"] == ["[secret] is not accepted yet"]
    assert "canary" not in lab.state_path.read_text()
    assert lab.resources()["a"]["inputs"]["text"] == "x"
    assert lab.resources()["a"]["id"] == lab.object("a")["serial"]
    lab.calls()

    lab.faults({"method": "update", "name": "a", "kind": "partial", "text": "still not"})
    assert lab.run("up").exit_code == 1
    assert lab.resources()["a"]["initErrors"] == ["still not"]
    assert lab.calls() == [("update", "a")]

    lab.faults({"method": "read", "name": "a", "kind": "partial", "text": "canary is still not accepted"})
    lab.run("refresh")
    assert lab.resources()["a"]["initErrors"] == ["[secret] is still not accepted"]
    assert "is there, but not healthy: [secret] is still not accepted" in lab.messages()

    lab.up()
    assert lab.calls() == [("update", "a"), ("create", "b")]
    assert "initErrors" not in lab.resources()["a"]
    lab.settled()


def test_the_clean_text_of_a_status_is_what_is_shown(lab: Lab) -> None:
    lab.want(thing("a"))
    lab.faults({"method": "create", "name": "a", "kind": "status", "text": "create thing: name is taken (409)."})
    assert lab.run("up").exit_code == 1
    assert "create thing: name is taken (409)." in lab.messages()


def test_failed_checks_stop_everything_before_it_begins(lab: Lab) -> None:
    lab.want(thing("a", bad=True, text="canary-in-a-value"))
    for verb in ("preview", "up"):
        assert lab.run(verb).exit_code == 1
        shown = "\n".join(lab.messages())
        assert 'pulumi-python:dynamic/cloud:Thing "a": bad: must not be set' in shown
        assert "canary" not in shown
    assert lab.calls() == []


def test_a_key_that_is_not_accepted_has_its_own_exit_code(lab: Lab) -> None:
    lab.want(thing("a"))
    lab.faults({"method": "create", "name": "a", "kind": "unauthenticated", "text": "the key is not accepted"})
    assert lab.run("up").exit_code == 3
    assert "the key is not accepted" in lab.messages()
    lab.up()
    lab.faults({"method": "read", "name": "a", "kind": "unauthenticated", "text": "the key is not accepted"})
    assert lab.run("refresh").exit_code == 3


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        ({"fails": "broken on purpose"}, "ValueError: broken on purpose"),
        ({"exits": 32, "logs": [["error", "stacks/a.yaml:3:1  FL1 wrong"]]}, "stacks/a.yaml:3:1  FL1 wrong"),
        ({"exits": 5}, "the program ended with status 5"),
    ],
)
def test_a_program_that_fails_deletes_nothing(lab: Lab, program: dict[str, object], shown: str) -> None:
    lab.want(thing("a"), thing("b"), exports={"x": "a", "y": "b"})
    lab.up()
    lab.calls()
    lab.want(thing("a"), exports={"x": "changed"}, **program)
    result = lab.run("up")
    assert result.exit_code == 1
    assert lab.calls() == []
    assert any(shown in text for text in lab.messages())
    assert sorted(lab.ids()) == ["a", "b"]
    root = lab.latest()["resources"][0]
    assert root["outputs"] == {"x": "changed", "y": lab.ids()["b"]}  # what is missing now stays as it was


def test_an_error_message_alone_does_not_fail_the_run(lab: Lab) -> None:
    lab.want(thing("a"), logs=[["error", "only words"]])
    assert lab.run("up").exit_code == 0
    assert "only words" in lab.messages()


def test_a_provider_that_dies_is_named_and_its_create_stays_pending(lab: Lab) -> None:
    lab.want(thing("a"))
    lab.faults({"method": "create", "name": "a", "kind": "die"})
    assert lab.run("up").exit_code == 1
    assert any("the provider process ended (status 9)" in text for text in lab.messages())
    assert pending(lab) == [("creating", urn("a"))]
    lab.close()
    lab.up()
    assert pending(lab) == []
    lab.settled()


def test_a_create_of_unknown_outcome_stays_pending_until_the_resource_is_made(lab: Lab) -> None:
    lab.want(thing("a", secrets={"token": "canary"}), thing("b"))
    lab.faults({"method": "create-after", "name": "a", "kind": "outcome-unknown", "times": 2})
    for _ in range(2):  # the second time, the first one's is pending too
        assert lab.run("up", continue_on_error=True).exit_code == 1
        assert "a is not ready" in lab.messages()
        assert pending(lab) == [("creating", urn("a"))]
        assert list(lab.ids()) == ["b"]
        assert "canary" not in lab.state_path.read_text()
    assert any("did not get an answer" in text and urn("a") in text for text in lab.messages())
    lab.faults({"method": "create", "name": "a", "kind": "status"})  # this one made nothing; those before may have
    assert lab.run("up").exit_code == 1
    assert pending(lab) == [("creating", urn("a"))]
    lab.up()
    assert pending(lab) == []


def pending(lab: Lab) -> list[tuple[str, str]]:
    found = lab.latest().get("pending_operations", [])
    return [(each["type"], each["resource"]["urn"]) for each in found]


def test_an_interpreter_without_pulumi_is_named(lab: Lab) -> None:
    lab.want(thing("a"))
    lab.up()
    lab.close()
    venv.create(lab.project / "empty")
    options = "{name: python, options: {virtualenv: empty}}"
    (lab.project / "Pulumi.yaml").write_text(f"name: lab\nruntime: {options}\n")
    assert lab.run("preview").exit_code == 1
    assert len([text for text in lab.messages() if "cannot import pulumi" in text]) == 1
    with pytest.raises(EngineError, match=r"did not start: .* cannot import pulumi"):
        lab.run("refresh")


def test_a_pending_create_is_told_and_kept_until_it_is_cleared(lab: Lab) -> None:
    lab.want(thing("a"))
    lab.up()
    document = json.loads(lab.state_path.read_text())
    latest = document["checkpoint"]["latest"]
    lost = {**latest["resources"][-1], "urn": urn("lost")}
    lost.pop("id")
    latest["pending_operations"] = [
        {"resource": lost, "type": "creating"},
        {"resource": latest["resources"][-1], "type": "updating"},
    ]
    lab.state_path.write_text(json.dumps(document))
    assert lab.run("up").exit_code == 0
    assert any("was cut off" in text and urn("lost") in text for text in lab.messages())
    assert [operation["resource"]["urn"] for operation in lab.latest()["pending_operations"]] == [urn("lost")]
    lab.run("refresh")
    assert len(lab.latest()["pending_operations"]) == 1
    lab.run("refresh", clear_pending_creates=True)
    assert "pending_operations" not in lab.latest()
