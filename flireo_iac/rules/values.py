"""Rules about ``${…}``: variables, secrets and references."""

from __future__ import annotations

from flireo_iac.rules._entry import RuleEntry

_NUMBER = 'phone_number: "+31201234567"\n'

VALUES = (
    RuleEntry(
        "FL121",
        "error",
        "`${…}` that means nothing",
        "Known are `${var.<name>}`, `${secret.<name>}`, `${<folder>.<item>.<field>}` and, in prompts, "
        "`${include <file>}`. Anything else would be read out to a caller. `$${` is a literal `${`.",
        bad={"agents/desk.yaml": "name: Desk ${city}\n"},
        good={"agents/desk.yaml": "name: Desk ${var.city}\n", "environments/dev.yaml": "vars: {city: Utrecht}\n"},
    ),
    RuleEntry(
        "FL122",
        "error",
        "unknown variable",
        "The environment does not set the variable. Each environment sets its own; there is no fallback, because a "
        "number or a host of another environment would be worse than an error.",
        bad={"agents/desk.yaml": "name: Desk ${var.city}\n", "environments/dev.yaml": "vars: {}\n"},
        good={"agents/desk.yaml": "name: Desk ${var.city}\n", "environments/dev.yaml": "vars: {city: Utrecht}\n"},
    ),
    RuleEntry(
        "FL123",
        "error",
        "a variable that cannot be used here",
        "The variable holds itself, or it is a list, a mapping or empty and stands inside text.",
        bad={"agents/desk.yaml": "name: Desk ${var.city}\n", "environments/dev.yaml": "vars: {city: [Utrecht]}\n"},
        good={"agents/desk.yaml": "name: Desk ${var.city}\n", "environments/dev.yaml": "vars: {city: Utrecht}\n"},
    ),
    RuleEntry(
        "FL124",
        "error",
        "a reference that leads nowhere",
        "There is no such folder, item or field. A reference is `${<folder>.<item>.<field>}`, and the item is the name "
        "of a file.",
        bad={
            "agents/desk.yaml": "name: Desk\n",
            "numbers/main.yaml": _NUMBER + "agent_id: ${agents.dask.id}\n",
        },
        good={
            "agents/desk.yaml": "name: Desk\n",
            "numbers/main.yaml": _NUMBER + "agent_id: ${agents.desk.id}\n",
        },
    ),
    RuleEntry(
        "FL125",
        "error",
        "a reference to an item that the environment leaves out",
        "The item exists, and `omit` of the environment takes it away from what still refers to it.",
        bad={
            "agents/desk.yaml": "name: Desk\n",
            "numbers/main.yaml": _NUMBER + "agent_id: ${agents.desk.id}\n",
            "environments/dev.yaml": "omit: [agents.desk]\n",
        },
        good={
            "agents/desk.yaml": "name: Desk\n",
            "numbers/main.yaml": _NUMBER + "agent_id: ${agents.desk.id}\n",
            "environments/dev.yaml": "omit: [agents.desk, numbers.main]\n",
        },
    ),
    RuleEntry(
        "FL126",
        "error",
        "items refer to each other in a circle",
        "What is referred to is made first, and in a circle nothing is first.",
        bad={
            "agents/desk.yaml": "name: Desk\nbusiness_name: ${agents.night.business_name}\n",
            "agents/night.yaml": "name: Night\nbusiness_name: ${agents.desk.business_name}\n",
        },
        good={
            "agents/desk.yaml": "name: Desk\nbusiness_name: Example Bicycles\n",
            "agents/night.yaml": "name: Night\nbusiness_name: ${agents.desk.business_name}\n",
        },
    ),
    RuleEntry(
        "FL127",
        "error",
        "a reference to the wrong kind or field",
        "The field wants the id of an item of one kind. An item's name would be sent as it stands, and the API "
        "knows no "
        "such id.",
        bad={"agents/desk.yaml": "name: Desk\n", "numbers/main.yaml": _NUMBER + "agent_id: desk\n"},
        good={"agents/desk.yaml": "name: Desk\n", "numbers/main.yaml": _NUMBER + "agent_id: ${agents.desk.id}\n"},
    ),
    RuleEntry(
        "FL128",
        "error",
        "a secret is not set",
        "`${secret.webhook}` is looked up in the stack's secret configuration and then in "
        "`FLIREO_SECRET_WEBHOOK`. It is "
        "in neither place.",
        bad={"agents/desk.yaml": "name: Desk\nwebhook_secret: ${secret.webhook}\n"},
        good={},
        when="deploy",
    ),
    RuleEntry(
        "FL129",
        "error",
        "a secret is configured in clear",
        "The value stands unencrypted in `Pulumi.<stack>.yaml`. Set it with `flireo config set --secret`.",
        bad={"Pulumi.dev.yaml": "config:\n  shop:webhook: hunter2\n"},
        good={},
        when="deploy",
    ),
)
