"""Resource options: what each changes about a run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.lab import Lab, counts, thing, urn


def test_a_protected_thing_is_neither_deleted_nor_replaced(lab: Lab) -> None:
    lab.want(thing("a", kind="x", opts={"protect": True}), thing("b", refs={"other": "a"}), thing("c"))
    lab.up()
    lab.calls()

    lab.want(thing("a", kind="y", opts={"protect": True}))
    assert lab.run("preview").exit_code == 1
    assert lab.run("up").exit_code == 1
    assert lab.calls() == []

    result = lab.run("destroy")
    assert result.exit_code == 1
    assert sorted(lab.calls()) == [("delete", "b"), ("delete", "c")]  # what needs nothing protected goes
    assert any("is protected" in text for text in lab.messages())
    assert list(lab.ids()) == ["a"]

    lab.want(thing("a", kind="x"))
    lab.up()
    assert "protect" not in lab.resources()["a"]
    assert lab.run("destroy").exit_code == 0


def test_children_inherit_and_components_need_no_provider(lab: Lab) -> None:
    lab.want(
        {"name": "group", "component": True, "opts": {"protect": True}, "outputs": {"x": 1}},
        thing("inner", opts={"parent": "group"}),
        thing("free", opts={"parent": "group", "protect": False}),
    )
    lab.up()
    group = next(found for found in lab.latest()["resources"] if found["type"] == "test:Group")
    assert group["outputs"] == {"x": 1}
    assert lab.resources()["inner"]["protect"] is True
    assert "protect" not in lab.resources()["free"]
    assert lab.resources()["inner"]["urn"] == urn("inner", type_="test:Group$pulumi-python:dynamic/cloud:Thing")
    lab.settled()


def test_retained_and_deleted_with_are_not_deleted_by_a_call(lab: Lab) -> None:
    lab.want(
        thing("kept", opts={"retain_on_delete": True}),
        thing("home"),
        thing("inside", opts={"deleted_with": "home"}),
    )
    lab.up()
    lab.calls()
    assert lab.resources()["inside"]["deletedWith"] == urn("home")
    assert lab.run("destroy").exit_code == 0
    assert lab.calls() == [("delete", "home")]
    assert lab.ids() == {}


def test_what_is_deleted_or_replaced_with_another_is_replaced_too(lab: Lab) -> None:
    def want(kind: str) -> None:
        lab.want(
            thing("home", kind=kind),
            thing("inside", opts={"deleted_with": "home"}),
            thing("beside", opts={"replace_with": ["home"]}),
        )

    want("x")
    lab.up()
    lab.calls()
    want("y")
    assert counts(lab.up()) == {"replace": 3, "same": 1}
    assert lab.calls("delete") == [("delete", "beside"), ("delete", "home")]


@pytest.mark.parametrize(
    "alias",
    [{"name": "old"}, urn("old")],  # by a part of it, and as a whole
)
def test_an_alias_finds_the_former_name(lab: Lab, alias: Any) -> None:
    lab.want(thing("old", text="x"), thing("user", refs={"other": "old"}))
    lab.up()
    lab.calls()
    identity = lab.ids()["old"]
    new = thing("new", called="old", text="x", opts={"aliases": [alias]})  # the object itself does not change
    lab.want(new, thing("user", refs={"other": "new"}))
    assert counts(lab.up()) == {"same": 3}
    assert lab.calls() == []
    assert lab.ids()["new"] == identity
    assert lab.resources()["user"]["dependencies"] == [urn("new")]
    lab.settled()


def test_children_follow_a_renamed_parent(lab: Lab) -> None:
    lab.want(
        {"name": "old", "component": True},
        thing("old-inner", opts={"parent": "old"}),
        thing("x", refs={"o": "old-inner"}),
    )
    lab.up()
    lab.calls()
    lab.want(
        {"name": "new", "component": True, "opts": {"aliases": [{"name": "old"}]}},
        thing("new-inner", called="old-inner", opts={"parent": "new"}),
        thing("x", refs={"o": "new-inner"}),
    )
    assert counts(lab.up()) == {"same": 4}
    assert lab.calls() == []
    lab.settled()


def test_ignored_changes_keep_the_old_value(lab: Lab) -> None:
    lab.want(thing("a", text="x", deep={"kept": 1, "changed": 1}))
    lab.up()
    lab.calls()
    ignored = {"ignore_changes": ["text", "deep.kept"]}
    lab.want(thing("a", text="y", deep={"kept": 2, "changed": 2}, opts=ignored))
    assert counts(lab.up()) == {"update": 1, "same": 1}
    assert lab.object("a")["text"] == "x"
    assert lab.object("a")["deep"] == {"kept": 1, "changed": 2}
    lab.settled()


def test_replace_on_changes_makes_a_new_one(lab: Lab) -> None:
    options = {"replace_on_changes": ["deep.fixed"]}
    lab.want(thing("a", engine_diff=True, deep={"fixed": 1, "free": 1}, opts=options))
    lab.up()
    lab.want(thing("a", engine_diff=True, deep={"fixed": 1, "free": 2}, opts=options))
    assert counts(lab.up()) == {"update": 1, "same": 1}
    lab.want(thing("a", engine_diff=True, deep={"fixed": 2, "free": 2}, opts=options))
    assert counts(lab.up()) == {"replace": 1, "same": 1}
    lab.settled()


def test_timeouts_secret_outputs_and_delete_before_replace(lab: Lab) -> None:
    options = {
        "custom_timeouts": {"create": "1m30s", "delete": "1.5h"},
        "additional_secret_outputs": ["serial"],
        "delete_before_replace": True,
    }
    lab.want(thing("a", kind="x", opts=options))
    lab.up()
    created = [line for line in (lab.cloud / "calls.log").read_text().splitlines() if '"create"' in line]
    assert '"timeout": 90.0' in created[0]
    assert lab.resources()["a"]["customTimeouts"] == {"create": 90, "delete": 5400}
    assert "ciphertext" in lab.resources()["a"]["outputs"]["serial"]
    lab.calls()
    lab.want(thing("a", kind="y", opts=options))
    lab.up()
    assert lab.calls() == [("delete", "a"), ("create", "a")]


def test_an_option_that_is_not_supported_is_refused(lab: Lab) -> None:
    lab.want(thing("a", opts={"version": "1.2.3"}))
    assert lab.run("up").exit_code == 1
    assert any("the option version is not supported" in text and "--engine pulumi" in text for text in lab.messages())
    lab.want(thing("a", opts={"import_": "some-id"}))
    assert lab.run("up").exit_code == 1
    assert any("the option import_ is not supported" in text for text in lab.messages())
    assert lab.calls() == []


def test_two_things_of_one_name_are_refused(lab: Lab) -> None:
    lab.want(thing("a"), thing("a"))
    assert lab.run("preview").exit_code == 1
    assert any("two resources are called" in text for text in lab.messages())


def test_targets_leave_the_rest_alone(lab: Lab) -> None:
    lab.want(thing("a", text="x"), thing("b", text="x"), thing("gone"))
    lab.up()
    lab.calls()
    lab.want(thing("a", text="y"), thing("b", text="y"), thing("new"))
    result = lab.run("up", targets=[urn("a")])
    assert (result.exit_code, lab.calls()) == (0, [("update", "a")])
    assert counts(result) == {"update": 1, "same": 2}
    assert sorted(lab.ids()) == ["a", "b", "gone"]

    # What is removed and no target stays, in front of what needs it.
    lab.want(thing("a", text="y"), thing("gone"), thing("b", text="y", refs={"other": "gone"}))
    lab.up()
    lab.want(thing("a", text="z"), thing("b", text="y"))
    lab.calls()
    assert lab.run("up", targets=[urn("a")]).exit_code == 0
    assert lab.calls() == [("update", "a")]
    assert lab.resources()["b"]["dependencies"] == [urn("gone")]

    lab.want(thing("a", text="z"), thing("b", text="z"))
    assert lab.run("up", targets=["**::b"]).exit_code == 0
    assert lab.calls() == [("update", "b")]
    assert lab.run("up", targets=[urn("gone")]).exit_code == 0
    assert lab.calls() == [("delete", "gone")]

    spec = [thing("new"), thing("a", text="y"), thing("b", text="y", refs={"other": "new"})]
    lab.want(*spec)
    assert lab.run("up", targets=[urn("b")]).exit_code == 1
    assert any("is not among the targets" in text for text in lab.messages())
    lab.want(*spec)
    lab.run("up")
    lab.calls()
    assert lab.run("destroy", targets=[urn("new")]).exit_code == 1
    assert any("has to be deleted with the targets" in text for text in lab.messages())
    assert lab.calls() == []
    assert lab.run("destroy", targets=[urn("new"), urn("b")]).exit_code == 0
    assert lab.calls() == [("delete", "b"), ("delete", "new")]
    assert lab.run("up", targets=[urn("nobody")]).exit_code == 1
    assert any(f"no resource is called {urn('nobody')}" in text for text in lab.messages())
