"""Project, stack file, passphrase, state, locks: the files that both engines share."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flireo_iac.engine.files.backend import Backend, find_root
from flireo_iac.engine.files.config import full_key, open_config, read_config, set_value
from flireo_iac.engine.files.growing import GrowingState
from flireo_iac.engine.files.keys import Keys
from flireo_iac.engine.files.project import choose_stack, load_project
from flireo_iac.engine.files.secrets import Crypter, find_passphrase
from flireo_iac.engine.files.snapshot import (
    Operation,
    Snapshot,
    find_damage,
    ordered,
    read_salt,
    read_snapshot,
    write_snapshot,
)
from flireo_iac.engine.files.yaml_reader import read_yaml
from flireo_iac.engine.model.events import Summary
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.run import Engine
from flireo_iac.errors import FlireoError, LockedError, PassphraseError, SettingsError, StateError
from tests.engine import checker
from tests.engine.lab import HERE, PASSPHRASE, STACK, Lab, counts, thing

SAMPLE = HERE / "samples" / "pulumi-3.260.json"
SAMPLE_PASSPHRASE = "correct horse"


@pytest.fixture(scope="module")
def opened() -> Crypter:
    return Crypter(
        SAMPLE_PASSPHRASE, json.loads(SAMPLE.read_text())["checkpoint"]["latest"]["secrets_providers"]["state"]["salt"]
    )


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path, "lab", "dev")


def test_a_state_of_pulumi_is_read_and_written_with_no_change(backend: Backend, opened: Crypter) -> None:
    content = SAMPLE.read_bytes()
    assert checker.problems(content.decode()) == []
    assert read_salt(content, backend) == opened.salt_text
    snapshot = read_snapshot(content, backend, lambda: opened)
    assert len(snapshot.resources) == 6
    backend.write(write_snapshot(snapshot, backend, opened))
    written = backend.state_path.read_text()
    assert checker.problems(written) == []
    former, now = json.loads(content), json.loads(written)
    former["checkpoint"]["latest"].pop("manifest")
    now["checkpoint"]["latest"].pop("manifest")
    assert now == former  # the ciphertexts too


def test_a_stack_of_pulumi_is_continued(lab: Lab) -> None:
    lab.state_path.parent.mkdir(parents=True)
    shutil.copyfile(SAMPLE, lab.state_path)
    shutil.copyfile(HERE / "samples" / "Pulumi.dev.yaml", lab.project / "Pulumi.dev.yaml")
    lab.environment["PULUMI_CONFIG_PASSPHRASE"] = SAMPLE_PASSPHRASE
    a = {"name": "a", "text": "one\ntwo\n", "number": 3, "ratio": 2.5, "list": [1, {"x": None}]}
    secrets: dict[str, Any] = {"token": "s3cret-token", "deep": {"user": "me", "password": "deep-secret"}}
    for name, content in (
        ("a-111111", {**a, **secrets}),
        ("b-222222", {"name": "b", "other": "a-111111"}),
        ("a-000000", {"name": "a", "text": "former"}),
    ):
        (lab.cloud / "objects" / name).write_text(json.dumps({**content, "serial": name}))
    lab.want(
        thing(
            "a", **{key: value for key, value in a.items() if key != "name"}, secrets=secrets, opts={"protect": True}
        ),
        {"name": "group", "component": True, "outputs": {"x": 1}},
        thing("b", refs={"other": "a"}, opts={"parent": "group"}),
        exports={"serial": "a"},
    )
    assert counts(lab.run("refresh", preview=True)) == {"same": 3}
    preview = lab.run("preview")
    assert counts(preview) == {"same": 4}, lab.steps()
    assert lab.calls() == []
    lab.run("up")
    assert lab.calls() == [("delete", "a")]  # the former a, which waited for it
    assert lab.ids() == {"a": "a-111111", "b": "b-222222"}


def _read(content: bytes, backend: Backend, opened: Crypter) -> None:
    read_salt(content, backend)
    read_snapshot(content, backend, lambda: opened)


def test_what_is_wrong_with_a_state_is_said(backend: Backend, opened: Crypter) -> None:
    def broken(change: Any) -> bytes:
        document = json.loads(SAMPLE.read_text())
        change(document)
        return json.dumps(document).encode()

    def latest(document: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = document["checkpoint"]["latest"]
        return found

    cases = [
        (lambda d: latest(d)["resources"].reverse(), "does not stand before it"),
        (lambda d: latest(d)["resources"].append(latest(d)["resources"][2]), "stands in it twice"),
        (lambda d: latest(d)["resources"][0].update(id="x"), "component"),
        (lambda d: latest(d)["manifest"].update(magic="00"), "magic number"),
        (lambda d: d.update(version=5), "has version 5"),
        (lambda d: d.update(features=["hooks"]), "uses hooks"),
        (lambda d: latest(d)["resources"][2].pop("urn"), "is damaged"),
        (lambda d: latest(d)["secrets_providers"].update(type="cloud"), "kept by cloud"),
        (
            lambda d: latest(d)["resources"][1].update(
                type="pulumi:providers:aws", urn="urn:pulumi:dev::lab::pulumi:providers:aws::x"
            ),
            "which does not stand before it",
        ),
    ]
    for change, text in cases:
        content = broken(change)
        with pytest.raises(StateError, match=text):
            _read(content, backend, opened)
    for content in (b"", b"{", b"[]", b'{"version": 3}', b"\xff"):
        with pytest.raises(StateError):
            read_snapshot(content, backend, lambda: opened)


def test_a_key_opens_only_what_it_closed(opened: Crypter) -> None:
    sealed = opened.encrypt("here", "text")
    assert opened.encrypt("here", "text") == sealed  # quiet diffs
    assert opened.encrypt("there", "text") != sealed
    assert opened.encrypt("here", "other") != sealed
    assert opened.decrypt("x", sealed) == "text"
    with pytest.raises(PassphraseError):
        Crypter("wrong", opened.salt_text)
    for salt in ("", "v1:x", "v2:AAAA:v1:x:y"):
        with pytest.raises(PassphraseError):
            Crypter(SAMPLE_PASSPHRASE, salt)


def test_the_passphrase_is_found_in_its_places(tmp_path: Path) -> None:
    file = tmp_path / "pass"
    file.write_text("from a file\n")
    both = {"PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}
    assert find_passphrase("dev", both) == ""
    assert find_passphrase("dev", {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}) == "from a file"
    for environment in ({}, {"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "none")}):
        with pytest.raises(PassphraseError) as caught:
            find_passphrase("dev", environment)
        assert caught.value.exit_code == 2


def test_yaml_is_read_as_pulumi_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(
        "yes: yes\non: on\ntime: 1:30\noctal: 010\nhex: 0x1F\nbig: 1_000\ntrue: True\nnull: ~\nempty:\n"
        "date: 2020-01-02\nfloat: 1e3\nversion: 1.10.0\nplus: +5\nquoted: '010'\ninf: .inf\nnumber: -3\n"
    )
    assert read_yaml(file) == {
        "yes": "yes",
        "on": "on",
        "time": "1:30",
        "octal": 8,
        "hex": 31,
        "big": 1000,
        True: True,
        None: None,
        "empty": None,
        "date": "2020-01-02 00:00:00 +0000 UTC",
        "float": 1000.0,
        "version": "1.10.0",
        "plus": 5,
        "quoted": "010",
        "inf": float("inf"),
        "number": -3,
    }
    for text, place in (("a: [1", "x.yaml:1:6"), ("- 1", "no mapping"), ("a: b: c", "x.yaml:1:5")):
        file.write_text(text)
        with pytest.raises(SettingsError, match=place):
            read_yaml(file)
    file.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="not UTF-8"):
        read_yaml(file)


def test_configuration_reaches_the_program_as_text(lab: Lab, opened: Crypter) -> None:
    inner = opened.encrypt("x", "hidden")
    (lab.project / "Pulumi.yaml").write_text(
        "name: lab\nruntime: python\nconfig:\n  fallback: {default: 7}\n  text: {default: unused}\n  bare: x\n"
    )
    (lab.project / "Pulumi.dev.yaml").write_text(
        f"encryptionsalt: {opened.salt_text}\nconfig:\n  text: hello\n  lab:number: 010\n  other:flag: yes\n"
        f"  flag: true\n  nothing: null\n  float: 1.50\n  whole: 2.0\n  nested: {{b: [1, x], a: {{secure: {inner}}}}}\n"
    )
    project = load_project(lab.project)
    stack_config = read_config(project, "dev")
    assert stack_config.has_secrets
    config = open_config(stack_config, opened)
    assert config.values == {
        "lab:text": "hello",
        "lab:number": "8",
        "other:flag": "yes",
        "lab:flag": "true",
        "lab:nothing": "",
        "lab:float": "1.5",
        "lab:whole": "2",
        "lab:nested": '{"a":"hidden","b":[1,"x"]}',
        "lab:fallback": "7",
        "lab:bare": "x",
    }
    assert config.secret_keys == {"lab:nested"}
    assert config.shown()["lab:nested"] == "[secret]"


def test_values_are_written_beside_comments(lab: Lab, opened: Crypter) -> None:
    path = lab.project / "Pulumi.dev.yaml"
    path.write_text("# first\nconfig:\n  lab:a: 010  # stays\n")
    project = load_project(lab.project)
    set_value(read_config(project, "dev"), full_key(project, "b"), "yes")
    set_value(read_config(project, "dev"), "lab:token", "hidden", opened)
    text = path.read_text()
    assert "# first\n" in text
    assert "lab:a: 010  # stays" in text
    assert "hidden" not in text
    config = open_config(read_config(project, "dev"), opened)
    assert config.values == {"lab:a": "8", "lab:b": "yes", "lab:token": "hidden"}
    assert config.secret_keys == {"lab:token"}


def set_secret(lab: Lab, key: str, value: str) -> None:
    """Set a secret as another terminal does."""
    keys = Keys(load_project(lab.project), STACK, lab.environment)
    set_value(keys.stack_config, key, value, keys.for_writing())


def test_a_secret_that_is_set_while_a_run_waits_for_its_answer_is_kept_and_used(lab: Lab) -> None:
    lab.want(thing("a"))
    assert lab.run("preview").exit_code == 0
    set_secret(lab, "lab:token", "hidden")
    written = (lab.project / "Pulumi.dev.yaml").read_text()
    assert lab.run("up").exit_code == 0
    assert (lab.project / "Pulumi.dev.yaml").read_text() == written
    keys = Keys(load_project(lab.project), STACK, lab.environment)
    assert keys.config().values == {"lab:token": "hidden"}
    summary = next(event for event in lab.events if isinstance(event, Summary))
    assert summary.config == {"lab:token": "[secret]"}


def test_a_salt_that_is_there_is_never_replaced(lab: Lab) -> None:
    project = load_project(lab.project)
    late = Keys(project, STACK, lab.environment)
    set_secret(lab, "lab:token", "hidden")
    written = (lab.project / "Pulumi.dev.yaml").read_text()
    assert late.for_writing().salt_text == read_config(project, STACK).salt
    with pytest.raises(SettingsError, match="another encryptionsalt"):
        set_value(read_config(project, STACK), "lab:b", "hidden, too", Crypter(PASSPHRASE))
    assert (lab.project / "Pulumi.dev.yaml").read_text() == written


@pytest.mark.parametrize(
    ("file", "text", "wrong"),
    [
        ("Pulumi.yaml", "runtime: python\n", "name is None"),
        ("Pulumi.yaml", "name: lab\nruntime: nodejs\n", "runtime is 'nodejs'"),
        ("Pulumi.yaml", "name: lab\nruntime: {name: python, options: {virtualenv: venv}}\n", "is not there"),
        ("Pulumi.yaml", "name: lab\nruntime: {name: python, options: {toolchain: poetry}}\n", "toolchain poetry"),
        ("Pulumi.yaml", "name: lab\nruntime: python\nconfig: {a: {type: string}}\n", "neither value nor default"),
        ("Pulumi.yaml", "name: lab\nruntime: python\nplugins: {}\n", "plugins is not supported"),
        ("Pulumi.dev.yaml", "secretsprovider: awskms://x\n", "secretsprovider awskms://x"),
        ("Pulumi.dev.yaml", "environment: [x]\n", "environment \\(ESC\\)"),
        ("Pulumi.dev.yaml", "config: [x]\n", "holds no mapping"),
    ],
)
def test_what_the_local_engine_does_not_do_is_refused(lab: Lab, file: str, text: str, wrong: str) -> None:
    (lab.project / file).write_text(text)
    with pytest.raises(SettingsError, match=wrong):
        read_config(load_project(lab.project), "dev")


def test_which_stack_is_meant(lab: Lab) -> None:
    for nowhere, text in ((lab.home, "there is no Pulumi.yaml"), (lab.home / "none", "there is no such folder")):
        with pytest.raises(SettingsError, match=text):
            load_project(nowhere)
    project = load_project(lab.project / "..//project")
    (lab.project / "Pulumi.one.yaml").touch()
    assert choose_stack(project, None, {}) == "one"
    assert choose_stack(project, None, {"PULUMI_STACK": "x"}) == "x"
    assert choose_stack(project, None, {"FLIREO_STACK": "y", "PULUMI_STACK": "x"}) == "y"
    assert choose_stack(project, "organization/lab/z", {"FLIREO_STACK": "y"}) == "z"
    (lab.project / "Pulumi.two.yaml").touch()
    for named in (None, "other/x", "", "a b", "a/b/c"):
        with pytest.raises(SettingsError):
            choose_stack(project, named, {})


def test_where_the_state_is(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    home = {"PULUMI_HOME": str(lab.home)}
    project = load_project(lab.project)
    assert find_root(project, home) == lab.project
    (lab.home / "credentials.json").write_text('{"current": "file://./elsewhere"}')
    assert find_root(project, home) == elsewhere
    (lab.project / "Pulumi.yaml").write_text("name: lab\nruntime: python\nbackend: {url: 'file://..'}\n")
    assert find_root(load_project(lab.project), home) == tmp_path
    assert find_root(load_project(lab.project), {**home, "PULUMI_BACKEND_URL": f"file://{elsewhere}"}) == elsewhere
    with pytest.raises(StateError, match="there is no such folder"):
        find_root(project, {**home, "PULUMI_BACKEND_URL": "file:///nowhere/at/all"})
    (lab.home / "credentials.json").write_text('{"current": "https://api.pulumi.com"}')
    with pytest.raises(SettingsError, match="Use --engine pulumi"):
        find_root(project, home)


def test_a_disk_that_fills_up_leaves_no_torn_history(backend: Backend) -> None:
    backend.write('{"version": 3, "text": "' + "y" * 900 + '"}')
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        with pytest.raises(StateError, match="cannot be written"):
            backend.add_history({"kind": "update"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    (kept,) = [path for path in backend.root.rglob("*dev*") if path.is_file() and "stacks" not in path.parts]
    assert json.loads(kept.read_text()) == {"kind": "update"}


def test_one_lock_at_a_time(backend: Backend) -> None:
    other = Backend(backend.root, "lab", "dev")
    backend.lock()
    with pytest.raises(LockedError, match=f"process {os.getpid()}"):
        other.lock()
    assert [lock.gone for lock in other.locks()] == [False]
    Backend(backend.root, "lab", "prod").lock()
    backend.unlock()
    other.lock()
    other.unlock()


def test_who_looks_at_a_lock_does_not_hold_it(backend: Backend) -> None:
    subprocess.run([sys.executable, "-c", LOCK_AND_DIE, str(backend.root)], check=False)
    (lock,) = backend.locks()
    with lock.path.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)  # as another run that looks at this moment
        assert [each.gone for each in backend.locks()] == [True]


def test_a_lock_that_is_given_back_meanwhile_is_none(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Backend(backend.root, "lab", "dev")
    other.lock()
    read_text = Path.read_text

    def late(path: Path, *args: Any, **named: Any) -> str:
        if path.parent.name == "dev":
            other.unlock()
        return read_text(path, *args, **named)

    monkeypatch.setattr(Path, "read_text", late)
    assert backend.lock() == []
    backend.unlock()


def test_the_name_of_a_new_state_is_synced_after_its_content(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[bool, bool]] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), backend.state_path.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    backend.write("state")
    assert synced == [(False, False), (True, True)]


LOCK_AND_DIE = """
import os, pathlib, sys
from flireo_iac.engine.files.backend import Backend
Backend(pathlib.Path(sys.argv[1]), "lab", "dev").lock()
os._exit(9)
"""


def test_the_lock_of_a_run_that_is_gone_is_taken_over(backend: Backend) -> None:
    def left() -> tuple[Path, dict[str, Any]]:
        for lock in backend.locks():
            lock.path.unlink()
        subprocess.run([sys.executable, "-c", LOCK_AND_DIE, str(backend.root)], check=False)
        (lock,) = backend.locks()
        return lock.path, json.loads(lock.path.read_text())

    path, content = left()
    path.write_text(json.dumps(content | {"pid": os.getpid()}))  # the number has gone to another process
    (lock,) = backend.lock()
    assert lock.holder.startswith(f"{content['username']}@{content['hostname']}, process")
    assert not path.exists()
    backend.unlock()
    assert backend.locks() == []

    path, content = left()
    path.write_text(json.dumps(content | {"hostname": "elsewhere"}))
    with pytest.raises(LockedError, match="flireo cancel -s dev"):
        backend.lock()
    path.write_text("garbage")
    with pytest.raises(LockedError, match="unreadable lock file"):
        backend.lock()

    # The program takes no lock of the kernel: the number of the process is all there is.
    path, content = left()
    del content["kernelLock"]
    path.write_text(json.dumps(content | {"pid": os.getpid()}))
    with pytest.raises(LockedError, match=f"process {os.getpid()}"):
        backend.lock()
    path.write_text(json.dumps(content))
    assert [lock.path for lock in backend.lock()] == [path]


def test_the_former_state_is_kept_and_nothing_is_open_to_others(backend: Backend) -> None:
    for text in ("first", "second", "third"):
        backend.write(text)
    assert backend.state_path.read_text() == "third"
    assert backend.state_path.with_name("dev.json.bak").read_text() == "second"
    backend.add_history({"kind": "update"})
    assert sorted(path.name for path in backend.state_path.parent.iterdir()) == ["dev.json", "dev.json.bak"]
    assert (backend.root / ".pulumi" / "meta.yaml").read_text() == "version: 1\n"
    for path in (backend.root / ".pulumi").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    (backend.state_path.parent / "dev.json.gz").touch()
    with pytest.raises(StateError, match="is compressed"):
        backend.read()


def test_resources_are_put_in_an_order_that_is_sound() -> None:
    def made(name: str, *needs: str) -> Resource:
        return Resource(
            f"urn:pulumi:s::p::t::{name}",
            "t",
            custom=False,
            dependencies=[f"urn:pulumi:s::p::t::{need}" for need in needs],
        )

    wrong = [made("c", "b"), made("a"), made("b", "a"), made("d", "a")]
    assert find_damage(wrong)
    right = ordered(wrong)
    assert find_damage(right) == ""
    assert sorted(found.urn[-1] for found in right) == list("abcd")
    good = [made("a"), made("b", "a")]
    assert ordered(good) is good


def test_a_state_that_grows_is_written_as_if_it_were_written_anew(backend: Backend, opened: Crypter) -> None:
    def made(name: str, *needs: str) -> Resource:
        return Resource(f"urn:{name}", "t", custom=False, dependencies=[f"urn:{each}" for each in needs])

    def check(fresh: list[Resource], rest: list[Resource], *operations: Operation) -> None:
        backend.write(*growing.text(fresh, rest, operations))
        written = json.loads(backend.state_path.read_text())["checkpoint"]["latest"]
        whole = Snapshot(ordered([*fresh, *rest]), list(operations))
        expected = json.loads(write_snapshot(whole, backend, opened))["checkpoint"]["latest"]
        assert {**written, "manifest": {}} == {**expected, "manifest": {}}

    growing = GrowingState(backend, opened)
    fresh, rest = [made("a")], [made("x"), made("y", "x")]
    check([], [])
    check(fresh, rest, Operation("creating", made("b", "a")))
    fresh.append(made("b", "a"))
    check(fresh, rest)
    fresh[0].outputs = {"now": 1}  # changed after it was written
    check(fresh, rest)
    fresh += [made("c", "d"), made("d")]  # in an order that Pulumi refuses
    check(fresh, rest)
    del fresh[2:]
    fresh.append(made("é", "b"))
    fresh[1].replace_with = ["urn:a"]
    check(fresh, rest[:1])
    check(fresh, [])
    assert json.loads(backend.state_path.read_text())["version"] == 4


def test_a_stack_file_without_a_salt_gets_one_only_when_something_is_written(lab: Lab) -> None:
    lab.want(thing("a"))
    lab.run("preview")
    assert not (lab.project / "Pulumi.dev.yaml").exists()
    lab.up()
    assert (lab.project / "Pulumi.dev.yaml").read_text().startswith("encryptionsalt: v1:")
    with pytest.raises(FlireoError), Engine(lab.project, "nope", environment=lab.environment) as engine:
        engine.destroy()
    assert Snapshot().live() == {}
