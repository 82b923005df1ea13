"""The leads of a campaign: read from the file or the list that it names, checked, and made items of their own.

In a CSV file the column ``phone_number`` says whom to call; every other column is a variable, an empty cell is none.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flireo_iac.errors import Problem
from flireo_iac.stacks.nodes import Entry, ListNode, MapNode, Node, ScalarNode, named
from flireo_iac.stacks.prompts import TextFile, TextFiles
from flireo_iac.stacks.values import ItemRef, Place, Unresolved, is_marker

NUMBER = "phone_number"
_SLOT = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
_OF_THE_CALL = frozenset({"phoneNumber", "phone_number", "customer", "call", "timestamp"})
"""What the platform fills in by itself. Source: contract, AssistantRequestPayload; inferred for campaigns."""
_SHOWN = 5
"""Lines that a text names at most."""


def lay_in_leads(campaign: MapNode, beside: Path, files: TextFiles, problems: list[Problem]) -> MapNode:
    """Put the rows of the file that ``leads`` names in its place.

    Args:
        campaign: The campaign, with everything filled in.
        beside: Folder of the campaign's file.
        files: The text files of the stack.
        problems: Where problems go: FL131 and FL133 for a file that cannot be read, FL231 for one that is no list.
    """
    block = campaign.get("leads")
    if not isinstance(block, MapNode):
        return campaign
    name = block.get("file")
    more = [key for key in block.entries if key != "file"]
    if not isinstance(name, ScalarNode) or not isinstance(name.value, str | Unresolved) or more:
        what = f'has the key "{more[0]}"' if more else f"is {named(block)}"
        text = f"leads {what}, expected a list, or a file and nothing else: {{file: leads.csv}}."
        problems.append(block.place.problem("FL231", text))
        return campaign.having("leads", ScalarNode(block.place, Unresolved()))
    made: Node = ScalarNode(block.place, Unresolved())
    if isinstance(name.value, str):
        found = files.find(name.value, beside, name.place)
        if isinstance(found, TextFile):
            rows = _rows(found, problems)
            made = made if rows is None else ListNode(Place(found.shown, 1, 1), tuple(rows))
        else:
            problems.append(found)
    return campaign.having("leads", made)


def _rows(file: TextFile, problems: list[Problem]) -> list[MapNode] | None:
    head = file.text.partition("\n")[0]
    comma = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(file.text, newline=""), delimiter=comma, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        wrong = _wrong_head(names)
        if wrong:
            problems.append(Place(file.shown, 1, 1).problem("FL231", wrong))
            return None
        return list(_leads(file, reader, names, problems))
    except csv.Error as error:
        text = f"the file is no CSV here ({error}), expected one lead a line. Mend the quotes."
        problems.append(Place(file.shown, reader.line_num, 1).problem("FL231", text))
        return None


def _wrong_head(names: Sequence[str]) -> str:
    if names.count(NUMBER) != 1:
        here = ", ".join(f'"{name}"' for name in names) or "nothing"
        return (
            f'the first line has {names.count(NUMBER)} columns "{NUMBER}", it names {here}; expected one of numbers to '
            "call, and one a variable beside it. Mend the first line."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f'the first line names "{twice[0]}" twice, expected each variable once. Rename one.'
    return "a column has no name, expected one for each variable. Name it, or take it out." if "" in names else ""


def _leads(
    file: TextFile, reader: Iterator[list[str]], names: Sequence[str], problems: list[Problem]
) -> Iterator[MapNode]:
    line = 2
    for cells in reader:
        place = Place(file.shown, line, 1)
        line = reader.line_num + 1  # type: ignore[attr-defined]
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            text = f"the line has {len(cells)} cells, expected {len(names)} as in the first line. Mend the line."
            problems.append(place.problem("FL231", text))
            continue
        values = dict(zip(names, cells, strict=True))
        number = ScalarNode(place, values.pop(NUMBER).strip())
        variables = {name: Entry(place, ScalarNode(place, text)) for name, text in values.items() if text != ""}
        entries = {NUMBER: Entry(place, number)}
        yield MapNode(place, entries | ({"variables": Entry(place, MapNode(place, variables))} if variables else {}))


@dataclass(frozen=True)
class Lead:
    """One lead of a campaign.

    Args:
        name: Name of its resource: the campaign's, a slash, and the number.
        inputs: Inputs of its resource.
        place: Its line.
    """

    name: str
    inputs: Mapping[str, Any]
    place: Place


def leads_of(folder: str, name: str, node: MapNode, inputs: Mapping[str, Any], problems: list[Problem]) -> list[Lead]:
    """Give the leads of a campaign, after a look at them beside each other.

    Args:
        folder: Folder of campaigns.
        name: Name of the campaign.
        node: Its tree, with the rows of a file laid in.
        inputs: Its inputs.
        problems: Where problems go: FL232 for a number that stands twice, FL233 and FL234 for variables.
    """
    leads, places = inputs.get("leads"), node.get("leads")
    if not isinstance(leads, list) or not isinstance(places, ListNode):
        return []
    found: dict[str, Lead] = {}
    for lead, each in zip(leads, places.items, strict=True):
        number = lead.get(NUMBER) if isinstance(lead, dict) else None
        if not isinstance(number, str):
            continue
        if number in found:
            text = f'campaign "{name}": {number} stands at {found[number].place} already. Take one of them out.'
            problems.append(each.place.problem("FL232", text))
            continue
        campaign = ItemRef(folder, name, "id", each.place)
        found[number] = Lead(f"{name}/{number}", {"campaign_id": campaign, **lead}, each.place)
    template = inputs.get("system_message_template")
    if found and (template is None or isinstance(template, str)):
        problems += _wrong_variables(name, template or "", list(found.values()), places.place)
    return list(found.values())


def _wrong_variables(name: str, template: str, leads: Sequence[Lead], place: Place) -> Iterator[Problem]:
    """Hold the variables of the leads against the slots of the template."""
    slots = dict.fromkeys(slot for slot in _SLOT.findall(template) if slot.partition(".")[0] not in _OF_THE_CALL)
    given = [(lead, lead.inputs.get("variables") or {}) for lead in leads]
    if any(not isinstance(variables, dict) or is_marker(variables) for _, variables in given):
        return
    for slot in slots:
        without = [lead.place for lead, variables in given if variables.get(slot) is None]
        if without:
            whose = "1 lead has" if len(without) == 1 else f"{len(without)} leads have"
            text = f'campaign "{name}": {whose} no variable "{slot}", which the template uses ({_lines(without)}).'
            yield without[0].problem("FL233", f"{text} Fill it in, or take the slot out.")
    for variable in dict.fromkeys(key for _, variables in given for key in variables):
        if variable not in slots:
            text = f'campaign "{name}": nothing uses the variable "{variable}" of its leads. '
            yield place.problem(
                "FL234", f"{text}Write {{{{{variable}}}}} into the template, or take it out.", "warning"
            )


def _lines(places: Sequence[Place]) -> str:
    shown = ", ".join(str(place.line) for place in places[:_SHOWN])
    more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return f"line{'s' * (len(places) > 1)} {shown}{more}"
