"""Whatever three versions say: each place gets the class that its own three values have, and accepting settles it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from flireo_iac.core.canonical import same
from flireo_iac.core.existing import existing
from flireo_iac.core.inside import ABSENT
from flireo_iac.core.refresh import answer_digests, refreshed
from flireo_iac.core.threeway import Mover, mover_of, places
from flireo_iac.drift.accepting import accept
from flireo_iac.drift.compare import Versions, compare
from flireo_iac.drift.files import wanted_items
from flireo_iac.drift.model import DRIFTING, Applied, Held, ItemDrift
from flireo_iac.kinds import KINDS
from flireo_iac.pull.result import write_files
from flireo_iac.stacks.load import load
from tests import strategies

LEAVES = st.sampled_from([None, 0, 1, True, "a", "b", [], ["a"]])
FLAT = st.dictionaries(st.sampled_from("xyz"), LEAVES, max_size=3)
NESTED = st.fixed_dictionaries({"block": FLAT, "other": FLAT})


def flat(value: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {f"p.{above}.{key}": leaf for above, below in value.items() for key, leaf in below.items()}


@given(NESTED, NESTED, NESTED)
def test_each_place_is_judged_by_its_own_three_values(applied: Any, files: Any, account: Any) -> None:
    sides = flat(applied), flat(files), flat(account)
    expected = {}
    for path in {path for side in sides for path in side}:
        one, two, three = (side.get(path, ABSENT) for side in sides)
        equal = [one is other or (ABSENT not in (one, other) and same(one, other)) for one, other in
                 ((one, two), (one, three), (two, three))]  # fmt: skip
        if equal == [True, True, True]:
            continue
        match equal:
            case [_, _, True]:
                expected[path] = Mover.SAME
            case [_, True, _]:
                expected[path] = Mover.REPO
            case [True, _, _]:
                expected[path] = Mover.DASHBOARD
            case _:
                expected[path] = Mover.CONFLICT
    assert {each.path: each.mover for each in places("p", applied, files, account)} == expected


@given(st.lists(LEAVES | FLAT, min_size=3, max_size=3))
def test_two_sides_that_change_places_change_their_class(values: list[Any]) -> None:
    other = {Mover.REPO: Mover.DASHBOARD, Mover.DASHBOARD: Mover.REPO}
    applied, files, account = values
    found = mover_of(applied, files, account)
    assert mover_of(applied, account, files) == (other.get(found, found) if found is not None else None)


AGENT = KINDS["agent"]
FIELDS = {
    "first_message": st.sampled_from(["A", "B", "C\nD", "${x}", "1.50"]),
    "voicemail_message": st.sampled_from(["A", "null"]),
    "is_active": st.booleans(),
    "max_duration_seconds": st.integers(1, 3),
    "webhook_events": st.sets(st.sampled_from(["tool-calls", "status-update"]), min_size=1).map(sorted),
    "stt_config": st.fixed_dictionaries(
        {
            "provider": st.just("deepgram"),
            "model": st.just("nova-3-general"),
            "language": st.sampled_from(["nl", "en"]),
        },
        optional={"newer": st.sampled_from([1, {"a": [1]}])},
    ),
    "llm_config": st.fixed_dictionaries(
        {"provider": st.just("openai"), "model": st.sampled_from(["gpt-4o", "gpt-4o-mini"])},
        optional={
            "temperature": st.sampled_from([0, 0.5, 1]),
            "messages": st.sampled_from(["Be kind.", "Be\nbrief.", "${x}"]).map(
                lambda text: [{"role": "system", "content": text}]
            ),
            "tools": st.lists(
                st.sampled_from(
                    [
                        {"type": "endCall"},
                        {"name": "book", "description": "Books."},
                        {"name": "book", "description": "Books now.", "url": "https://a.example.com"},
                        {"name": "ask", "description": "Asks."},
                    ]
                ),
                unique_by=lambda tool: tool.get("name"),
                max_size=3,
            ),
        },
    ),
}
BARE = {"provider": "openai", "model": "gpt-4o"}
VERSION = st.fixed_dictionaries({"name": st.sampled_from(["Desk", "Front"])}, optional=FIELDS)


@settings(
    parent=strategies.LAW,
    max_examples=max(strategies.LAW.max_examples // 2, 10),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(VERSION, VERSION, VERSION)
@example(
    {"name": "Desk", "llm_config": BARE},
    {"name": "Desk", "llm_config": BARE},
    {"name": "Desk", "llm_config": {**BARE, "tools": [{"type": "endCall"}]}},
)
@example({"name": "Desk", "is_active": False}, {"name": "Desk"}, {"name": "Desk", "is_active": True})
def test_what_is_accepted_is_no_drift_any_more(
    applied: dict[str, Any], files: dict[str, Any], account: dict[str, Any]
) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "agents").mkdir()
        (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
        (folder / "agents/desk.yaml").write_text(yaml.safe_dump(escaped(files), sort_keys=False))
        row = {"id": "1", **applied}
        state = existing(AGENT, applied, row, answer_digests(AGENT, applied, row))
        resource = Applied("urn", AGENT, "desk", "1", state.inputs, state.outputs)
        now = {"id": "1", **dict.fromkeys(applied), "is_active": True, **account}
        shown = refreshed(AGENT, applied, now, state.outputs["__answer"], is_whole=True)
        held = {"urn": Held(shown.inputs, now)}

        def compared() -> tuple[ItemDrift, ...]:
            stack = load(folder)
            return compare(Versions([resource], held, wanted_items(stack, {"agents.desk": resource}, {})))

        before = compared()
        moved = [each.place.path for item in before for each in item.fields if each.place.mover in DRIFTING]
        kept = {each.place.path for item in before for each in item.fields if each.place.mover is Mover.REPO}
        found = accept(folder, load(folder), [resource], held, {"agents.desk": moved})
        write_files(folder, {each.path: each.after for each in found.changes})
        after = {each.place.path: each.place.mover for item in compared() for each in item.fields}
        assert found.by_hand == ()
        assert [path for path, mover in after.items() if mover in DRIFTING] == []
        assert kept <= set(after)


def escaped(value: Any) -> Any:
    match value:
        case str():
            return value.replace("${", "$${")
        case dict():
            return {key: escaped(each) for key, each in value.items()}
        case list():
            return [escaped(each) for each in value]
    return value
