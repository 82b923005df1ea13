"""Whatever an account holds: what is pulled loads, says the same, and is not changed by a second pull."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection
from itertools import zip_longest
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flireo_iac.client import FlireoApi
from flireo_iac.core.adoption import Adopter, Item, Known, Verdict
from flireo_iac.core.canonical import canonical, comparable, same
from flireo_iac.core.diff import diff
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.lifecycle import Lifecycle
from flireo_iac.core.ports import Listing, Row
from flireo_iac.core.refresh import refreshed
from flireo_iac.kinds import KINDS, Kind, our_name
from flireo_iac.pull.holding import HIDDEN, held, hidden
from flireo_iac.pull.record import read_record
from flireo_iac.stacks.load import LoadedStack, load
from flireo_iac.stacks.values import ItemRef, SecretRef
from tests import strategies
from tests.pull.conftest import Org

LAW = settings(
    strategies.LAW,
    max_examples=strategies.LAW.max_examples // 2,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
NAMES = st.sampled_from(
    [
        "Receptionist",
        "receptionist",
        "RECEPTIONIST 🚲",
        "東京",
        "a/b",
        "../x",
        "con",
        "LPT1",
        "x" * 200,
        "Ünïcode",
        "${x}",
        *["null", "a\nb", " ", "1.50", "-", "&a *b", "# no", "Straße 12", "template", "\u202egnirts", "a'b\"c"],
    ]
) | strategies.TEXTS.filter(bool)
PROMPTS = (
    st.sampled_from(
        [
            "one\r\ntwo  \n",
            "\ufeffmark",
            "${var.x} $${y} ${{z}} $${{a}} ${include b}",
            "\n\n",
            "\x00\x07",
            "---\n# x",
            "  a",
        ]
    )
    | strategies.TEXTS
)


class Counting:
    """The API of an organization, with a count of its requests."""

    def __init__(self, api: FlireoApi) -> None:
        self.lists: Counter[str] = Counter()
        self.gets = 0
        self._api = api

    def list(self, kind: Kind, within: str = "") -> Listing:
        self.lists[kind.name] += 1
        return self._api.list(kind)

    def get(self, kind: Kind, id_: str) -> Row | None:
        self.gets += 1
        return self._api.get(kind, id_)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)


CONTAINERS = ("agent", "tool_template", "analysis_template", "sip_trunk", "phone_number")


@st.composite
def rows(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    row = draw(strategies.inputs(kind))
    if "name" in kind.inputs:
        row["name"] = draw(NAMES)
    if kind.name == "phone_number":
        row["phone_number"] = "+31" + str(draw(st.integers(10**8, 10**9 - 1)))
    block = row.get("llm_config")
    if isinstance(block, dict) and draw(st.booleans()):
        block["messages"] = [
            {"role": "system", "content": draw(PROMPTS)},
            *draw(st.sampled_from([[], block.get("messages") or []])),
        ]
    if draw(st.integers(0, 3)) == 0:
        row["newer_thing"] = draw(strategies.JSON)
    for name in draw(st.sets(st.sampled_from(sorted(kind.inputs)), max_size=2)):
        if not kind.inputs[name].is_required():
            row.pop(name, None)
            row[name] = None
    return row


ACCOUNTS = st.fixed_dictionaries({name: st.lists(rows(KINDS[name]), max_size=2) for name in CONTAINERS})


def fill(org: Org, drawn: dict[str, list[dict[str, Any]]], copies: bool) -> dict[str, dict[str, Any]]:
    """Let the account hold it, with references that lead somewhere, and with tools that are copies."""
    ids: dict[str, list[str]] = {}
    for name, objects in drawn.items():
        for number, values in enumerate(objects):
            row = dict(values)
            if name == "phone_number" and number == 0 and ids.get("agent"):
                row.pop("assistant_id", None)
                row["agent_id"] = ids["agent"][-1]
            if name == "agent" and copies and isinstance(row.get("llm_config"), dict):
                tools = [each["tool_config"] for each in drawn["tool_template"] if each["tool_type"] == "function"]
                row["llm_config"] = {**row["llm_config"], "tools": tools}
            ids.setdefault(name, []).append(org.put(KINDS[name], row))
    return ids  # type: ignore[return-value]


def in_the_account(org: Org, stack: LoadedStack, folder: Path, but: Collection[tuple[str, str]] = frozenset()) -> None:
    """Hold every item against its object, but for some fields."""
    record = read_record(folder, "dev")
    values = held(stack, record)
    for key, item in stack.items.items():
        row = next(row for row in org.api.list(item.kind).rows if row["id"] == record[key])
        theirs = canonical(item.kind.model, hidden(item.kind, row))
        said = {
            name: value
            for name, value in values[key].items()
            if value != HIDDEN and (key, name) not in but and theirs.get(our_name(item.kind.model, name)) != HIDDEN
        }
        # What the platform adds to a block by itself is nobody's to write.
        laid = refreshed(item.kind, said, theirs, {})
        wanted = {name: laid.inputs.get(name) if our_name(item.kind.model, name) in theirs else None for name in said}
        assert diff(item.kind, said, {our_name(item.kind.model, name): each for name, each in wanted.items()}) == ()
        ours, other = said.get("llm_config"), row.get("llm_config")
        if ours is not None and not but:
            assert isinstance(other, dict)
            assert same(ours.get("messages") or [], other.get("messages") or [])


@LAW
@given(drawn=ACCOUNTS, copies=st.booleans())
def test_what_is_pulled_says_what_the_account_holds(
    orgs: Callable[[], Org], drawn: dict[str, list[dict[str, Any]]], copies: bool
) -> None:
    org = orgs()
    fill(org, drawn, copies)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "stack"
        pulled = org.pull(folder)
        stack = load(folder, "dev")
        in_the_account(org, stack, folder)
        unsaid = {each.item for each in pulled.left if not each.field}
        assert len(stack.items) + len(unsaid) == sum(map(len, drawn.values()))
        again = org.pull(folder, write=False)
        assert [each.path for each in again.changes] == []
        assert again.by_hand == ()
        shutil.rmtree(folder / ".flireo", ignore_errors=True)
        assert [each.path for each in org.pull(folder, write=False).changes if each.before is not None] == []


def sent(org: Org, stack: LoadedStack, record: dict[str, str]) -> list[Item]:
    """Give the items as their program sends them, with the secrets that a person copies from the dashboard."""
    found = []
    for key, item in stack.items.items():
        row = next(row for row in org.api.list(item.kind).rows if row["id"] == record[key])
        inputs = {name: filled(value, row.get(name), record) for name, value in item.inputs.items()}
        urn = f"urn:pulumi:dev::shop::pulumi-python:dynamic/flireo:{item.kind.token}::{item.name}"
        found.append(Item(urn, item.kind, {**inputs, "__provider": "p"}))
    return found


def filled(value: Any, theirs: Any, ids: dict[str, str]) -> Any:
    """Fill ids and secrets in; the account shows some of the secrets."""
    match value:
        case ItemRef():
            return ids[value.key]
        case SecretRef():
            return f"secret {value.name}" if theirs is None else theirs
        case dict():
            beside = theirs if isinstance(theirs, dict) else {}
            return {key: filled(each, beside.get(key), ids) for key, each in value.items()}
        case list():
            row = theirs if isinstance(theirs, list) else []
            return [filled(each, other, ids) for each, other in zip_longest(value, row)][: len(value)]
        case _:
            return value


@LAW
@given(drawn=ACCOUNTS, copies=st.booleans())
def test_what_is_pulled_is_adopted_and_nothing_is_left_to_do(
    orgs: Callable[[], Org], drawn: dict[str, list[dict[str, Any]]], copies: bool
) -> None:
    org = orgs()
    fill(org, drawn, copies)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "stack"
        org.pull(folder)
        stack, record = load(folder, "dev"), read_record(folder, "dev")
    items = sent(org, stack, record)
    requests = Counting(org.api)
    inventory = Inventory(requests)
    adopter = Adopter(inventory, "acc", lambda value: False)
    matches = adopter.match(items, Known(recorded=record))
    assert [each.verdict for each in matches] == [Verdict.ADOPT] * len(items)
    lifecycle = Lifecycle(org.api, inventory)
    for each in matches:
        kind, row = each.item.kind, each.row or {}
        adopted = adopter.adopt(each.item, row)
        assert adopted.differences == ()
        assert diff(kind, adopted.existing.inputs, each.item.inputs) == ()
        there = adopted.existing
        again = lifecycle.read(kind, there.id, there.inputs, there.outputs, lambda severity, text: None)
        assert again is not None
        assert (again.inputs, again.outputs) == (there.inputs, there.outputs)
    assert requests.gets == 0
    assert set(requests.lists.values()) <= {1}


def resolved(value: Any, ids: dict[str, str]) -> Any:
    """Give inputs as an engine sends them into another organization."""
    match value:
        case ItemRef():
            return ids[value.key]
        case SecretRef():
            return f"secret {value.name}"
        case dict():
            return {key: resolved(each, ids) for key, each in value.items()}
        case list():
            return [resolved(each, ids) for each in value]
        case _:
            return value


@LAW
@given(drawn=ACCOUNTS, copies=st.booleans())
def test_another_organization_gets_the_same(
    orgs: Callable[[], Org], drawn: dict[str, list[dict[str, Any]]], copies: bool
) -> None:
    one, other = orgs(), orgs()
    for number in drawn["phone_number"][1:]:
        number |= {"agent_id": None, "assistant_id": None, "transfer_trunk_id": None}
    for number in drawn["phone_number"]:
        number |= {"transfer_trunk_id": None, "workflow_id": None}
    fill(one, drawn, copies)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "stack"
        one.pull(folder)
        stack = load(folder, "dev")
        record = read_record(folder, "dev")
    ids: dict[str, str] = {}
    for key, item in stack.items.items():
        ids[key] = other.put(item.kind, resolved(dict(item.inputs), ids))
    for key, item in stack.items.items():
        first = next(row for row in one.api.list(item.kind).rows if row["id"] == record[key])
        second = next(row for row in other.api.list(item.kind).rows if row["id"] == ids[key])
        for name in item.kind.inputs:
            a, b = (hidden(item.kind, canonical(item.kind.model, row)).get(name) for row in (first, second))
            if name == "agent_id" and a in record.values():
                assert ids[next(each for each, id_ in record.items() if id_ == a)] == b
            elif name in {our_name(item.kind.model, each) for each in item.inputs}:
                assert same(comparable(item.kind.model, name, a), comparable(item.kind.model, name, b))


@LAW
@given(drawn=ACCOUNTS, later=ACCOUNTS, copies=st.booleans(), is_shared=st.booleans())
def test_what_somebody_changes_comes_into_the_files(
    orgs: Callable[[], Org],
    drawn: dict[str, list[dict[str, Any]]],
    later: dict[str, list[dict[str, Any]]],
    copies: bool,
    is_shared: bool,
) -> None:
    org = orgs()
    ids = fill(org, drawn, copies)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "stack"
        org.pull(folder)
        if is_shared:
            (folder / "environments/other.yaml").write_text("# Everything as in dev.\n")
        before = repr(held(load(folder, "other"), read_record(folder, "dev"))) if is_shared else ""
        for name, objects in later.items():
            for id_, values in zip(ids.get(name, []), objects, strict=False):
                given_names = {our_name(KINDS[name].model, key) for key in values}
                empty = {key: None for key in KINDS[name].inputs if key not in given_names}
                org.replace(KINDS[name], id_, {**empty, **values})
        pulled = org.pull(folder, is_adding=True)
        stack = load(folder, "dev")
        by_hand = {(each.item, each.field.partition(".")[0].partition("[")[0]) for each in pulled.by_hand}
        in_the_account(org, stack, folder, by_hand)
        if is_shared:
            assert repr(held(load(folder, "other"), read_record(folder, "dev"))) == before
        again = org.pull(folder, write=False, is_adding=True)
        assert [each.path for each in again.changes] == []
        assert again.by_hand == pulled.by_hand
