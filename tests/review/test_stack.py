from __future__ import annotations

import pytest

from flireo_iac.errors import SettingsError
from flireo_iac.review.document import document
from flireo_iac.review.markdown import comment
from flireo_iac.review.model import FieldChange, ItemChange, Review
from flireo_iac.review.page import page
from flireo_iac.review.plainwords import counted
from flireo_iac.review.text import Lines
from tests.review.reviews import NUMBER, Change

TRUNK = "name: Carrier\nhost: sip.example.com\nport: {port}\nusername: shop\npassword: {password}\n"
TOOL = """name: Book
tool_type: function
tool_config:
  name: book
  description: Books {what}.
  url: https://hooks.example.com/book
  parameters: {{type: object}}
"""


def changed(item: ItemChange) -> dict[str, tuple[object, object]]:
    return {field.path: (field.old, field.new) for field in item.fields}


def forms(review: Review) -> dict[str, str]:
    return {
        "md": comment(review),
        "html": page(review),
        "text": "\n".join(line.plain for line in Lines().of(review)),
        "json": str(document(review)),
    }


def test_nothing_changes(change: Change) -> None:
    change.agent("desk", "Be brief.\n", 1)
    assert change.review().environments == ()


def test_an_environment_that_the_change_does_not_reach_is_named(change: Change) -> None:
    change.agent("desk", "Be brief, ${var.company}.\n", 1)
    change.before["environments/dev.yaml"] = "vars: {company: Dev}\n"
    change.before["environments/prod.yaml"] = "vars: {company: Shop}\n"
    change.after["environments/prod.yaml"] = "vars: {company: Store}\n"
    found = change.review()
    assert [each.name for each in found.environments] == ["prod"]
    assert found.untouched == ("dev",)
    (text,) = found.environments[0].items[0].texts
    assert [piece.text for piece in text.passages[0].pieces] == ["Be brief,", " Shop", " Store", "."]


def test_environments_that_come_go_and_are_not_there(change: Change) -> None:
    change.agent("desk", "Be brief.\n")
    change.before["environments/dev.yaml"] = "vars: {}\n"
    change.after |= {"environments/dev.yaml": None, "environments/prod.yaml": "vars: {}\n"}
    prod, dev = change.review().environments
    assert (prod.name, dict(prod.counts), prod.notes) == ("prod", {"create": 1}, ("This environment is new.",))
    assert dev.name == "dev"
    assert dev.items == ()
    assert "goes on until somebody destroys it" in dev.notes[0]
    with pytest.raises(SettingsError, match=r'environment "prd" is not in the stack.*did you mean "prod"'):
        change.review(("prd",))


def test_one_edit_of_a_shared_part_shows_every_agent_and_the_words_once(change: Change) -> None:
    for n in range(12):
        change.agent(f"desk{n:02}", f"You answer desk {n}.\n\n${{include rules.md}}\n", n)
    change.before["prompts/rules.md"] = "# Rules\n\nNever promise a price to anybody.\n"
    change.after["prompts/rules.md"] = "# Rules\n\nNever promise a day to anybody.\n"
    first, *others = change.only().items
    assert len(others) == 11
    assert first.texts[0].passages[0].shared == tuple(item.title for item in others)
    assert {item.texts[0].passages[0].same_as for item in others} == {first.title}
    text = comment(change.review())
    assert text.count("a <del>price</del> <ins>day</ins>") == 12  # in full once, and shortly beside each name
    assert text.count("Never promise a <del>") == 1 + text.count("the same change as in")
    assert all(f"+3197010200{n:03}" in text for n in range(12))


def test_a_template_is_shown_as_it_arrives_in_the_agent(change: Change) -> None:
    change.agent("desk", "Be brief.\n")
    change.before["agents/desk.yaml"] += "  tools:\n    - template: book\n    - type: endCall\n"
    change.before["tools/book.yaml"] = TOOL.format(what="a place")
    change.after["tools/book.yaml"] = TOOL.format(what="a day")
    item = change.item('agent "desk"')
    assert changed(item) == {"llm_config.tools[book].description": ("Books a place.", "Books a day.")}


def test_an_entry_that_comes_first_does_not_change_those_behind_it(change: Change) -> None:
    change.agent("desk", "Be brief.\n")
    change.before["agents/desk.yaml"] += "  tools:\n    - template: book\n"
    change.before["tools/book.yaml"] = TOOL.format(what="a place")
    change.after["agents/desk.yaml"] = change.before["agents/desk.yaml"].replace(
        "  tools:\n", "  tools:\n    - type: endCall\n"
    )
    (field,) = change.item('agent "desk"').fields
    assert (field.path, field.operation) == ("llm_config.tools[endCall]", "add")


def test_what_goes_stands_first_with_its_consequence_and_who_meets_it(change: Change) -> None:
    change.agent("desk", "Be brief.\n", 1)
    change.agent("night", "Be brief.\n", 2)
    change.before["trunks/carrier.yaml"] = TRUNK.format(port=5060, password="${secret.trunk}") + "protect: false\n"
    change.before["numbers/line1.yaml"] += "transfer_trunk_id: ${trunks.carrier.id}\n"
    change.after["trunks/carrier.yaml"] = TRUNK.format(port=5061, password="${secret.trunk}") + "protect: false\n"
    change.after["numbers/line2.yaml"] = None
    change.after["agents/desk.md"] = "Be kind.\n"
    found = change.only()
    assert [(item.op, item.title) for item in found.items] == [
        ("delete", 'phone number "line2"'),
        ("replace", 'sip trunk "carrier"'),
        ("update", 'agent "desk"'),
        ("update", 'phone number "line1"'),
    ]
    number, trunk, agent, user = found.items
    assert "not answered any more" in number.consequences[0]
    assert number.shown == 'phone number "line2" (+3197010200002 Line 2)'
    assert [each.title for each in trunk.reached] == ['phone number "line1"']
    assert trunk.fields == (FieldChange("port", "change", 5060, 5061, is_replacement=True),)
    assert [each.label for each in agent.reached] == ["+3197010200001 Line 1"]
    assert user.consequences == ("What it refers to is replaced: it takes the new id.",)
    assert [finding.rail for finding in found.findings] == ["protected"]


def test_what_has_to_be_asked_for_is_what_a_plan_has_to_ask_for(change: Change) -> None:
    for n in range(6):
        change.agent(f"desk{n}", "Be brief.\n", n)
        change.before[f"numbers/line{n}.yaml"] += "protect: false\n"
    change.after |= {f"numbers/line{n}.yaml": None for n in range(4)}
    change.after["numbers/line5.yaml"] = NUMBER.format(n=99, agent="desk5") + "protect: false\n"
    assert [each.flag for each in change.review().findings] == ["--allow many-deletes", "--allow replace:line5"]
    assert change.review(allow="many-deletes,replace:*").findings == ()


def test_a_protection_that_is_taken_away_is_told(change: Change) -> None:
    change.agent("desk", "Be brief.\n", 1)
    change.after["numbers/line1.yaml"] = change.before["numbers/line1.yaml"] + "protect: false\n"
    found = change.only()
    assert found.items == ()
    assert "is not protected any more" in found.notes[0]


def test_a_stack_with_problems_is_shown_as_far_as_it_goes(change: Change) -> None:
    change.agent("desk", "Be brief.\n", 1)
    change.after["agents/desk.md"] = "Be ${var.kind}.\n"
    found = change.only()
    assert found.problems[0].partition("agents/")[2].startswith('desk.md:1:4  FL122 variable "kind" is not set')
    assert found.items[0].title == 'agent "desk"'


@pytest.mark.parametrize("broken", ["before", "after"])
def test_an_item_that_cannot_be_read_is_neither_new_nor_deleted(broken: str, change: Change) -> None:
    change.agent("desk", "Be brief.\n", 1)
    change.after["agents/desk.yaml"] = change.before["agents/desk.yaml"]
    (change.before if broken == "before" else change.after)["agents/desk.yaml"] = "name: [x\n"
    found = change.only()
    assert found.items == ()
    assert found.findings == ()
    assert any("cannot be read: agents.desk" in note for note in found.notes)


def test_one_long_paragraph_shows_its_first_changes(change: Change) -> None:
    words = [f"word{n}" for n in range(4_000)]
    change.agent("desk", " ".join(words) + "\n")
    change.after["agents/desk.md"] = " ".join(f"{each}x" if n % 7 == 3 else each for n, each in enumerate(words)) + "\n"
    shown = forms(change.review())
    assert "<del>word3</del> <ins>word3x</ins>" in shown["md"]
    assert "[-word3-] {+word3x+}" in shown["text"]
    assert len(shown["md"]) < 65_536
    for form in ("md", "text"):
        assert "more changes in this passage" in shown[form], form


def test_an_environment_that_keeps_its_release_is_not_reached_and_its_release_not_read(change: Change) -> None:
    change.agent("desk", "Be brief.\n", 1)
    change.after["agents/desk.md"] = "Be kind.\n"
    pin = f"config:\n  flireo:release: v1@sha256:{'0' * 64}\n"
    change.before |= {"environments/prod.yaml": "vars: {}\n", "Pulumi.prod.yaml": pin}
    found = change.review()
    assert (found.environments, found.untouched) == ((), ("prod (runs v1)",))
    assert counted(change.review(("prod",)).environments[0]) == "not compared"
    change.after["environments/prod.yaml"] = "vars: {a: b}\n"
    assert change.only().problems != ()


@pytest.mark.parametrize("broken", ["before", "after"])
@pytest.mark.parametrize("text", ["vars: [x\n", "vars: x\n", "vars: {line: +1}\nomit: agents\n"])
def test_an_environment_that_cannot_be_read_is_not_compared(broken: str, text: str, change: Change) -> None:
    change.agent("desk", "Call ${var.line}.\n", 1)
    change.before["numbers/line1.yaml"] = NUMBER.format(n=1, agent="desk").replace('"+31970102000001"', "${var.line}")
    change.before["environments/dev.yaml"] = change.after["environments/dev.yaml"] = 'vars: {line: "+3197010200001"}\n'
    (change.before if broken == "before" else change.after)["environments/dev.yaml"] = text
    found = change.only()
    assert found.items == ()
    assert counted(found) == "not compared"
    said = found.problems if broken == "after" else found.notes
    assert f"{broken}/environments/dev.yaml" in said[0]


@pytest.mark.parametrize("broken", ["before", "after", "new"])
def test_a_prompt_that_cannot_be_made_is_not_shown_as_removed(broken: str, change: Change) -> None:
    change.agent("desk", "Be brief.\n\nNever shout.\n", 1)
    change.after["agents/desk.md"] = change.before["agents/desk.md"]
    (change.before if broken == "before" else change.after)["agents/desk.md"] = "Be brief.\n\n${include gone.md}\n"
    if broken == "new":
        change.after["agents/desk.yaml"] = change.before.pop("agents/desk.yaml")
        change.before.pop("numbers/line1.yaml")
    (item,) = change.only().items
    (text,) = item.texts
    assert (text.label, text.passages, text.is_made) == ("prompt", (), False)
    for form, shown in forms(change.review()).items():
        assert "could not be made" in shown or form == "json", form
        assert "shout" not in shown, form


def test_a_number_that_cannot_be_made_is_not_replaced(change: Change) -> None:
    change.agent("desk", "Be brief.\n", 1)
    change.after["numbers/line1.yaml"] = "phone_number: ${var.gone}\nname: Line 1\nagent_id: ${agents.desk.id}\n"
    found = change.only()
    assert [(item.op, item.title) for item in found.items] == [("update", 'phone number "line1"')]
    assert found.findings == ()


def test_a_pin_of_another_form_is_a_problem_and_not_no_change(change: Change) -> None:
    change.before["environments/prod.yaml"] = "vars: {}\n"
    change.agent("desk", "Be brief.\n", 1)
    change.after["Pulumi.prod.yaml"] = "config: {flireo:release: v1}\n"
    found = change.only()
    assert "FL151" in found.problems[0]
    assert counted(found) == "not compared"


def test_a_new_stack_is_all_new(change: Change) -> None:
    change.before = {}
    change.after = {"agents/desk.yaml": "name: Desk\nfirst_message: Hello.\n"}
    found = change.review()
    assert found.notes == ("There was no stack then: everything in it is new.",)
    assert changed(found.environments[0].items[0]) == {"name": (None, "Desk"), "first_message": (None, "Hello.")}


def test_a_new_item_is_one_block(change: Change) -> None:
    change.agent("desk", "Be brief.\n")
    night = change.before["agents/desk.yaml"].replace("name: desk", "name: Night")
    change.after["agents/night.yaml"] = f"{night}  temperature: 0.4\nwebhook_secret: ${{secret.hook}}\n"
    for form, shown in forms(change.review()).items():
        assert form == "json" or "llm_config:\n" in shown, form
        assert form == "json" or "webhook_secret: set (${secret.hook})" in shown, form
        assert "llm_config.temperature" not in shown or form == "json", form


CANARIES = ("canaryHunter", "canaryFisher", "canaryHook", "zq9x")
"""Single words, which no comparison takes apart; the last one is too short to be looked for in texts."""


def test_no_secret_is_in_any_form(change: Change) -> None:
    change.agent("desk", f"The password is {CANARIES[0]}.\n", 1)
    change.before["agents/desk.yaml"] += f"webhook_url: https://a.example.com/{CANARIES[2]}\n"
    change.after["agents/desk.yaml"] = change.before["agents/desk.yaml"] + f"webhook_secret: {CANARIES[2]}\n"
    change.before["trunks/carrier.yaml"] = TRUNK.format(port=5060, password=CANARIES[0])
    change.after["trunks/carrier.yaml"] = TRUNK.format(port=5060, password=CANARIES[1])
    change.before["trunks/other.yaml"] = TRUNK.format(port=5060, password="gone")
    change.after["trunks/other.yaml"] = TRUNK.format(port=5060, password=CANARIES[3])
    change.after["agents/desk.md"] = f"The password is {CANARIES[1]}.\n"
    change.before["byok/openai.yaml"] = "provider: openai\napi_key: ${secret.one}\n"
    change.after["byok/openai.yaml"] = "provider: openai\napi_key: ${secret.two}\n"
    review = change.review()
    shown = forms(review)
    for form, text in shown.items():
        assert [canary for canary in CANARIES if canary in text] == [], form
    secrets = {field.path: field for item in review.environments[0].items for field in item.fields if field.is_secret}
    assert set(secrets) == {"password", "webhook_secret", "api_key"}
    assert "password: changed" in shown["text"]
    assert "webhook_secret: set" in shown["text"]
    assert "api_key: changed (${secret.two})" in shown["text"]


KEYS = {
    "AKIAZ9X8C7V6B5N4M3L2": "The key is {}.",
    "sk-proj-canaryCanaryCanary1234": "Say {} to the model.",
    "canaryBearer0123456789abc": "Send Authorization: Bearer {} along.",
    "me:canaryUserinfo": "Ask https://{}@hooks.example.com/book.",
    "canaryQuery01": "Ask https://hooks.example.com/book?token={}&x=1.",
    "MIIcanaryPem": "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
}
"""What looks like a key, and where it stands in a prompt."""
HEADERS = ("canary-header-one", "canary-header-two", "tenantCanary")


def test_what_looks_like_a_key_is_in_no_form(change: Change) -> None:
    prompt = "\n\n".join(text.format(key) for key, text in KEYS.items())
    change.agent("desk", "Be brief.\n", 1)
    change.after["agents/desk.md"] = f"{prompt}\n"
    tool = f"{TOOL.format(what='a day')}  headers: {{X-Api-Key: {{}}, X-Tenant: {HEADERS[2]}, Accept: text/plain}}\n"
    change.before["tools/book.yaml"] = tool.replace("{}", HEADERS[0], 1).replace("{type", "{type")
    change.after["tools/book.yaml"] = tool.replace("{}", HEADERS[1], 1)
    change.after["agents/desk.yaml"] = change.before["agents/desk.yaml"] + (
        f"  tools:\n    - template: book\nfirst_message: Hello, {HEADERS[1]}.\n"
    )
    for form, text in forms(change.review()).items():
        assert [canary for canary in (*KEYS, *HEADERS) if canary in text] == [], form
        assert "text/plain" in text, form
    assert "[secret" in forms(change.review())["md"]


def test_a_key_that_changes_is_seen_to_change(change: Change) -> None:
    one, other = "AKIAZ9X8C7V6B5N4M3L2", "AKIAZ9X8C7V6B5N4M3L3"
    change.agent("desk", f"The key is {one}.\n")
    change.after["agents/desk.md"] = f"The key is {other}.\n"
    (text,) = change.item('agent "desk"').texts
    assert [piece.kind for piece in text.passages[0].pieces] == ["same", "gone", "new", "same"]


CAMPAIGN = """name: Renewals
agent_id: ${{agents.desk.id}}
status: {status}
leads: {{file: r.csv}}
"""


def test_a_campaign_that_calls_meets_a_change_of_its_agent(change: Change) -> None:
    change.agent("desk", "Be brief.\n", 1)
    change.before["campaigns/renewals.yaml"] = CAMPAIGN.format(status="scheduled")
    change.before["campaigns/later.yaml"] = CAMPAIGN.format(status="draft").replace("Renewals", "Later")
    change.before["campaigns/r.csv"] = "phone_number\n+31201234501\n+31201234502\n"
    change.after["agents/desk.md"] = "Be long.\n"
    met = {each.title: (each.label, each.is_active) for each in change.only().items[0].reached}
    assert met['campaign "renewals"'] == ("Renewals, scheduled, 2 leads", True)
    assert met['campaign "later"'] == ("Later, draft, 2 leads", False)
    assert len(met) == 3
    shown = forms(change.review())
    assert all("Renewals, scheduled, 2 leads" in text for text in shown.values()), shown


def test_a_change_of_most_leads_needs_a_word(change: Change) -> None:
    numbers = [f"+31201234{number:03}\n" for number in range(12)]
    change.agent("desk", "Be brief.\n")
    change.before["campaigns/renewals.yaml"] = CAMPAIGN.format(status="scheduled")
    change.before["campaigns/r.csv"] = "phone_number\n" + "".join(numbers)
    change.after["campaigns/r.csv"] = "phone_number\n" + "".join(numbers[5:])
    (finding,) = change.only().findings
    assert '5 of the 12 of "renewals"' in finding.text
