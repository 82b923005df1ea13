"""What a reader sees."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from rich.console import Console

from flireo_iac.engine.model.diff import compare
from flireo_iac.engine.model.events import Message, Op, Phase, Severity, StepEnded, StepStarted, Summary
from flireo_iac.engine.model.redact import Redactor
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.values import UNKNOWN, Secret
from flireo_iac.engine.show.difftext import change_lines, output_lines, property_lines
from flireo_iac.engine.show.display import TextDisplay, duration

URN = "urn:pulumi:dev::lab::pulumi-python:dynamic/flireo:Agent::desk"


def test_changed_texts_are_line_diffs_and_secrets_stay_hidden() -> None:
    old = {
        "text": "a\nb\nc\nd\ne\nf\ng\nh\n",
        "n": 1,
        "gone": [1],
        "token": Secret("x"),
        "__provider": "p",
        "deep": {"x": "1"},
    }
    new = {
        "text": "a\nB\nc\nd\ne\nf\ng\nH\r\n",
        "n": 2.5,
        "more": "m",
        "token": Secret("y"),
        "__provider": "q",
        "deep": {"x": UNKNOWN},
    }
    lines = [f"{sign}|{text}" for sign, text in change_lines(compare(old, new))]
    assert lines == [
        '~|deep.x: "1" => (known after the update)',
        "-|gone: [1]",
        '+|more: "m"',
        "~|n: 1 => 2.5",
        "~|text:",
        "|    a",
        "-|    b",
        "+|    B",
        "|    c",
        "|    d",
        "|    ...",
        "|    f",
        "|    g",
        "-|    h",
        "+|    H\\r",
        "~|token: [secret] => [secret]",
    ]


def test_a_long_list_is_cut_short() -> None:
    old, new = {"leads": [{"n": n} for n in range(50)]}, {"leads": [{"n": n + 1} for n in range(50)]}
    changed = [text for _, text in change_lines(compare(old, new))]
    assert len(changed) == 21
    assert changed[-1] == "... 30 more places in leads"
    made = [text for _, text in property_lines("+", {"leads": list(range(50)), "names": ["a"] * 50})]
    assert made[-1].strip() == "... 30 more"
    assert len(made) == 23


def test_new_properties_are_listed_and_long_texts_cut() -> None:
    lines = list(property_lines("+", {"text": "1\n2\n3\n4\n5\n", "list": [{"a": 1}], "token": Secret("x"), "__p": 1}))
    assert [text for _, text in lines] == [
        "list:",
        "    [0]:",
        "        a: 1",
        "text:",
        "    1",
        "    2",
        "    3",
        "    ... 2 more lines",
        "token: [secret]",
    ]
    outputs = list(output_lines({"a": 1, "b": 2, "d": 4}, {"a": 1, "b": 3, "c": Secret(1)}, changed_only=True))
    assert outputs == [("~", "b: 2 => 3"), ("+", "c: [secret]"), ("-", "d: 4")]


def shown(*events: StepStarted | StepEnded | Message | Phase | Summary, diff: bool = False) -> str:
    buffer = io.StringIO()
    display = TextDisplay(Console(file=buffer, width=80, highlight=False, soft_wrap=True), diff=diff)
    for event in events:
        display(event)
    display.close()
    return buffer.getvalue()


def test_a_run_reads_from_top_to_bottom() -> None:
    phase = Phase("update", dry_run=False, stack="dev")
    old = Resource(URN, "t", custom=True, inputs={"text": "a\nb\n"})
    new = Resource(URN, "t", custom=True, inputs={"text": "a\nc\n"})
    step = StepStarted(Op.UPDATE, URN, old, new, compare(old.inputs, new.inputs), ("text",))
    text = shown(
        phase,
        Message("the program says [brackets]", output=True),
        step,
        Message("429: waiting 2 s", urn=URN, ephemeral=True),
        Message("look\nat this", Severity.WARNING, URN),
        StepEnded(step, failed=False, seconds=2.4),
        Message("lost and found", Severity.ERROR, URN + "2"),
        Message("of no resource", Severity.INFO),
        Summary(phase, Counter({Op.UPDATE: 1, Op.SAME: 12, Op.CREATE: 2}), 61.2, failed=True, outputs={"x": 1}),
        diff=True,
    )
    assert text == (
        "Updating (dev):\n"
        "   | the program says [brackets]\n"
        "     flireo:Agent desk: 429: waiting 2 s\n"
        "  ~  flireo:Agent desk  updated [text] (2s)\n"
        "      ~ text:\n"
        "            a\n"
        "      -     b\n"
        "      +     c\n"
        "      warning: look\n"
        "               at this\n"
        "  of no resource\n"
        "     flireo:Agent desk2\n"
        "      error: lost and found\n"
        "Outputs:\n"
        "  + x: 1\n"
        "Resources: + 2 created, ~ 1 updated, 12 unchanged\n"
        "Duration: 1m01s\n"
        "The update failed.\n"
    )


def test_a_preview_says_what_would_happen() -> None:
    phase = Phase("preview", dry_run=True, stack="dev")
    section = Phase("refresh", dry_run=True, stack="dev", section=True)
    gone = StepStarted(Op.DELETE, URN, Resource(URN, "t", custom=True), None)
    replacing = StepStarted(Op.REPLACE, URN, None, None, replace_keys=("kind",))
    creating = StepStarted(Op.CREATE_REPLACEMENT, URN, None, None)
    text = shown(
        phase,
        section,
        StepEnded(gone, failed=False, seconds=0),
        Summary(section, Counter({Op.DELETE: 1}), 1, failed=False),
        section,
        Summary(section, Counter({Op.SAME: 3}), 1, failed=False),
        StepEnded(creating, failed=False, seconds=0),
        StepEnded(replacing, failed=False, seconds=0),
        Summary(phase, Counter({Op.REPLACE: 1}), 0.2, failed=False, outputs={"x": 1}, old_outputs={"x": 1}),
    )
    assert text == (
        "Previewing update (dev):\n"
        "  Refreshing first:\n"
        "  -  flireo:Agent desk  is gone\n"
        "  Refreshing first:\n"
        "     nothing was changed outside (3 resources read)\n"
        "  +- flireo:Agent desk  replace [kind]\n"
        "Resources: +- 1 to replace\n"
        "Duration: 1s\n"
    )


@pytest.mark.parametrize(("seconds", "text"), [(0.1, "1s"), (59.4, "59s"), (60, "1m00s"), (3725, "62m05s")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_secrets_are_masked_in_every_form() -> None:
    redact = Redactor()
    redact.learn_properties(
        {"a": Secret({"b": ['say "hi"', "ab", "line one of a key\nline two of a key\n}"]}), "open": "open"}
    )
    redact.learn("true")
    assert redact('x say "hi" y') == "x [secret] y"
    assert redact('{"x": "say \\"hi\\""}') == '{"x": "[secret]"}'
    assert redact("ab true open }") == "ab true open }"  # too short, or no secret
    assert redact("printed: line two of a key") == "printed: [secret]"
    redact.learn("longer than say")
    redact.learn("longer")
    assert redact("longer than say") == "[secret]"
