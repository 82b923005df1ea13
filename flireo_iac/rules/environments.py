"""Rules about environments: their files, variables and overlays."""

from __future__ import annotations

from flireo_iac.rules._entry import RuleEntry

_DESK = "name: Desk\nmax_duration_seconds: 300\n"

ENVIRONMENTS = (
    RuleEntry(
        "FL141",
        "error",
        "an environment without a file",
        "A stack with the folder `environments` takes its variables from `environments/<name>.yaml`. The name "
        "is that of "
        "the Pulumi stack, or `flireo:environment`.",
        bad={"agents/desk.yaml": "name: Desk\n", "environments/README": "Nothing is here yet.\n"},
        good={"agents/desk.yaml": "name: Desk\n", "environments/dev.yaml": "vars: {}\n"},
    ),
    RuleEntry(
        "FL142",
        "error",
        "an environment file says what it cannot say",
        "An environment has `vars`, `omit` and `resources`, and nothing else.",
        bad={"agents/desk.yaml": "name: Desk\n", "environments/dev.yaml": "variables: {city: Utrecht}\n"},
        good={
            "agents/desk.yaml": "name: Desk ${var.city}\n",
            "environments/dev.yaml": "vars: {city: Utrecht}\n",
        },
    ),
    RuleEntry(
        "FL143",
        "error",
        "an environment names an item that is not there",
        "What it says about that item does nothing. A pattern with `*` that matches nothing is a warning.",
        bad={
            "agents/desk.yaml": _DESK,
            "environments/dev.yaml": "resources:\n  agents.dask: {max_duration_seconds: 60}\n",
        },
        good={
            "agents/desk.yaml": _DESK,
            "environments/dev.yaml": "resources:\n  agents.desk: {max_duration_seconds: 60}\n",
        },
    ),
    RuleEntry(
        "FL144",
        "warning",
        "a variable that nothing uses",
        "The environment sets it, and no item, prompt or used variable of that environment holds it. Items that the "
        "environment leaves out count as users.",
        bad={"agents/desk.yaml": "name: Desk\n", "environments/dev.yaml": "vars: {city: Utrecht}\n"},
        good={"agents/desk.yaml": "name: Desk ${var.city}\n", "environments/dev.yaml": "vars: {city: Utrecht}\n"},
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL145",
        "warning",
        "an overlay that changes nothing",
        "The environment lays over an item what the item says already, removes a key that it does not have, or lays "
        "something over an item that it leaves out. What reads like a difference is none.",
        bad={
            "agents/desk.yaml": _DESK,
            "environments/dev.yaml": "resources:\n  agents.desk: {max_duration_seconds: 300}\n",
        },
        good={
            "agents/desk.yaml": _DESK,
            "environments/dev.yaml": "resources:\n  agents.desk: {max_duration_seconds: 60}\n",
        },
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL151",
        "error",
        "`flireo:release` is no pin",
        "A pin is a ref of git and the digest of the stack there: `v12@sha256:…`. `flireo promote` writes it.",
        bad={"Pulumi.dev.yaml": "config:\n  flireo:release: v12\n"},
        good={},
        when="deploy",
    ),
    RuleEntry(
        "FL153",
        "error",
        "the environment that has to have a release first does not have it",
        "`after: staging` lets an environment take only what staging has.",
        bad={"environments/prod.yaml": "after: staging\n"},
        good={},
        when="deploy",
    ),
    RuleEntry(
        "FL156",
        "error",
        "the pinned release cannot be read, or is not the one that was pinned",
        "The clone lacks the ref, or the files at the ref have another digest than the pin, because a tag was moved or "
        "history was rewritten. The text says what to type.",
        bad={"Pulumi.dev.yaml": f"config:\n  flireo:release: v12@sha256:{'0' * 64}\n"},
        good={},
        when="deploy",
    ),
)
