"""``${…}``: variables, secrets, references, literals, and what is none of ours."""

from __future__ import annotations

from typing import Any

import pytest

from flireo_iac.stacks.values import ItemRef, Place, SecretRef, Text
from tests.stacks.writing import Files

ANYWHERE = Place("")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${var.city}", "Utrecht"),
        ("in ${var.city}!", "in Utrecht!"),
        ("${ var.city }", "Utrecht"),
        ("${var.city}${var.city}", "UtrechtUtrecht"),
        ("${var.price} euros", "1.50 euros"),
        ("is ${var.live}", "is true"),
        ("is ${var.other}", "is False"),
        ("${var.greeting}", "Hello Utrecht"),
        ("$${var.city}", "${var.city}"),
        ("a $${ b", "a ${ b"),
        ("$$${var.city}", "$${var.city}"),
        ("$ {var.city}", "$ {var.city}"),
        ("{{name}}", "{{name}}"),
        ("it costs ${{amount}}", "it costs ${{amount}}"),
        ("{{ ${var.city} }}", "{{ Utrecht }}"),
        ("100% $5 $x }{", "100% $5 $x }{"),
        ("${var.dash-ed}", "d"),
    ],
)
def test_text_is_filled_in(files: Files, written: str, value: str) -> None:
    files.variables(
        city="Utrecht",
        price="1.50",
        live="true",
        other='"False"',
        greeting="Hello ${var.city}",
        **{"dash-ed": "d"},
    )
    files.write("agents/a.yaml", f"name: '{written}'\n")
    assert files.inputs()["name"] == value


@pytest.mark.parametrize(
    ("written", "value"),
    [("300", 300), ("true", True), ("1.5", 1.5), ("[1, x]", [1, "x"]), ("{a: {b: 1}}", {"a": {"b": 1}})],
)
def test_value_that_is_one_variable_keeps_its_type(files: Files, written: str, value: Any) -> None:
    files.variables(it=written)
    files.write("agents/a.yaml", "name: A\nspeech_config: {it: '${var.it}'}\n")
    found = files.inputs()["speech_config"]["it"]
    assert found == value
    assert type(found) is type(value)


def test_whole_block_can_be_a_variable(files: Files) -> None:
    files.variables(llm="{provider: openai, model: gpt-4o, temperature: 1}")
    files.write("agents/a.yaml", "name: A\nllm_config: ${var.llm}\n")
    assert files.inputs()["llm_config"] == {"provider": "openai", "model": "gpt-4o", "temperature": 1}


def test_text_is_taken_as_written_where_text_is_wanted(files: Files) -> None:
    files.variables(number="+31201234567", version="1.50")
    files.write("numbers/one.yaml", "phone_number: ${var.number}\nname: 007\n")
    files.write("numbers/two.yaml", "phone_number: +31201234568\nname: 2024\n")
    files.write("numbers/three.yaml", "phone_number: '+31201234569'\nname: ${var.version}\n")
    files.write("agents/a.yaml", "name: true\nwebhook_events: []\nmax_duration_seconds: 300\n")
    files.agent("  tools: [{name: f, description: 12, parameters: {minimum: 12}}]\n", name="b")
    assert files.inputs("numbers.one") == {"phone_number": "+31201234567", "name": "007"}
    assert files.inputs("numbers.two") == {"phone_number": "+31201234568", "name": "2024"}
    assert files.inputs("numbers.three") == {"phone_number": "+31201234569", "name": "1.50"}
    assert files.inputs() == {"name": "true", "webhook_events": [], "max_duration_seconds": 300}
    tool = files.inputs("agents.b")["llm_config"]["tools"][0]
    assert tool == {"name": "f", "description": "12", "parameters": {"minimum": 12}}


def test_whole_number_may_stand_where_a_number_is_wanted(files: Files) -> None:
    files.agent("  temperature: 1\n")
    assert files.inputs()["llm_config"]["temperature"] == 1


def test_secret_and_reference_become_markers(files: Files) -> None:
    files.variables(host="hooks.example.com")
    files.write("agents/a.yaml", "name: A\nwebhook_secret: ${secret.hook}\n")
    files.write("agents/b.yaml", "name: B\nwebhook_url: https://${var.host}/${agents.a.id}?k=${secret.hook}\n")
    files.write("numbers/n.yaml", "phone_number: '+31201234567'\nagent_id: ${agents.b.id}\n")
    secret = SecretRef("hook", ANYWHERE)
    reference = ItemRef("agents", "a", "id", ANYWHERE)
    assert files.inputs()["webhook_secret"] == secret
    url = files.inputs("agents.b")["webhook_url"]
    assert url == Text(("https://hooks.example.com/", reference, "?k=", secret))
    assert str(url) == "https://hooks.example.com/${agents.a.id}?k=${secret.hook}"
    assert files.inputs("numbers.n")["agent_id"] == ItemRef("agents", "b", "id", ANYWHERE)
    assert list(files.load().items) == ["agents.a", "agents.b", "numbers.n"]
    places = {name: list(map(str, found)) for name, found in files.load().secrets.items()}
    assert places == {"hook": ["agents/a.yaml:2:17", "agents/b.yaml:2:51"]}


def test_secret_may_come_through_a_variable(files: Files) -> None:
    files.variables(password="${secret.trunk}")
    files.write("trunks/t.yaml", "name: T\nhost: sip.example.com\npassword: ${var.password}\n")
    assert files.inputs("trunks.t")["password"] == SecretRef("trunk", ANYWHERE)


@pytest.mark.parametrize(
    ("written", "place", "rule", "words"),
    [
        ("'x ${var.nope} y'", "2:19", "FL122", '"nope" is not set in environment "dev"'),
        ("${var.citty}", "2:16", "FL122", 'did you mean "city"?'),
        ("${city}", "2:16", "FL121", "expected var.<name>, secret.<name> or <folder>.<item>.<field>"),
        ("${vars.city}", "2:16", "FL121", 'did you mean "var"?'),
        ("${agents.b}", "2:16", "FL121", "Write ${agents.b.id}"),
        ("'${var.city'", "2:17", "FL121", "no closing brace"),
        ("${include x.md}", "2:16", "FL121", "outside Markdown"),
        ("'x ${var.list}'", "2:19", "FL123", "is a list (variable list, environments/dev.yaml:3:9)"),
        ("'x ${var.null}'", "2:19", "FL123", "is empty"),
        ("'${var.city} ${var.nope}'", "2:29", "FL122", "nope"),
        ('"\\t${var.city} ${var.nope}"', "2:31", "FL122", "nope"),
    ],
)
def test_expression_that_is_not_known_is_a_problem_at_its_dollar(
    files: Files, written: str, place: str, rule: str, words: str
) -> None:
    files.write("environments/dev.yaml", "vars:\n  city: Utrecht\n  list: [1]\n  null: ~\n")
    files.write("agents/a.yaml", f"name: A\nfirst_message: {written}\n")
    files.write("agents/b.yaml", "name: B\n")
    assert files.found() == [f"agents/a.yaml:{place} {rule}"]
    assert words in files.problems()[0].text


def test_place_inside_a_block_scalar_is_that_of_the_dollar(files: Files) -> None:
    files.write("agents/a.yaml", "name: A\nfirst_message: |\n  Good day\n  from ${var.x} é ${var.y}\n")
    assert files.found() == ["agents/a.yaml:4:8 FL122", "agents/a.yaml:4:19 FL122"]


def test_variables_that_hold_each_other_are_reported_once(files: Files) -> None:
    files.variables(a="x ${var.b}", b="${var.c}", c="${var.a}")
    files.write("agents/a.yaml", "name: ${var.b}\n")
    assert [each.rule for each in files.problems()] == ["FL123"]
    assert "a -> b -> c -> a" in files.problems()[0].text


def test_unused_variable_is_checked_too(files: Files) -> None:
    files.variables(a="${var.nope}")
    files.write("agents/a.yaml", "name: A\n")
    assert files.found() == ["environments/dev.yaml:2:6 FL122"]


def test_wrong_value_of_a_variable_names_the_variable(files: Files) -> None:
    files.variables(limit="many")
    files.write("agents/a.yaml", "name: A\nmax_duration_seconds: ${var.limit}\n")
    assert files.found() == ["agents/a.yaml:2:23 FL104"]
    assert "(variable limit, environments/dev.yaml:2:10)" in files.problems()[0].text


def test_unresolved_value_brings_no_second_problem(files: Files) -> None:
    files.write("numbers/n.yaml", "phone_number: ${var.nope}\nis_active: ${var.nope}\nagent_id: ${var.nope}\n")
    assert [each.rule for each in files.problems()] == ["FL122"] * 3
