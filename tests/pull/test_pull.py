"""A pull into a new folder: the files are those that a person would have written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.errors import SettingsError
from flireo_iac.kinds import FILE_KINDS, KINDS
from flireo_iac.pull.account import read_account
from flireo_iac.stacks.folder import read_folder
from flireo_iac.stacks.load import load, resolve
from tests.pull.conftest import Org

BLOCK = {"provider": "openai", "model": "gpt-4o"}
FUNCTION = KINDS["tool_template"].example["tool_config"]


def agent(org: Org, **more: Any) -> dict[str, Any]:
    return org.create("agent", name="Front desk", llm_config={**BLOCK, **more})


def text(folder: Path, path: str) -> str:
    return (folder / path).read_bytes().decode()


def test_an_agent_is_a_short_file_with_its_prompt_beside(org: Org, tmp_path: Path) -> None:
    if org.emulator.app.emulation.settings.dialect != "dec2025":
        pytest.skip("what the server fills in has another spelling")
    agent(org, messages=[{"role": "system", "content": "Say hello.\r\n"}], temperature=0.7, tools=[{"type": "endCall"}])
    org.pull(tmp_path / "stack")
    assert (tmp_path / "stack/agents/front_desk.md").read_bytes() == b"Say hello.\r\n"
    assert text(tmp_path / "stack", "agents/front_desk.yaml") == (
        "# yaml-language-server: $schema=../schema/agent.json\n"
        "name: Front desk\n"
        "first_message: Good day, how can I help?\n"
        "silence_timeout_seconds: 8\n"
        "stt_config:\n"
        "  provider: deepgram\n"
        "  model: nova-3-general\n"
        "  language: nl\n"
        "llm_config:\n"
        "  provider: openai\n"
        "  model: gpt-4o\n"
        "  prompt: front_desk.md\n"
        "  tools:\n"
        "    - type: endCall\n"
        "tts_config:\n"
        "  provider: openai\n"
        "  voiceId: alloy\n"
    )


def test_references_are_names(org: Org, tmp_path: Path) -> None:
    made = agent(org)
    trunk = org.create("sip_trunk")
    org.create("phone_number", agent_id=made["id"], transfer_trunk_id=trunk["id"])
    org.pull(tmp_path)
    written = text(tmp_path, "numbers/front_desk.yaml")
    assert "agent_id: ${agents.front_desk.id}\ntransfer_trunk_id: ${trunks.carrier.id}\n" in written
    assert 'phone_number: "+31201234567"\n' in written


def test_a_reference_that_leads_nowhere_stays_an_id(org: Org, tmp_path: Path) -> None:
    org.put(KINDS["phone_number"], {"phone_number": "+31201234567", "agent_id": "gone"})
    org.pull(tmp_path)
    assert "agent_id: gone\n" in text(tmp_path, "numbers/31201234567.yaml")


def test_copies_of_templates_are_named(org: Org, tmp_path: Path) -> None:
    org.create("tool_template")
    template = org.create("analysis_template")
    messages = [
        {"role": "system", "content": template["system_prompt"]},
        {"role": "user", "content": template["user_prompt"]},
    ]
    plan = {"enabled": True, "schema": template["schema"], "messages": messages}
    other = {**FUNCTION, "name": "other"}
    org.create(
        "agent",
        name="Front desk",
        llm_config={**BLOCK, "tools": [FUNCTION, {"type": "function", **FUNCTION}, other]},
        analysis_plan={"structuredDataPlan": plan, "minMessagesThreshold": 4},
    )
    org.pull(tmp_path)
    written = text(tmp_path, "agents/front_desk.yaml")
    assert "    - template: book_appointment\n    - template: book_appointment\n      type: function\n" in written
    assert "    - name: other\n" in written
    spellings = [each for each in ("minMessagesThreshold", "min_messages_threshold") if each in written]
    assert len(spellings) == 1, "as the server spells it"
    assert f"analysis_plan:\n  template: after_call\n  {spellings[0]}: 4\n" in written


def test_no_secret_is_written_and_each_is_told_of(org: Org, tmp_path: Path) -> None:
    server = {"url": "https://example.com", "secret": "canary-2"}
    org.create(
        "agent",
        name="Front desk",
        webhook_secret="canary-1",
        llm_config={**BLOCK, "tools": [{**FUNCTION, "server": server}]},
    )
    org.create("sip_trunk", password="canary-3")
    org.create("byok_key", api_key="canary-4")
    found = org.pull(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]
    assert {each.variable: each.is_readable for each in found.needed} == {
        "FLIREO_SECRET_FRONT_DESK_WEBHOOK_SECRET": True,
        "FLIREO_SECRET_FRONT_DESK_BOOK_APPOINTMENT_SERVER_SECRET": True,
        "FLIREO_SECRET_CARRIER_PASSWORD": False,
        "FLIREO_SECRET_OPENAI_API_KEY": False,
    }
    assert set(load(tmp_path, "dev").secrets) == {each.name for each in found.needed}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Straße, Größe 2", "strasse_grosse_2"),
        ("a/b\\c", "a_b_c"),
        ("../../etc/passwd", "etc_passwd"),
        ("CON", "agent_con"),
        ("x" * 200, "x" * 48),
        ("a very long name " * 20, "a_very_long_name_a_very_long_name_a_very_long"),
        ("🚲 shop", "shop"),
        ("Ĳsbrand's", "ijsbrands"),
    ],
)
def test_names_are_readable_and_safe(org: Org, tmp_path: Path, given: str, expected: str) -> None:
    org.create("agent", name=given)
    org.pull(tmp_path)
    assert [path.stem for path in (tmp_path / "agents").glob("*.yaml")] == [expected]


def test_a_name_without_latin_letters_ends_in_the_id(org: Org, tmp_path: Path) -> None:
    first, second = org.create("agent", name="東京のお店"), org.create("agent", name="東京 2")
    org.pull(tmp_path)
    expected = {f"agent_{first['id'][:8]}", f"2_{second['id'][:8]}"}
    assert {path.stem for path in (tmp_path / "agents").glob("*.yaml")} == expected


def test_names_stay_when_objects_are_renamed_or_gone(org: Org, tmp_path: Path) -> None:
    first, second = (org.create("agent", name=name) for name in ("Desk", "DESK"))
    org.pull(tmp_path)
    org.update("agent", first["id"], name="Reception")
    org.api.delete(KINDS["agent"], second["id"])
    org.create("agent", name="Desk")
    found = org.pull(tmp_path)
    assert found.gone == ("agents.desk_2",)
    assert "name: Reception\n" in text(tmp_path, "agents/desk.yaml")
    assert "name: DESK\n" in text(tmp_path, "agents/desk_2.yaml")
    assert "name: Desk\n" in text(tmp_path, "agents/desk_3.yaml")


def test_only_writes_what_is_asked_for(org: Org, tmp_path: Path) -> None:
    made = agent(org)
    org.create("phone_number", agent_id=made["id"])
    org.pull(tmp_path, "numbers.*")
    assert not (tmp_path / "agents").exists()
    assert f"agent_id: {made['id']}\n" in text(tmp_path, "numbers/front_desk.yaml")
    with pytest.raises(SettingsError, match="holds no such item"):
        org.pull(tmp_path, "agents.nobody")


def test_what_no_file_can_say_is_left_out_and_told(org: Org, tmp_path: Path) -> None:
    org.put(KINDS["agent"], {"name": "A", "webhook_url": "no url", "newer": 1, "llm_config": {**BLOCK, "n": 2**60}})
    org.put(KINDS["agent"], {"name": "", "first_message": "hi"})
    found = org.pull(tmp_path)
    assert {(each.item, each.field) for each in found.left if each.item == "agents.a"} == {
        ("agents.a", "webhook_url"),
        ("agents.a", "newer"),
        ("agents.a", "llm_config"),
    }
    assert [each.field for each in found.left if each.item != "agents.a"] == [""]
    assert set(load(tmp_path, "dev").items) == {"agents.a"}


def test_one_list_a_kind_and_no_write(org: Org, tmp_path: Path) -> None:
    agent(org)
    org.create("phone_number")
    before = _requests(org)
    org.pull(tmp_path)
    sent = _requests(org)[len(before) :]
    assert {each["method"] for each in sent} == {"GET"}
    assert len(sent) == len({each["path"] for each in sent}) == len(FILE_KINDS)


def _requests(org: Org) -> list[Any]:
    found: list[Any] = httpx.get(f"{org.emulator.control_url}/requests").json()["requests"]
    return found


def test_a_list_that_says_all_there_is_is_not_read_again(org: Org, tmp_path: Path) -> None:
    for name in ("A", "B", "C"):
        org.put(KINDS["agent"], {"name": name})
    before = _requests(org)
    org.pull(tmp_path)
    assert len(_requests(org)) - len(before) == len(FILE_KINDS) + 1


def test_a_brief_list_is_read_object_by_object(orgs: Callable[[], Org], tmp_path: Path) -> None:
    org = orgs()
    agent(org, messages=[{"role": "system", "content": "Say hello."}])
    httpx.put(f"{org.emulator.control_url}/settings", json={"lists": "brief"}).raise_for_status()
    try:
        org.pull(tmp_path)
    finally:
        httpx.put(f"{org.emulator.control_url}/settings", json={"lists": "full"}).raise_for_status()
    assert text(tmp_path, "agents/front_desk.md") == "Say hello."


def campaign(org: Org, leads: list[dict[str, Any]]) -> dict[str, Any]:
    return org.create("campaign", agent_id=agent(org)["id"], leads=leads, system_message_template="Say hello.")


@pytest.mark.parametrize(
    "odd", ["${secret.key}", "$${x}", 'a "b", c', "two\nlines", "tab\tsemi;", " around ", "01234", "\r", "é\u2028"]
)
def test_many_leads_stand_in_a_file_of_their_own(org: Org, tmp_path: Path, odd: str) -> None:
    leads = [{"phone_number": f"+3120123{number:04}", "variables": {"a": odd, "c": "1"}} for number in range(21)]
    leads[3]["variables"] = {"b": "x"}
    leads[4] = {"phone_number": leads[4]["phone_number"]}
    campaign(org, leads)
    org.pull(tmp_path)
    assert "leads:\n  file: renewals.csv\n" in text(tmp_path, "campaigns/renewals.yaml")
    assert text(tmp_path, "campaigns/renewals.csv").startswith("phone_number,a,c,b\n")
    found = resolve(read_folder(tmp_path), "dev").items["campaigns.renewals"].inputs["leads"]
    assert found == leads
    assert org.pull(tmp_path).changes == ()


@pytest.mark.parametrize("odd", [{"a": ""}, {"phone_number": "x"}, {" a": "x"}])
def test_leads_that_no_file_can_say_stand_with_their_campaign(org: Org, tmp_path: Path, odd: dict[str, str]) -> None:
    leads = [{"phone_number": f"+3120123{number:04}", "variables": {"a": "x", **odd}} for number in range(21)]
    campaign(org, leads)
    org.pull(tmp_path)
    assert not (tmp_path / "campaigns/renewals.csv").exists()
    assert resolve(read_folder(tmp_path), "dev").items["campaigns.renewals"].inputs["leads"] == leads


def test_a_short_list_of_leads_is_not_written(org: Org, tmp_path: Path) -> None:
    made = campaign(org, [{"phone_number": "+31201234501", "variables": {"a": "x"}}])
    control = f"{org.emulator.control_url}/objects/campaigns/{made['id']}"
    httpx.patch(control, json={"total_leads": 2}, headers={"Authorization": f"Bearer {org.key}"}).raise_for_status()
    account = read_account(org.api)
    assert account.incomplete == {"campaign_lead"}
    org.pull(tmp_path)
    assert "leads" not in text(tmp_path, "campaigns/renewals.yaml")
