"""Rules about smoke tests: can they be judged, and do they fit the stack."""

from __future__ import annotations

from flireo_iac.rules._entry import RuleEntry

_AGENT = {
    "agents/desk.yaml": "name: Desk\nwebhook_url: https://hooks.example.com/flireo\n"
    "llm_config:\n  provider: openai\n  model: gpt-4o\n  tools:\n"
    "    - {name: book, type: function, description: Books a day., "
    "parameters: {type: object, properties: {day: {type: string}}}}\n"
}
_GOOD = "agent: desk\ncaller:\n  - says: Hello\nexpect:\n  transcript:\n    - {speaker: caller, contains: hello}\n"

SMOKE_TESTS = (
    RuleEntry(
        "FL601",
        "error",
        "a smoke test that nobody can judge",
        "Every expectation says exactly one thing: a text, a regular expression that Python can read, a JSON path "
        "(RFC 9535, beginning with `$`) with a value. A regular expression that is found in an empty text says "
        "nothing of what is there. A test that expects nothing can never fail. Secrets and references cannot stand in "
        "a test, variables can.",
        bad={**_AGENT, "tests/hello.yaml": _GOOD.replace("contains: hello", 'matches: "hel(lo"')},
        good={**_AGENT, "tests/hello.yaml": _GOOD.replace("contains: hello", 'matches: "[Hh]ello"')},
        when="validate",
    ),
    RuleEntry(
        "FL602",
        "error",
        "a smoke test names what is not there",
        "The agent, a tool, or the analysis that the test is about is not in the stack, or a JSON path begins with a "
        "name that the schema of the tool or of the analysis does not have. The test would fail, or hold without a "
        "reason: a tool that does not exist is never called.",
        bad={**_AGENT, "tests/hello.yaml": _GOOD + "  tools:\n    - {never: bok}\n"},
        good={**_AGENT, "tests/hello.yaml": _GOOD + "  tools:\n    - {never: book}\n"},
        when="validate",
    ),
    RuleEntry(
        "FL603",
        "error",
        "a smoke test plays what cannot happen",
        "The arguments that a script gives a tool, and what it has the analysis find, are held against the schema of "
        "the tool and of the analysis: with others the test would prove a call that no model can make. "
        "What is played after a hang-up, or to nobody, never happens, so that nothing about it is proven.",
        bad={
            **_AGENT,
            "tests/hello.yaml": _GOOD.replace(
                "says: Hello\n", "says: Hello\n    agent_calls: {name: book, arguments: {day: 3}}\n"
            ),
        },
        good={
            **_AGENT,
            "tests/hello.yaml": _GOOD.replace(
                "says: Hello\n", "says: Hello\n    agent_calls: {name: book, arguments: {day: Tuesday}}\n"
            ),
        },
        when="validate",
    ),
)
