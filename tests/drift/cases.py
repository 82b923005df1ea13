"""The cases of drift: what was applied, what the files and the account became, and the class that each place gets.

``python -m tests.drift.cases --write`` plays them and writes docs/drift-cases.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from flireo_iac.emulator.server import Running, running
from flireo_iac.kinds import KINDS
from tests.drift.stage import Stage, classes

PAGE = Path(__file__).parents[2] / "docs" / "drift-cases.md"
REPO, DASHBOARD, CONFLICT = "repo ahead", "dashboard ahead", "conflict"
GONE, ADOPTED_GONE, NOT_MADE, TO_DELETE = "gone", "adopted but gone", "not yet made", "to be deleted"
NOWHERE = "—"


@dataclass(frozen=True)
class Case:
    """One case.

    Args:
        title: What happened.
        applied: What the file said at the last deployment; None when there was no such file.
        files: What it says now; None when there is no such file any more.
        account: What the dashboard changed; None when the object was deleted.
        expected: Class of each place by its path; empty path for the object as a whole.
        kind: Name of the kind.
        secret: Value that the secret ``hook`` or ``key`` has now; None when it has the value of the deployment.
        others: More files of the stack, which stay.
        record: True when the item was pulled, not deployed.
    """

    title: str
    applied: Mapping[str, Any] | None
    files: Mapping[str, Any] | None
    account: Mapping[str, Any] | None = field(default_factory=dict)
    expected: Mapping[str, str] = field(default_factory=dict)
    kind: str = "agent"
    secret: str | None = None
    others: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    record: bool = False


LLM = {"provider": "openai", "model": "gpt-4o", "temperature": 0.4}
STT = {"provider": "deepgram", "model": "nova-3-general", "language": "en"}
SAYS_A = {"messages": [{"role": "system", "content": "Be kind."}]}
SAYS_B = {"messages": [{"role": "system", "content": "Be brief."}]}
SAYS_C = {"messages": [{"role": "system", "content": "Be rude."}]}
BOOK: dict[str, Any] = {
    "name": "book",
    "description": "Books.",
    "parameters": {"type": "object"},
    "url": "https://a.example.com",
}
ASK = {"name": "ask", "description": "Asks.", "parameters": {"type": "object"}, "url": "https://a.example.com"}
END = {"type": "endCall"}
TOOL: dict[str, Any] = {
    "name": "Book",
    "tool_type": "function",
    "tool_config": {k: v for k, v in BOOK.items() if k != "url"},
}
TRUNK = {"name": "Trunk", "host": "sip.example.com", "port": 5060, "username": "u", "password": "${secret.key}"}


def agent(title: str, applied: Any, files: Any, account: Any, expected: Mapping[str, str], **more: Any) -> Case:
    """A case of an agent called Desk."""
    before, after = (None if each is None else {"name": "Desk", **each} for each in (applied, files))
    return Case(title, before, after, account, expected, **more)


def block(title: str, applied: Any, files: Any, account: Any, expected: Mapping[str, str], **more: Any) -> Case:
    """A case of the language model of an agent called Desk, whose other keys stay."""
    before, after = ({"llm_config": {**LLM, **each}} for each in (applied, files))
    changed = {} if account is None else {"llm_config": {**LLM, **account}}
    spelled = {f"llm_config.{path}": found for path, found in expected.items()}
    return agent(title, before, after, changed, spelled, **more)


A, B, C = ({"first_message": text} for text in "ABC")

CASES = (
    agent("nobody moved", A, A, {}, {}),
    agent("the file changed a value", A, B, {}, {"first_message": REPO}),
    agent("the dashboard changed a value", A, A, B, {"first_message": DASHBOARD}),
    agent("both changed it, to two values", A, B, C, {"first_message": CONFLICT}),
    agent("both changed it, to one value", A, B, B, {}),
    agent("the file took a field out", A, {}, {}, {"first_message": REPO}),
    agent("the dashboard emptied a field", A, A, {"first_message": None}, {"first_message": DASHBOARD}),
    agent("the file took it out, the dashboard emptied it", A, {}, {"first_message": None}, {}),
    agent("the file took it out, the dashboard changed it", A, {}, B, {"first_message": CONFLICT}),
    agent("the file changed it, the dashboard emptied it", A, B, {"first_message": None}, {"first_message": CONFLICT}),
    agent("the file says null", A, {"first_message": None}, {}, {"first_message": REPO}),
    agent("the file names a field for the first time", {}, A, {}, {"first_message": REPO}),
    agent("the file names one that the dashboard had set so", {}, A, A, {}),
    agent("the file names one that the dashboard had set otherwise", {}, A, B, {"first_message": REPO}),
    agent("the dashboard set a field that no file names", {}, {}, B, {}),
    agent("the dashboard set a block that no file names", {}, {}, {"stt_config": STT}, {}),
    agent(
        "two fields, each moved by one side",
        A,
        {**A, "voicemail_message": "Call again."},
        {"first_message": "C"},
        {"first_message": DASHBOARD, "voicemail_message": REPO},
    ),
    agent(
        "the dashboard switched it off",
        {"is_active": True},
        {"is_active": True},
        {"is_active": False},
        {"is_active": DASHBOARD},
    ),
    agent("the file took out a field that has a default", {"is_active": False}, {}, {}, {"is_active": REPO}),
    agent("the same, and the dashboard set the default", {"is_active": False}, {}, {"is_active": True}, {}),
    agent("a default is written out", {}, {"is_active": True}, {}, {}),
    agent(
        "a list without an order stands in another one",
        {"webhook_events": ["tool-calls", "status-update"]},
        {"webhook_events": ["tool-calls", "status-update"]},
        {"webhook_events": ["status-update", "tool-calls"]},
        {},
    ),
    agent(
        "a list without an order has one entry more",
        {"webhook_events": ["tool-calls"]},
        {"webhook_events": ["tool-calls"]},
        {"webhook_events": ["tool-calls", "status-update"]},
        {"webhook_events": DASHBOARD},
    ),
    agent("line ends differ", {"first_message": "A\r\nB"}, {"first_message": "A\nB"}, {}, {}),
    agent("a renamed agent", {}, {}, {"name": "Front"}, {"name": DASHBOARD}),
    block("the file changed a key of a block", {}, {"temperature": 0.7}, {}, {"temperature": REPO}),
    block("the dashboard changed a key of a block", {}, {}, {"temperature": 0.9}, {"temperature": DASHBOARD}),
    block(
        "two keys of a block, each moved by one side",
        {},
        {"temperature": 0.7},
        {"model": "gpt-4o-mini"},
        {"temperature": REPO, "model": DASHBOARD},
    ),
    block(
        "one key of a block, moved by both", {}, {"temperature": 0.7}, {"temperature": 0.9}, {"temperature": CONFLICT}
    ),
    block("the dashboard added a key to a block", {}, {}, {"top_p": 0.5}, {"top_p": DASHBOARD}),
    block("the dashboard added a key that the file wants, too", {}, {"top_p": 0.5}, {"top_p": 0.5}, {}),
    block(
        "the dashboard added a key that the file wants otherwise",
        {},
        {"top_p": 0.5},
        {"top_p": 0.7},
        {"top_p": CONFLICT},
    ),
    block("the dashboard took a key out of a block", {"top_p": 0.5}, {"top_p": 0.5}, {}, {"top_p": DASHBOARD}),
    block("the file took a key out of a block", {"top_p": 0.5}, {}, {"top_p": 0.5}, {"top_p": REPO}),
    block("both took a key out of a block", {"top_p": 0.5}, {}, {}, {}),
    block("the dashboard added a key that nobody knows", {}, {}, {"newer_thing": {"a": 1}}, {"newer_thing": DASHBOARD}),
    block("the dashboard set a key to its default", {}, {}, {"temperature": 0.7}, {"temperature": DASHBOARD}),
    block("the dashboard changed the prompt", SAYS_A, SAYS_A, SAYS_B, {"messages[system].content": DASHBOARD}),
    block("the file changed the prompt", SAYS_A, SAYS_B, SAYS_A, {"messages[system].content": REPO}),
    block("both changed the prompt", SAYS_A, SAYS_B, SAYS_C, {"messages[system].content": CONFLICT}),
    block("both changed the prompt to the same words", SAYS_A, SAYS_B, SAYS_B, {}),
    block(
        "the dashboard added a tool",
        {"tools": [END]},
        {"tools": [END]},
        {"tools": [END, BOOK]},
        {"tools[book]": DASHBOARD},
    ),
    block(
        "the dashboard took a tool out",
        {"tools": [BOOK, END]},
        {"tools": [BOOK, END]},
        {"tools": [END]},
        {"tools[book]": DASHBOARD},
    ),
    block(
        "each side added a tool",
        {"tools": [END]},
        {"tools": [END, ASK]},
        {"tools": [END, BOOK]},
        {"tools[ask]": REPO, "tools[book]": DASHBOARD},
    ),
    block(
        "each side changed a key of one tool",
        {"tools": [BOOK]},
        {"tools": [{**BOOK, "description": "B"}]},
        {"tools": [{**BOOK, "url": "https://b.example.com"}]},
        {"tools[book].description": REPO, "tools[book].url": DASHBOARD},
    ),
    block(
        "the file took a tool out that the dashboard changed",
        {"tools": [BOOK, END]},
        {"tools": [END]},
        {"tools": [{**BOOK, "description": "B"}, END]},
        {"tools[book]": CONFLICT},
    ),
    block(
        "the dashboard put the tools in another order",
        {"tools": [BOOK, END]},
        {"tools": [BOOK, END]},
        {"tools": [END, BOOK]},
        {"tools (order)": DASHBOARD},
    ),
    agent(
        "the file took a whole block out that the dashboard changed",
        {"stt_config": STT},
        {},
        {"stt_config": {**STT, "language": "nl"}},
        {"stt_config": CONFLICT},
    ),
    agent(
        "somebody changed the secret of the webhooks",
        {"webhook_secret": "${secret.hook}"},
        {"webhook_secret": "${secret.hook}"},
        {"webhook_secret": "canary-of-somebody"},
        {"webhook_secret": DASHBOARD},
    ),
    agent(
        "the secret of the webhooks was rotated here",
        {"webhook_secret": "${secret.hook}"},
        {"webhook_secret": "${secret.hook}"},
        {},
        {"webhook_secret": REPO},
        secret="canary-rotated",
    ),
    agent(
        "the secret was rotated here and there, to one value",
        {"webhook_secret": "${secret.hook}"},
        {"webhook_secret": "${secret.hook}"},
        {"webhook_secret": "canary-rotated"},
        {},
        secret="canary-rotated",
    ),
    Case(
        "somebody stored another key in the slot",
        {"provider": "openai", "api_key": "${secret.key}"},
        {"provider": "openai", "api_key": "${secret.key}"},
        {"provider": "openai", "api_key": "canary-of-somebody"},
        {"api_key": DASHBOARD},
        kind="byok_key",
    ),
    Case(
        "the key was rotated here, and somebody stored another one",
        {"provider": "openai", "api_key": "${secret.key}"},
        {"provider": "openai", "api_key": "${secret.key}"},
        {"provider": "openai", "api_key": "canary-of-somebody"},
        {"api_key": CONFLICT},
        kind="byok_key",
        secret="canary-rotated",
    ),
    Case(
        "somebody removed the key from its slot",
        {"provider": "openai", "api_key": "${secret.key}"},
        {"provider": "openai", "api_key": "${secret.key}"},
        None,
        {"": GONE},
        kind="byok_key",
    ),
    Case(
        "a trunk's password was rotated here",
        TRUNK,
        TRUNK,
        {},
        {"password": REPO},
        kind="sip_trunk",
        secret="canary-rotated",
    ),
    Case(
        "somebody changed a trunk's password: no answer shows it",
        TRUNK,
        TRUNK,
        {"password": "canary-of-somebody"},
        {},
        kind="sip_trunk",
    ),
    Case(
        "somebody changed a trunk's port",
        TRUNK,
        TRUNK,
        {"port": 5061},
        {"port": DASHBOARD},
        kind="sip_trunk",
    ),
    Case(
        "somebody took the agent from a number",
        {"phone_number": "+31201234567", "agent_id": "${agents.other.id}"},
        {"phone_number": "+31201234567", "agent_id": "${agents.other.id}"},
        {"agent_id": None},
        {"agent_id": DASHBOARD},
        kind="phone_number",
        others={"agents/other.yaml": {"name": "Other"}},
    ),
    Case(
        "the file gives a number another agent",
        {"phone_number": "+31201234567", "agent_id": "${agents.other.id}"},
        {"phone_number": "+31201234567", "agent_id": "${agents.night.id}"},
        {},
        {"agent_id": REPO},
        kind="phone_number",
        others={"agents/other.yaml": {"name": "Other"}, "agents/night.yaml": {"name": "Night"}},
    ),
    Case(
        "both gave a number another agent, the same one",
        {"phone_number": "+31201234567", "agent_id": "${agents.other.id}"},
        {"phone_number": "+31201234567", "agent_id": "${agents.night.id}"},
        {"agent_id": "${agents.night.id}"},
        {},
        kind="phone_number",
        others={"agents/other.yaml": {"name": "Other"}, "agents/night.yaml": {"name": "Night"}},
    ),
    Case(
        "somebody gave a template other parameters",
        TOOL,
        TOOL,
        {"tool_config": {**TOOL["tool_config"], "parameters": {"type": "object", "properties": {"a": {}}}}},
        {"tool_config.parameters.properties": DASHBOARD},
        kind="tool_template",
    ),
    Case(
        "somebody changed the hours of a campaign",
        {"name": "Calls", "agent_id": "${agents.other.id}", "schedule_start_time": "10:00"},
        {"name": "Calls", "agent_id": "${agents.other.id}", "schedule_start_time": "10:00"},
        {"schedule_start_time": "11:00:00"},
        {"schedule_start_time": DASHBOARD},
        kind="campaign",
        others={"agents/other.yaml": {"name": "Other"}},
    ),
    agent("the object is gone", A, A, None, {"": GONE}),
    agent("the object is gone, and so is its file", A, None, None, {"": GONE}),
    agent("the file is gone", A, None, {}, {"": TO_DELETE}),
    agent(
        "the file is gone, and the dashboard changed the object",
        A,
        None,
        B,
        {"": TO_DELETE, "first_message": DASHBOARD},
    ),
    agent("the file is new", None, A, {}, {"": NOT_MADE}),
    agent("the file was pulled, never adopted, and the object is there", None, A, {}, {"": NOT_MADE}, record=True),
    agent("the file was pulled, never adopted, and the object is gone", None, A, None, {"": ADOPTED_GONE}, record=True),
)


def play(case: Case, stage: Stage) -> dict[str, str]:
    """Play a case; gives the class of each place by its path."""
    kind = KINDS[case.kind]
    key, path = f"{kind.folder}.desk", f"{kind.folder}/desk.yaml"
    for other, content in case.others.items():
        stage.write(other, content)
    if case.record:
        row = stage.api.create(kind, {"name": "Desk"})
        stage.record[key] = str(row["id"])
        if case.account is None:
            stage.api.delete(kind, str(row["id"]))
    stage.write(path, case.applied)
    stage.deploy()
    if case.applied is not None and case.account is None:
        stage.api.delete(kind, stage.id_of(key))
    elif case.applied is not None and case.account:
        values = {name: _filled(value, stage) for name, value in case.account.items()}
        stage.edit(kind, stage.id_of(key), values)
    stage.write(path, case.files)
    if case.secret is not None:
        stage.secrets = dict.fromkeys(stage.secrets, case.secret)
    items = stage.drift()
    assert "canary" not in repr(items), case.title
    found = classes(items)
    assert all(name == key or name.startswith(f"{key}.") for name in found), found
    return {name.removeprefix(key).removeprefix("."): each for name, each in found.items()}


def _filled(value: Any, stage: Stage) -> Any:
    if isinstance(value, str) and value.startswith("${agents."):
        return stage.id_of(value[2:].removesuffix(".id}"))
    return value


INTRODUCTION = """\
# Cases of drift

What `flireo drift` calls each of them. This page is written by the test that plays them
(`python -m tests.drift.cases --write`): a deployment, an edit of the files, an edit in the dashboard, against the
emulator in each of its dialects. `same` is no drift: nothing moved, or both sides moved it to one value.
[drift.md](drift.md) says what the classes mean.
"""


def page(cases: Iterable[Case], found: Iterable[Mapping[str, str]]) -> str:
    """Give the page.

    Args:
        cases: The cases.
        found: What each came to.
    """
    lines = [INTRODUCTION, "| | What happened | Last applied | Files | Account | Class |", "|---|---|---|---|---|---|"]
    for number, (case, came_to) in enumerate(zip(cases, found, strict=True), 1):
        shown = [f"{path or 'the object'}: {each}" if path else each for path, each in came_to.items()]
        sides = [_side(case, each) for each in ("applied", "files", "account")]
        cells = [str(number), case.title, *sides, "<br>".join(shown) or "same"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _side(case: Case, side: str) -> str:
    """Say what one side holds: of the applied values what the others changed, of the others what they changed."""
    found: Mapping[str, Any] | None = getattr(case, side)
    if found is None:
        return "deleted" if side == "account" and case.expected.get("") in (GONE, ADOPTED_GONE) else NOWHERE
    if side == "account" and not found:
        return "as applied" if case.applied is not None else NOWHERE
    base = case.applied or {}
    if side == "files":
        gone = [f"no {name}" for name in base if name not in found]
        changed = {name: value for name, value in found.items() if base.get(name) != value or name not in base}
        text = ", ".join([*([_yaml(changed, base)] if changed else []), *gone])
        return text or ("another secret" if case.secret else "as applied")
    if side == "account":
        return _yaml(found, base)
    moved = {*(case.account or {}), *(name for name, value in base.items() if (case.files or {}).get(name) != value)}
    return _yaml({name: value for name, value in base.items() if name in moved} or base, {})


def _yaml(values: Mapping[str, Any], base: Mapping[str, Any]) -> str:
    """Write values in one line; of a block only the keys that differ."""
    shown = {}
    for name, value in values.items():
        if isinstance(value, dict) and isinstance(base.get(name), dict):
            inner = {key: each for key, each in value.items() if base[name].get(key) != each}
            inner |= {key: "(taken out)" for key in base[name] if key not in value}
            shown[name] = inner
        elif isinstance(value, dict) and name == "llm_config":
            shown[name] = {key: each for key, each in value.items() if LLM.get(key) != each} or LLM
        else:
            shown[name] = value
    shown = {name: _short(value) for name, value in shown.items() if value != {}}
    if not shown:
        return "as applied"
    text = yaml.safe_dump(shown, default_flow_style=True, sort_keys=False, width=1_000_000, allow_unicode=True).strip()
    text = json.dumps(shown) if "\n" in text else text
    text = text.replace("canary-of-somebody", "another one").replace("canary-rotated", "the new one")
    return f"`{text[1:-1]}`"


def _short(value: Any) -> Any:
    """Say a tool, and a message, in a word or two."""
    match value:
        case {"name": str(name), **rest} if "description" in rest:
            other = {key: each for key, each in rest.items() if each != BOOK[str(key)] and key != "description"}
            said = [] if str(rest["description"]).startswith(name[:1].upper() + name[1:]) else [rest["description"]]
            return {name: [*said, *other.values()]} if said or other else name
        case {"type": kind, **rest} if not rest:
            return kind
        case {"content": text}:
            return text
        case dict():
            return {key: _short(each) for key, each in value.items()}
        case list():
            return [_short(each) for each in value]
    return value


def play_all(emulator: Running) -> list[dict[str, str]]:
    """Play every case, each with an account of its own."""
    found = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            stage = Stage(Path(folder), emulator)
            try:
                found.append(play(case, stage))
            finally:
                stage.api.close()
    return found


def main() -> int:
    """Play every case; 1 when a class is another than expected, or the page is."""
    parser = argparse.ArgumentParser(prog="python -m tests.drift.cases", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/drift-cases.md")
    wanted = parser.parse_args()
    with running() as emulator:
        found = play_all(emulator)
    wrong = [
        f"{case.title}: {came_to}, expected {dict(case.expected)}"
        for case, came_to in zip(CASES, found, strict=True)
        if came_to != case.expected
    ]
    text = page(CASES, found)
    if wanted.write:
        PAGE.write_text(text, encoding="utf-8")
    is_same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
    sys.stdout.write("\n".join([*wrong, f"{len(CASES)} cases, {len(wrong)} other than expected", ""]))
    return 1 if wrong or not is_same else 0


if __name__ == "__main__":
    sys.exit(main())
