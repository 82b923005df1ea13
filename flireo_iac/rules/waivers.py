"""Rules about waivers: comments that silence a rule in one place."""

from __future__ import annotations

from flireo_iac.rules._entry import RuleEntry

_GOOD = {
    "agents/desk.yaml": "name: Desk\nllm_config:\n  provider: anthropic\n"
    "  model: gpt-4o  # flireo: allow FL204 our gateway takes any name\n"
}

WAIVERS = (
    RuleEntry(
        "FL401",
        "warning",
        "a waiver without a reason",
        "A waiver says why, so that the next reader need not ask. It silences nothing until it does.",
        bad={"agents/desk.yaml": "name: Desk\n# flireo: allow FL204\n"},
        good=_GOOD,
        when="validate",
    ),
    RuleEntry(
        "FL402",
        "warning",
        "a waiver of a rule that cannot be waived",
        "There is no such rule, or it is one whose problem makes the deployment fail in any case.",
        bad={"agents/desk.yaml": "name: Desk\n# flireo: allow FL103 we like it so\n"},
        good=_GOOD,
        when="validate",
    ),
    RuleEntry(
        "FL403",
        "warning",
        "a waiver that waives nothing",
        "The rule finds nothing at that place (any more). Take the comment out, or put it where the problem is: on the "
        "line, on the line above it, or at the head of the file for all of the file.",
        bad={"agents/desk.yaml": "name: Desk\n# flireo: allow FL204 our gateway takes any name\nis_active: true\n"},
        good=_GOOD,
        when="validate",
    ),
)
