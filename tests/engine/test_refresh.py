"""What is really there, against what the state says."""

from __future__ import annotations

from tests.engine.lab import Lab, counts, thing, urn


def test_drift_is_found_shown_and_undone(lab: Lab) -> None:
    lab.want(
        thing("a", text="wanted"),
        {"name": "group", "component": True},
        thing("b", refs={"other": "a"}),
        thing("c", opts={"depends_on": ["b"]}),
        thing("d", secrets={"token": "canary"}),
    )
    lab.up()
    lab.calls()
    lab.edit("a", text="edited")
    lab.edit("d", token="changed outside")
    lab.lose("b")
    before = lab.state_path.read_text()

    seen = lab.run("refresh", preview=True)
    assert counts(seen) == {"update": 2, "delete": 1, "same": 1}
    assert lab.state_path.read_text() == before
    changes = {
        (change.path, change.old, change.new)
        for step in seen.steps
        for change in step.started.changes
        if step.started.urn == urn("a")
    }
    assert changes == {(("text",), "wanted", "edited")}

    planned = lab.run("preview", refresh=True)
    assert counts(planned) == {"create": 1, "update": 2, "same": 3}
    assert lab.state_path.read_text() == before
    assert lab.calls() == []

    refreshed = lab.run("refresh")
    assert counts(refreshed) == {"update": 2, "delete": 1, "same": 1}
    assert "b" not in lab.ids()
    assert "dependencies" not in lab.resources()["c"]
    assert lab.resources()["a"]["inputs"]["text"] == "edited"
    assert "ciphertext" in lab.resources()["d"]["inputs"]["token"]

    assert counts(lab.up()) == {"create": 1, "update": 2, "same": 3}
    assert sorted(lab.calls()) == [("create", "b"), ("update", "a"), ("update", "d")]
    assert lab.object("a")["text"] == "wanted"
    lab.settled()


def test_up_with_refresh_reads_once_even_after_its_preview(lab: Lab) -> None:
    lab.want(thing("a", text="wanted"), thing("b"))
    lab.up()
    lab.edit("a", text="edited")
    lab.calls()
    assert counts(lab.run("preview", refresh=True)) == {"update": 1, "same": 2}
    assert counts(lab.run("up", refresh=True)) == {"update": 1, "same": 2}
    assert sorted(lab.calls("read")) == [("read", "a"), ("read", "b")]
    assert lab.object("a")["text"] == "wanted"
    lab.calls()
    assert counts(lab.run("up", refresh=True)) == {"same": 3}
    assert sorted(lab.calls("read", "update", "create")) == [("read", "a"), ("read", "b")]


def test_one_that_cannot_be_read_does_not_stop_the_others(lab: Lab) -> None:
    lab.want(thing("a", text="x"), thing("b", text="x"))
    lab.up()
    lab.edit("b", text="edited")
    lab.faults({"method": "read", "name": "a", "kind": "error", "text": "server is down"})
    result = lab.run("refresh")
    assert result.exit_code == 1
    assert any("server is down" in text for text in lab.messages())
    assert lab.resources()["b"]["inputs"]["text"] == "edited"
    lab.faults({"method": "read", "name": "a", "kind": "error"})
    lab.calls()
    assert lab.run("up", refresh=True).exit_code == 1  # what is there is not known: nothing is changed
    assert lab.calls() == []
    assert counts(lab.up(refresh=True)) == {"update": 1, "same": 2}


def test_refresh_and_destroy_use_the_configuration_of_the_state(lab: Lab) -> None:
    config = lab.project / "Pulumi.dev.yaml"
    lab.want(thing("a"))
    lab.up()
    lab.close()
    config.write_text(config.read_text() + "config:\n  lab:token: first\n")
    lab.up()
    lab.close()
    config.write_text(config.read_text().replace("first", "second"))
    (lab.cloud / "calls.log").unlink()
    lab.run("refresh")
    lab.run("destroy")
    tokens = [
        line.split('"token": ')[1] for line in (lab.cloud / "calls.log").read_text().splitlines() if "token" in line
    ]
    assert tokens == ['"first"}']


def test_deleting_with_refresh_forgets_what_is_gone(lab: Lab) -> None:
    lab.want(thing("a"), thing("b"))
    lab.up()
    lab.lose("a")
    lab.calls()
    assert counts(lab.run("destroy", refresh=True)) == {"delete": 2}
    assert lab.calls() == [("delete", "b")]
