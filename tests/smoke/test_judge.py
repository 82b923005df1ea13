"""What a call has to bring: expectations that hold without a reason are failures, too; none of them needs a server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from flireo_iac.client.calls import PhoneCall
from flireo_iac.errors import Problem
from flireo_iac.lint import smoke_tests as lint
from flireo_iac.smoke.judge import judge
from flireo_iac.smoke.model import Heard, UsedTool
from flireo_iac.stacks.folder import read_file
from flireo_iac.stacks.load import load
from flireo_iac.stacks.nodes import MapNode
from flireo_iac.stacks.smoke_form import SmokeTestProperties
from flireo_iac.stacks.smoke_tests import SmokeTest, read_tests
from tests.smoke.conftest import FILES

TALK = (("assistant", "Good day."), ("user", "A repair, please."), ("assistant", "Which?"))


def failures(
    folder: Path, text: str, said: Sequence[tuple[str, str]] = TALK, tools: Sequence[UsedTool] = (), **more: Any
) -> list[str]:
    """Judge a call by a test, which is written without its agent."""
    path = folder / "test.yaml"
    path.write_text(f"agent: desk\n{text}\n")
    node = read_file(path, [])
    assert isinstance(node, MapNode)
    test = SmokeTest("test", SmokeTestProperties.model_validate(yaml.safe_load(path.read_text())), node)
    messages = [{"role": role, "content": content} for role, content in said]
    call = PhoneCall.model_validate({"id": "1", "status": "ended", "messages": messages, **more})
    return [each.text for each in judge(test, Heard(call, tools)).failures]


@pytest.mark.parametrize(
    ("expected", "said", "found"),
    [
        ("{never_contains: repair}", TALK, []),
        ("{never_contains: repair}", TALK[1:2], ['the agent never speaks, so that it proves nothing that "repair" is']),
        ("{speaker: caller, never_matches: x}", TALK[:1], ["the caller never speaks, so that it proves nothing that"]),
        ("{speaker: anyone, never_contains: x}", (), ['nobody speaks, so that it proves nothing that "x" is not said']),
        ("{contains: repair}", TALK, ['no turn of the agent contains "repair"; nearest is turn']),
        ("{speaker: anyone, contains: repair}", TALK, []),
    ],
)
def test_what_the_agent_says_counts_and_silence_proves_nothing(
    tmp_path: Path, expected: str, said: Sequence[tuple[str, str]], found: list[str]
) -> None:
    told = failures(tmp_path, f"expect: {{transcript: [{expected}]}}", said)
    assert len(told) == len(found), told
    assert all(begin in text for begin, text in zip(found, told, strict=True)), told


def test_a_path_without_a_value_fails_whatever_is_not_expected_there(tmp_path: Path) -> None:
    told = failures(
        tmp_path,
        "expect:\n  tools: [{name: book, arguments: {$.dya: {never_contains: x}}}]\n"
        "  analysis: {$.topicc: {never_contains: repair}, $.nope: {is_there: false}}",
        tools=[UsedTool("book", {"day": "x"})],
        analysis_result={"topic": "repair"},
    )
    assert told == [
        "book is called, but there is nothing at $.dya; there is day",
        "there is nothing at $.topicc; there is topic",
    ]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small stack in a folder, with no test."""
    folder = tmp_path_factory.mktemp("shop")
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if not path.startswith("stacks/tests"):
            (folder / path).write_text(text)
    return folder / "stacks"


def problems(stack: Path, tests: Sequence[str]) -> list[list[str]]:
    """Give what is wrong with tests, which are written without their agent."""
    (stack / "tests").mkdir(exist_ok=True)
    for path in (stack / "tests").iterdir():
        path.unlink()
    for number, text in enumerate(tests):
        (stack / f"tests/t{number}.yaml").write_text(f"agent: desk\n{text}\n")
    loaded = load(stack, "prod")
    found: list[Problem] = []
    read = read_tests(loaded, found)
    found += [each.problem for test in read for each in lint.of_test(loaded, test)]
    return [
        [f"{each.line} {each.rule} {each.text}" for each in sorted(found) if each.file.endswith(f"/t{number}.yaml")]
        for number in range(len(tests))
    ]


def check(stack: Path, cases: Sequence[tuple[str, str]]) -> None:
    """Hold each test against the one problem that is expected; an empty one stands for none."""
    for (text, expected), told in zip(cases, problems(stack, [text for text, _ in cases]), strict=True):
        if expected:
            assert len(told) == 1, (text, told)
            assert all(part in told[0] for part in expected.split(" … ")), (text, told)
        else:
            assert told == [], text


def test_a_path_that_no_schema_has_is_found(stack: Path) -> None:
    check(
        stack,
        [
            (
                "expect: {analysis: {$.topicc: {never_contains: a}}}",
                '2 FL602 … what the analysis finds have no "topicc"',
            ),
            ("expect: {analysis: {$.nope: {is_there: false}}}", 'have no "nope", there are: topic, day.'),
            ("expect: {analysis: {$.topic: a, '$..week': 3, '$[?@.a]': 3}}", ""),
            (
                "expect: {tools: [{name: book, arguments: {$.dya: x}}]}",
                "2 FL602 … the arguments of book … there are: day, year.",
            ),
            ("expect: {tools: [{name: book, arguments: {$.day: x}}]}", ""),
        ],
    )


def test_what_never_happens_in_a_script_is_found(stack: Path) -> None:
    end = "expect: {status: ended}"
    check(
        stack,
        [
            (
                f"caller: [{{agent_calls: {{name: end_call}}}}, {{says: Hello, agent_says: a}}]\n{end}",
                "2 FL603 … the agent calls end_call before",
            ),
            (f"caller: [{{agent_calls: {{name: endCall}}, agent_says: Bye}}]\n{end}", "2 FL603 … this never happens"),
            (f"caller: [{{says: a, hangs_up: true}}, {{says: b}}]\n{end}", "FL603 … the caller hangs up before"),
            (f"caller: [{{says: a, agent_says: b, hangs_up: true}}]\n{end}", ""),
            (f"picks_up: busy\ncaller: [{{says: a}}]\n{end}", "3 FL603 … picks_up is busy, so that nothing of this"),
            (f"picks_up: voicemail\ncaller: [{{says: a}}]\n{end}", ""),
        ],
    )


def test_a_pattern_that_is_found_in_nothing_is_refused(stack: Path) -> None:
    expected = "FL601 … is found in an empty text, too"
    check(
        stack,
        [
            ("expect: {transcript: [{matches: ''}]}", expected),
            ("expect: {transcript: [{matches: '(zzz)?'}]}", expected),
            ("expect: {analysis: {$.topic: {never_matches: 'price|'}}}", expected),
            ("expect: {analysis: {$.topic: {matches: '^$|a'}}}", expected),
            ("expect: {transcript: [{matches: 'price|cost'}]}", ""),
        ],
    )


def test_voicemail_is_nobody_who_was_spoken_to(tmp_path: Path) -> None:
    (told,) = failures(tmp_path, "picks_up: voicemail\nexpect: {transcript: [{contains: good}]}")
    assert told.startswith("voicemail answers, and without a status somebody is expected to be spoken to")
    assert failures(tmp_path, "picks_up: voicemail\nexpect: {status: ended, transcript: [{contains: good}]}") == []
