"""The list of leads, in every form that a spreadsheet saves, and in YAML: what is read is what stands there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stacks.writing import Files

CAMPAIGN = "name: R\nagent_id: ${agents.a.id}\nsystem_message_template: Hi {{name}}.\n"
ONE, TWO = "+31201234501", "+31201234502"


def leads(files: Files, content: str | bytes | None, more: str = "leads: {file: r.csv}\n") -> list[Any]:
    files.agent()
    files.write("campaigns/r.yaml", CAMPAIGN + more)
    if content is not None:
        files.write("campaigns/r.csv", content)
    loaded = files.load(None)
    assert loaded.errors == []
    found = loaded.items["campaigns.r"].inputs["leads"]
    names = [key.partition("/")[2] for key in loaded.items if key.startswith("leads.")]
    assert names == [lead["phone_number"] for lead in found]
    return [(lead["phone_number"][-1], (lead.get("variables") or {}).get("name")) for lead in found]


def problem(files: Files, content: str | bytes, more: str = "leads: {file: r.csv}\n") -> str:
    files.agent()
    files.write("campaigns/r.yaml", CAMPAIGN + more)
    files.write("campaigns/r.csv", content)
    return "\n".join(map(str, files.problems(None)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"phone_number,name\n{ONE},Robin\n{TWO},Sam\n", [("1", "Robin"), ("2", "Sam")]),
        (f"\ufeffphone_number,name\r\n{ONE},Robin\r\n", [("1", "Robin")]),
        (f"name;phone_number\nRobin, the first;{ONE}\n", [("1", "Robin, the first")]),
        (f"phone_number\tname\n{ONE}\tRobin", [("1", "Robin")]),
        (f'phone_number,name\n{ONE},"a ""b"", c"\n{TWO},"two\nlines"\n', [("1", 'a "b", c'), ("2", "two\nlines")]),
        (f"phone_number,name\n{ONE},${{secret.key}} $${{x}}\n", [("1", "${secret.key} $${x}")]),
        (f"phone_number,name\n{ONE},01234\n{TWO}, 2026-01-01 \n", [("1", "01234"), ("2", " 2026-01-01 ")]),
        (f"phone_number,name\n\n{ONE},é\n,\n\n", [("1", "é")]),
        ("phone_number,name\n", []),
        ("phone_number,name", []),
    ],
)
def test_a_file_means_what_stands_in_it(files: Files, content: str, expected: list[Any]) -> None:
    assert leads(files, content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "r.csv:1:1"),
        (f"phone_nr,name\n{ONE},Robin\n", 'has 0 columns "phone_number"'),
        (f"phone_number,phone_number\n{ONE},{TWO}\n", 'has 2 columns "phone_number"'),
        (f"phone_number,name,name\n{ONE},a,b\n", 'names "name" twice'),
        (f"phone_number,name,\n{ONE},a,b\n", "a column has no name"),
        (f"phone_number,name\n{ONE},a,b\n", "r.csv:2:1"),
        (f'phone_number,name\n{ONE},"a" b\n', "Mend the quotes"),
        (f"phone_number,name\n{ONE},a\n{ONE},b\n", "stands at"),
        (f"phone_number,nmae\n{ONE},a\n", 'no variable "name"'),
        ("phone_number,name\n0201234501,a\n", "r.csv:2:1"),
        (b"phone_number,name\n+31201234501,\xff\n", "r.csv"),
    ],
)
def test_a_wrong_file_is_told_of_with_its_line(files: Files, content: str | bytes, expected: str) -> None:
    assert expected in problem(files, content)


def test_a_wrong_key_in_yaml_is_told_of(files: Files) -> None:
    assert 'campaigns/r.yaml:4:8  FL231 leads has the key "fiel"' in problem(files, "", "leads: {fiel: r.csv}\n")
    assert "leads[0].phone" in problem(files, "", f'leads: [{{phone: "{ONE}"}}]\n')


@pytest.mark.parametrize("written", ["01234", "1.50", "2026-01-01", "true", "1e3", "0x1F", "12:30", '"7"'])
def test_a_variable_in_yaml_is_the_text_that_was_written(files: Files, written: str) -> None:
    more = f"leads:\n- phone_number: {ONE}\n  variables: {{name: {written}}}\n"
    assert leads(files, None, more) == [("1", written.strip('"'))]
