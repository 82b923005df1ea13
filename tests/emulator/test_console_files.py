"""What the console is served as; what it does is tried in a browser by ``test_console.py``."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import httpx
import pytest
from hatchling.builders.wheel import WheelBuilder

from flireo_iac.emulator import console, faults
from flireo_iac.emulator.contract import Schema
from flireo_iac.emulator.server import Running

FILES = {each.name: each for each in resources.files(console).iterdir() if not each.name.startswith("__")}
ROOT = Path(__file__).parents[2]


def test_each_file_is_served_with_its_type_and_a_policy_that_keeps_everything_else_out(control: httpx.Client) -> None:
    types = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    for name, file in FILES.items():
        answer = control.get("/" if name == "index.html" else f"/console/{name}")
        assert answer.status_code == 200
        assert answer.content == file.read_bytes()
        assert answer.headers["content-type"].startswith(types[name.rpartition(".")[2]])
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "://" not in policy
    for unknown in ("__init__.py", "nothing.js", "..%2Fapp.py", ""):
        assert control.get(f"/console/{unknown}").status_code == 404
    assert control.post("/").status_code == 405


def test_the_address_without_a_slash_leads_to_the_page(own: Running) -> None:
    assert httpx.get(own.control_url).headers["location"] == "/_emulator/"


def test_no_file_asks_for_anything_elsewhere_or_reads_text_as_html() -> None:
    wanted = set()
    for name, file in FILES.items():
        text = file.read_text(encoding="utf-8")
        forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|@import|url\("
        assert re.findall(forbidden, text) == [], name
        assert set(re.findall(r"https?://[^\s\"'`]*", text)) <= {"http://www.w3.org/2000/svg"}, name
        wanted |= set(re.findall(r'(?:src|href)="console/([^"]+)"|from "\./([^"]+)"', text))
    page = FILES["index.html"].read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! type=\"module\" src=)", page)
    assert {first or second for first, second in wanted} == set(FILES) - {"index.html"}


def test_every_kind_of_fault_can_be_chosen(control: httpx.Client) -> None:
    text = FILES["faults.js"].read_text(encoding="utf-8")
    kinds = re.findall(r'^  \["([^"]+)", "', text, re.MULTILINE)
    chosen = {kind.replace("status", "status:503") for kind in kinds}
    schema = Schema(faults.SCHEMA)
    assert [kind for kind in chosen if schema.problems({"kind": kind})] == []
    documented = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
    table = documented[documented.index("| Kind | The client sees") :].split("\n\n")[0]
    named = {kind for row in table.splitlines() for kind in re.findall(r"`([^`]+)`", row.split("|")[1])}
    assert {kind.replace("NNN", "503") for kind in named} - {"dialect:NAME"} <= chosen


def test_the_wheel_holds_every_file() -> None:
    packed = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert {f"flireo_iac/emulator/console/{name}" for name in FILES} <= packed


@pytest.mark.parametrize("path", ["/calls/nothing/control", "/calls/nothing"])
def test_a_call_that_is_not_there_is_not_steered(control: httpx.Client, path: str) -> None:
    method = "POST" if path.endswith("control") else "GET"
    assert control.request(method, path, json={"type": "end-call"}).status_code == 404
