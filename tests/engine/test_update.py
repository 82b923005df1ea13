"""What an update does to the cloud and to the state."""

from __future__ import annotations

import json

from tests.engine.lab import PASSPHRASE, Lab, counts, thing, urn


def test_a_stack_is_created_changed_and_destroyed(lab: Lab) -> None:
    lab.want(
        thing("a", text="one\ntwo\n", number=3, flag=True, nothing=None, items=[1, 2.5, {"x": "y"}]),
        thing("b", refs={"other": "a"}),
        exports={"serial": "a", "fixed": "value"},
    )
    preview = lab.run("preview")
    assert counts(preview) == {"create": 3}
    assert lab.calls() == []
    assert not lab.state_path.exists()

    up = lab.up()
    assert counts(up) == {"create": 3}
    assert lab.calls() == [("create", "a"), ("create", "b")]
    assert up.outputs == {"serial": lab.ids()["a"], "fixed": "value"}
    assert lab.object("b")["other"] == lab.ids()["a"]
    assert lab.resources()["a"]["inputs"]["items"] == [1, 2.5, {"x": "y"}]
    assert lab.resources()["b"]["dependencies"] == [urn("a")]
    assert lab.resources()["b"]["propertyDependencies"]["other"] == [urn("a")]
    lab.settled()

    before = lab.state_path.read_text()
    assert counts(lab.up()) == {"same": 3}
    assert lab.calls() == []
    assert lab.latest()["resources"] == json.loads(before)["checkpoint"]["latest"]["resources"]

    lab.want(
        thing("a", text="one\nTWO\n", number=3, flag=True, items=[1, 2.5, {"x": "y"}]),
        thing("b", refs={"other": "a"}),
    )
    assert counts(lab.up()) == {"update": 1, "same": 2}
    assert lab.calls() == [("update", "a")]
    assert lab.object("a")["text"] == "one\nTWO\n"
    lab.settled()

    lab.want(thing("a", text="one\nTWO\n", number=3, flag=True, items=[1, 2.5, {"x": "y"}]))
    assert counts(lab.up()) == {"delete": 1, "same": 2}
    assert lab.calls() == [("delete", "b")]

    assert counts(lab.run("destroy", preview=True)) == {"delete": 2}
    assert lab.calls() == []
    destroy = lab.run("destroy")
    assert (destroy.exit_code, counts(destroy)) == (0, {"delete": 2})
    assert lab.calls() == [("delete", "a")]
    assert "resources" not in lab.latest()
    assert list((lab.cloud / "objects").iterdir()) == []
    assert lab.run("destroy").exit_code == 0
    histories = [json.loads(path.read_text()) for path in lab.backend_files("history/**/*.history.json")]
    assert [record["kind"] for record in histories] == ["update"] * 4 + ["destroy"] * 2
    assert histories[0]["resourceChanges"] == {"create": 3}
    assert len(lab.backend_files("backups/**/*.json")) == len(histories)


def test_a_replacement_creates_first_and_deletes_last(lab: Lab) -> None:
    lab.want(thing("a", kind="x"), thing("b", refs={"other": "a"}))
    lab.up()
    lab.calls()
    old = lab.ids()["a"]
    lab.want(thing("a", kind="y"), thing("b", refs={"other": "a"}))
    result = lab.up()
    assert counts(result) == {"replace": 1, "update": 1, "same": 1}
    assert lab.calls() == [("create", "a"), ("update", "b"), ("delete", "a")]
    assert lab.ids()["a"] != old
    # The second check of the new one knows nothing of the old one.
    checks = [json.loads(line) for line in (lab.cloud / "calls.log").read_text().splitlines() if '"check"' in line]
    assert [bool(call["olds"]) for call in checks if call["name"] == "a"] == [False, True, False]
    lab.settled()


def test_delete_before_replace_takes_dependents_along_where_their_diff_says_so(lab: Lab) -> None:
    def want(kind: str) -> None:
        lab.want(
            thing("base", kind=kind, dbr=True, engine_diff=True),
            thing("follows", engine_diff=True, serials={"kind": "base"}),
            thing("stays", engine_diff=True, serials={"text": "base"}),
            thing("ordered", opts={"depends_on": ["base"]}),
        )

    want("x")
    lab.up()
    lab.calls()
    want("y")
    result = lab.up()
    assert counts(result) == {"replace": 2, "update": 1, "same": 2}
    calls = lab.calls()
    assert calls[:3] == [("delete", "follows"), ("delete", "base"), ("create", "base")]
    assert sorted(calls[3:]) == [("create", "follows"), ("update", "stays")]
    lab.settled()


def test_what_no_longer_depends_on_a_replaced_thing_still_waits_for_its_deletion(lab: Lab) -> None:
    lab.want(
        thing("base", kind="x", dbr=True), thing("slow"), thing("follows", engine_diff=True, serials={"kind": "base"})
    )
    lab.up()
    lab.want(
        thing("base", kind="y", dbr=True),
        thing("slow", text="x"),
        thing("follows", engine_diff=True, refs={"kind": "slow"}),
    )
    # By the time it is registered, the deletion of its former self is under way for the sake of base.
    lab.faults(
        {"method": "update", "name": "slow", "kind": "sleep", "seconds": 0.5},
        {"method": "delete", "name": "follows", "kind": "sleep", "seconds": 2},
    )
    lab.calls()
    lab.up()
    calls = lab.calls("create", "deleted")
    assert calls.index(("deleted", "follows")) < calls.index(("create", "follows"))
    lab.settled()


def test_a_replacement_that_was_cut_off_goes_on(lab: Lab) -> None:
    lab.want(thing("a", kind="x", dbr=True))
    lab.up()
    lab.want(thing("a", kind="y", dbr=True))
    lab.faults({"method": "create", "name": "a", "kind": "error"})
    lab.calls()
    assert lab.run("up").exit_code == 1
    assert lab.calls() == [("delete", "a"), ("create", "a")]
    assert lab.resources()["a"]["pendingReplacement"] is True
    lab.up()
    assert lab.calls() == [("create", "a")]
    lab.settled()


def test_an_old_one_that_could_not_be_deleted_is_deleted_next_time(lab: Lab) -> None:
    lab.want(thing("a", kind="x"))
    lab.up()
    lab.want(thing("a", kind="y"))
    lab.faults({"method": "delete", "name": "a", "kind": "error"})
    assert lab.run("up").exit_code == 1
    assert [resource.get("delete") for resource in lab.latest()["resources"] if "Thing" in resource["type"]] == [
        None,
        True,
    ]
    lab.calls()
    lab.up()
    assert lab.calls() == [("delete", "a")]
    lab.settled()


def test_secrets_are_nowhere_in_clear(lab: Lab) -> None:
    canaries = {
        "plain": "canary-in-a-string",
        "deep": "canary-in-an-object",
        "listed": "canary-in-a-list",
        "inner": "canary-below-an-open-key",
    }
    lab.want(
        thing(
            "a",
            secrets={
                "plain": canaries["plain"],
                "deep": {"user": "me", "password": canaries["deep"]},
                "listed": ["x", canaries["listed"]],
            },
            nested_secrets={"half_open": {"inner": canaries["inner"]}},
            warn=1,
            prints="plain",
        ),
        thing("b", serials={"copy": "a"}),
        exports={"open": "value"},
        prints=["the program prints canary-in-an-object"],
        logs=[["warn", "the program logs canary-in-a-list"]],
    )
    lab.up()
    assert lab.object("a")["plain"] == canaries["plain"]
    assert "ciphertext" in lab.resources()["a"]["outputs"]["half_open"]["inner"]
    lab.faults({"method": "update", "name": "a", "kind": "error", "text": "refused canary-in-a-string"})
    spec = json.loads((lab.project / "things.json").read_text())
    spec["things"][0]["props"]["more"] = "x"
    (lab.project / "things.json").write_text(json.dumps(spec))
    texts = "\n".join(lab.messages())
    lab.run("up")
    texts += "\n".join(lab.messages())
    # Each of them was said by somebody.
    for said in ("printed: [secret]", "prints [secret]", "logs [secret]", "refused [secret]"):
        assert said in texts
    written = "\n".join(path.read_text() for path in lab.backend_files("**/*") if path.is_file())
    for canary in (*canaries.values(), PASSPHRASE):
        assert canary not in written
        assert canary not in texts
    for path in lab.backend_files("**/*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_texts_survive_byte_for_byte(lab: Lab) -> None:
    texts = {
        "braces": "{{x}} $${y} ${z}",
        "lines": "a\r\nb\n\n\tc  \n",
        "unicode": "ünï — 🎈 \u2028 \u0000 end",
        "yaml": "Role: x\nGoal: |\n  - y\n",
        "json": '{"a": [1, 2.0, null]}',
        "long": "0123456789abcdef" * 6400,
    }
    lab.want(thing("a", **texts))
    lab.up()
    assert {key: lab.object("a")[key] for key in texts} == texts
    assert {key: lab.resources()["a"]["inputs"][key] for key in texts} == texts
    assert counts(lab.run("refresh")) == {"same": 1}
    lab.settled()
