"""Rules about items as a whole, and about items beside each other."""

from __future__ import annotations

from flireo_iac.rules._entry import RuleEntry

_LLM = "llm_config:\n  provider: openai\n  model: gpt-4o\n"
_TOOL = """name: Book
tool_type: function
tool_config:
  name: book
  description: Books an appointment.
  url: https://hooks.example.com/book
  parameters:
    type: object
    properties:
      day: {type: %s}
"""
_USES_TOOL = f"name: Desk\n{_LLM}  tools: [{{template: book}}]\n"
_TRANSFER = f"name: Desk\n{_LLM}  tools:\n    - type: transferCall\n      destinations:\n"
_TO = '        - {type: number, number: "%s", description: A person.}\n'
_REALTIME = "name: Desk\nllm_config: {provider: xai_realtime, model: grok-realtime-v1, voice: ara}\n"
_NUMBER = 'phone_number: "+31201234567"\nagent_id: ${agents.desk.id}\n'
_CAMPAIGN = (
    "name: Renewals\nagent_id: ${agents.desk.id}\nsystem_message_template: Say hello to {{name}}.\n"
    "leads: {file: leads.csv}\n"
)
_CALLED = {
    "agents/desk.yaml": "name: Desk\n",
    "campaigns/renewals.yaml": _CAMPAIGN,
    "campaigns/leads.csv": "phone_number,name\n+31201234567,Robin\n",
}

ITEMS = (
    RuleEntry(
        "FL154",
        "warning",
        "an item that nothing uses",
        "No agent copies the template in any environment. It is deployed and does nothing.",
        bad={
            "agents/desk.yaml": "name: Desk\n",
            "tools/hang_up.yaml": "name: Hang up\ntool_type: endCall\ntool_config: {}\n",
        },
        good={
            "agents/desk.yaml": f"name: Desk\n{_LLM}  tools: [{{template: hang_up}}]\n",
            "tools/hang_up.yaml": "name: Hang up\ntool_type: endCall\ntool_config: {}\n",
        },
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL201",
        "error",
        "unknown provider",
        "No vintage of the API knows the provider for this block.",
        bad={"agents/desk.yaml": "name: Desk\ntts_config: {provider: elevenlab, voiceId: x}\n"},
        good={"agents/desk.yaml": "name: Desk\ntts_config: {provider: elevenlabs, voiceId: x}\n"},
    ),
    RuleEntry(
        "FL202",
        "warning",
        "a key that the provider ignores",
        "The key belongs to other providers of the block; this one takes no notice of it.",
        bad={"agents/desk.yaml": "name: Desk\ntts_config: {provider: openai, voiceId: alloy, stability: 0.5}\n"},
        good={"agents/desk.yaml": "name: Desk\ntts_config: {provider: openai, voiceId: alloy}\n"},
        is_waivable=True,
    ),
    RuleEntry(
        "FL203",
        "warning",
        "a realtime provider with blocks or a voice that it does not use",
        "A realtime provider hears and speaks itself: `stt_config` and `tts_config` have no effect, and the "
        "voice is one "
        "of its own.",
        bad={"agents/desk.yaml": _REALTIME + "tts_config: {provider: openai, voiceId: alloy}\n"},
        good={"agents/desk.yaml": _REALTIME},
        is_waivable=True,
    ),
    RuleEntry(
        "FL204",
        "warning",
        "the model of another provider",
        "By its name, the model belongs to another provider than the one of the block. Judged by the "
        "beginnings of names "
        "that one provider alone uses, such as `gpt-`, `claude-`, `eleven_` and `nova-`.",
        bad={"agents/desk.yaml": "name: Desk\nllm_config: {provider: anthropic, model: gpt-4o}\n"},
        good={"agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o}\n"},
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL205",
        "warning",
        "a language code that the speech recognition is not known to take",
        "Known are two-letter codes, with a region or without, and `multi` for several.",
        bad={
            "agents/desk.yaml": "name: Desk\nstt_config: {provider: deepgram, model: nova-3-general, language: dutch}\n"
        },
        good={
            "agents/desk.yaml": "name: Desk\nstt_config: {provider: deepgram, model: nova-3-general, language: nl}\n"
        },
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL206",
        "warning",
        "webhook settings without a webhook_url",
        "`webhook_events` and `webhook_secret` do nothing as long as there is no address to send to.",
        bad={"agents/desk.yaml": "name: Desk\nwebhook_events: [end-of-call-report]\n"},
        good={
            "agents/desk.yaml": "name: Desk\nwebhook_events: [end-of-call-report]\n"
            "webhook_url: https://hooks.example.com/flireo\n"
        },
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL207",
        "warning",
        "a tool that nobody answers",
        "A function tool is answered at its own `url`, or else at the agent's `webhook_url`. There is neither.",
        bad={
            "agents/desk.yaml": f"name: Desk\n{_LLM}  tools:\n"
            "    - {name: book, description: Books., parameters: {type: object}}\n"
        },
        good={
            "agents/desk.yaml": f"name: Desk\nwebhook_url: https://hooks.example.com/flireo\n{_LLM}  tools:\n"
            "    - {name: book, description: Books., parameters: {type: object}}\n"
        },
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL208",
        "warning",
        "a webhook over plain http",
        "What callers say would cross the network unencrypted. Addresses of the machine itself are left alone.",
        bad={"agents/desk.yaml": "name: Desk\nwebhook_url: http://hooks.example.com/flireo\n"},
        good={"agents/desk.yaml": "name: Desk\nwebhook_url: https://hooks.example.com/flireo\n"},
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL210",
        "warning",
        "a transfer to what is no E.164 number",
        "A transfer dials a plus and 7 to 15 digits. Some carriers take short numbers too; then waive it and say so.",
        bad={"agents/desk.yaml": f'{_TRANSFER}        - {{type: number, number: "020 123", description: A person.}}\n'},
        good={
            "agents/desk.yaml": f'{_TRANSFER}        - {{type: number, number: "+31201234", description: A person.}}\n'
        },
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL211",
        "error",
        "tool_config does not fit tool_type",
        "A function needs name, description and parameters; transferCall needs destinations; endCall takes nothing.",
        bad={
            "agents/desk.yaml": f"name: Desk\n{_LLM}  tools: [{{template: hang_up}}]\n",
            "tools/hang_up.yaml": "name: Hang up\ntool_type: endCall\ntool_config: {url: https://example.com}\n",
        },
        good={
            "agents/desk.yaml": f"name: Desk\n{_LLM}  tools: [{{template: hang_up}}]\n",
            "tools/hang_up.yaml": "name: Hang up\ntool_type: endCall\ntool_config: {}\n",
        },
    ),
    RuleEntry(
        "FL212",
        "error",
        "no valid JSON Schema",
        "The parameters of a tool, and what an analysis extracts, are JSON Schemas of an object (draft "
        "2020-12). The API "
        "stores what it is given; the model then refuses the tool, in the middle of a call.",
        bad={"agents/desk.yaml": _USES_TOOL, "tools/book.yaml": _TOOL % "strng"},
        good={"agents/desk.yaml": _USES_TOOL, "tools/book.yaml": _TOOL % "string"},
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL213",
        "error",
        "two tools of one name in an agent",
        "The model calls a tool by its name, which has to be unique within the agent.",
        bad={
            "agents/desk.yaml": f"name: Desk\n{_LLM}  tools:\n    - template: book\n    - template: book\n",
            "tools/book.yaml": _TOOL % "string",
        },
        good={"agents/desk.yaml": _USES_TOOL, "tools/book.yaml": _TOOL % "string"},
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL221",
        "error",
        "two items for one number, slot or domain",
        "An account holds each phone number once, and one key for each provider.",
        bad={
            "numbers/main.yaml": 'phone_number: "+31201234567"\n',
            "numbers/second.yaml": 'phone_number: "+31201234567"\n',
        },
        good={
            "numbers/main.yaml": 'phone_number: "+31201234567"\n',
            "numbers/second.yaml": 'phone_number: "+31201234568"\n',
        },
    ),
    RuleEntry(
        "FL222",
        "error",
        "a second item where an account has only one",
        "An account has one domain.",
        bad={
            "domains/one.yaml": "domain_name: one.example.com\n",
            "domains/two.yaml": "domain_name: two.example.com\n",
        },
        good={"domain.yaml": "domain_name: one.example.com\n"},
    ),
    RuleEntry(
        "FL223",
        "error",
        "an agent that transfers to itself",
        "The destination is a number that the same agent answers: the caller would go round in a circle.",
        bad={
            "agents/desk.yaml": _TRANSFER + _TO % "+31201234567",
            "numbers/main.yaml": _NUMBER,
        },
        good={
            "agents/desk.yaml": _TRANSFER + _TO % "+31201234599",
            "numbers/main.yaml": _NUMBER,
        },
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL224",
        "warning",
        "two items of a kind with one name",
        "In the dashboard the two cannot be told apart, and after a lost answer neither can this tool: it goes "
        "by the name.",
        bad={"agents/desk.yaml": "name: Desk\n", "agents/night.yaml": "name: Desk\n"},
        good={"agents/desk.yaml": "name: Desk\n", "agents/night.yaml": "name: Night\n"},
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL231",
        "error",
        "leads that are no list",
        "A file of leads is a CSV: the first line names the columns, one of them is `phone_number`, and each other one "
        "is a variable. Commas, semicolons and tabs are understood.",
        bad={
            "agents/desk.yaml": "name: Desk\n",
            "campaigns/renewals.yaml": _CAMPAIGN,
            "campaigns/leads.csv": "number,name\n+31201234567,Robin\n",
        },
        good=_CALLED,
    ),
    RuleEntry(
        "FL232",
        "error",
        "a number that a campaign would call twice",
        "Each lead is called, so whoever stands there twice is called twice.",
        bad=_CALLED | {"campaigns/leads.csv": "phone_number,name\n+31201234567,Robin\n+31201234567,Sam\n"},
        good=_CALLED,
    ),
    RuleEntry(
        "FL233",
        "error",
        "a lead without a variable that the template uses",
        "The agent would be told the name of the slot instead of what stands in it.",
        bad=_CALLED | {"campaigns/leads.csv": "phone_number,name\n+31201234567,\n"},
        good=_CALLED,
    ),
    RuleEntry(
        "FL234",
        "warning",
        "a variable of leads that nothing uses",
        "It is sent and stored with every lead, and no slot of `system_message_template` is filled from it.",
        bad=_CALLED | {"campaigns/leads.csv": "phone_number,name,city\n+31201234567,Robin,Teststad\n"},
        good=_CALLED,
    ),
)
