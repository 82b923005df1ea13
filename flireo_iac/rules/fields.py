"""Rules about the fields of one item: names, types and values."""

from __future__ import annotations

from flireo_iac.rules._entry import RuleEntry

FIELDS = (
    RuleEntry(
        "FL103",
        "error",
        "unknown field",
        "The API knows no such field of this kind. Blocks such as `llm_config` keep unknown keys (see FL107), because "
        "the API stores them as they are.",
        bad={"agents/desk.yaml": "name: Desk\nfirst_mesage: Good day\n"},
        good={"agents/desk.yaml": "name: Desk\nfirst_message: Good day\n"},
    ),
    RuleEntry(
        "FL104",
        "error",
        "wrong type",
        "The API would refuse the value, or take it for something else. Plain YAML values follow the core rules of "
        "YAML 1.2: `yes` and `on` are text, `true` is not.",
        bad={"agents/desk.yaml": "name: Desk\nis_active: yes\n"},
        good={"agents/desk.yaml": "name: Desk\nis_active: true\n"},
    ),
    RuleEntry(
        "FL105",
        "error",
        "a field is missing",
        "The API refuses the item, or the block, without the field.",
        bad={"agents/desk.yaml": "name: Desk\nllm_config: {provider: openai}\n"},
        good={"agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o}\n"},
    ),
    RuleEntry(
        "FL106",
        "error",
        "a value is not allowed",
        "The value is outside the list, the range or the format that the field takes. Phone numbers are E.164: a plus "
        "and 7 to 15 digits.",
        bad={"numbers/main.yaml": 'phone_number: "020 123 4567"\n'},
        good={"numbers/main.yaml": 'phone_number: "+31201234567"\n'},
    ),
    RuleEntry(
        "FL107",
        "warning",
        "an unknown key of a block looks like a known one",
        "Blocks keep keys that nobody knows, so a typing mistake is sent and does nothing. It is reported when a known "
        "key is spelled nearly the same.",
        bad={"agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o, temprature: 0.4}\n"},
        good={"agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o, temperature: 0.4}\n"},
        is_waivable=True,
    ),
    RuleEntry(
        "FL108",
        "error",
        "one field in two spellings",
        "Some fields have an older and a newer spelling that mean the same. With both, which of them wins "
        "would be a guess.",
        bad={"agents/desk.yaml": "name: Desk\ntts_config: {provider: openai, voiceId: alloy, voice_id: echo}\n"},
        good={"agents/desk.yaml": "name: Desk\ntts_config: {provider: openai, voiceId: alloy}\n"},
    ),
    RuleEntry(
        "FL109",
        "error",
        "a field that only the server sets",
        "It can be read, in `${agents.desk.created_at}` for one, and it cannot be chosen.",
        bad={"agents/desk.yaml": "name: Desk\ncreated_at: 2026-01-01\n"},
        good={"agents/desk.yaml": "name: Desk\n"},
    ),
    RuleEntry(
        "FL130",
        "warning",
        "a secret stands in a file in clear",
        "The field is one that holds a secret. In the file everybody reads it who reads the repository; written as "
        "`${secret.<name>}` it comes from the stack's secret configuration, and is encrypted in the state.",
        bad={"agents/desk.yaml": "name: Desk\nwebhook_url: https://hooks.example.com/\nwebhook_secret: hunter2\n"},
        good={
            "agents/desk.yaml": "name: Desk\nwebhook_url: https://hooks.example.com/\n"
            "webhook_secret: ${secret.webhook}\n"
        },
        is_waivable=True,
    ),
    RuleEntry(
        "FL135",
        "error",
        "a template that is not there",
        "An agent copies a tool from `tools/`, or its analysis plan from `analysis/`. There is no such file, or the "
        "environment leaves it out.",
        bad={"agents/desk.yaml": "name: Desk\nanalysis_plan: {template: after_cal}\n"},
        good={
            "agents/desk.yaml": "name: Desk\nanalysis_plan: {template: after_call}\n",
            "analysis/after_call.yaml": "name: After call\nschema: {type: object}\n",
        },
    ),
    RuleEntry(
        "FL136",
        "error",
        "`template` is no name",
        "`template` names a file of the folder of templates, without its ending.",
        bad={"agents/desk.yaml": "name: Desk\nanalysis_plan: {template: [after_call]}\n"},
        good={
            "agents/desk.yaml": "name: Desk\nanalysis_plan: {template: after_call}\n",
            "analysis/after_call.yaml": "name: After call\nschema: {type: object}\n",
        },
    ),
)
