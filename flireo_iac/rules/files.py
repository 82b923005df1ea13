"""Rules about files: can they be read, and are they where they are looked for."""

from __future__ import annotations

from flireo_iac.rules._entry import RuleEntry

FILES = (
    RuleEntry(
        "FL101",
        "error",
        "the file is no YAML that can be used",
        "A file has to be YAML in UTF-8 that holds one mapping of at most 64 levels. Tags, such as those that make "
        "Python objects, a second document, tabs as indentation, empty keys, and aliases that multiply beyond 100,000 "
        "values are refused: an editor, Pulumi and this tool would read them differently.",
        bad={"agents/desk.yaml": "name: Desk\nfirst_message: Good day: how can I help?\n"},
        good={"agents/desk.yaml": 'name: Desk\nfirst_message: "Good day: how can I help?"\n'},
    ),
    RuleEntry(
        "FL102",
        "error",
        "a key stands twice",
        "YAML readers keep one of the two without a word, and not all of them the same one.",
        bad={"agents/desk.yaml": "name: Desk\nis_active: true\nis_active: false\n"},
        good={"agents/desk.yaml": "name: Desk\nis_active: false\n"},
    ),
    RuleEntry(
        "FL110",
        "error",
        "a file or folder that would not be read",
        "Items stand directly in the folder of their kind, and the file's name is the item's: small letters, digits, "
        "dashes and underscores. What looks meant for the stack and would be passed over is reported.",
        bad={"agents/desk.yaml": "name: Desk\n", "agent/night.yaml": "name: Night\n"},
        good={"agents/desk.yaml": "name: Desk\n", "agents/night.yaml": "name: Night\n"},
    ),
    RuleEntry(
        "FL111",
        "error",
        "an item or an environment has two files",
        "Which of the two is meant cannot be known.",
        bad={"agents/desk.yaml": "name: Desk\n", "agents/desk.yml": "name: Front desk\n"},
        good={"agents/desk.yaml": "name: Front desk\n"},
    ),
    RuleEntry(
        "FL112",
        "error",
        "a link leads out of the stack",
        "Everything that a stack says is in its folder, so that a commit holds all of it. A link to a file elsewhere "
        "would bring in what nobody reviewed, and what another machine does not have.",
        bad={},
        good={"agents/desk.yaml": "name: Desk\n"},
    ),
    RuleEntry(
        "FL131",
        "error",
        "a prompt or an included file that cannot be read",
        "A file is looked for beside the one that names it and then in `prompts/`. Files outside the stack's folder "
        "are not read, also not through a link.",
        bad={"agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o, prompt: dsk.md}\n"},
        good={
            "agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o, prompt: desk.md}\n",
            "agents/desk.md": "You answer the phone.\n",
        },
    ),
    RuleEntry(
        "FL132",
        "error",
        "a prompt file includes itself",
        "The text would have no end. The circle may go through several files; the problem names all of them.",
        bad={
            "agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o, prompt: desk.md}\n",
            "agents/desk.md": "You answer the phone.\n${include desk.md}\n",
        },
        good={
            "agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o, prompt: desk.md}\n",
            "agents/desk.md": "You answer the phone.\n${include rules.md}\n",
            "prompts/rules.md": "Be brief.\n",
        },
    ),
    RuleEntry(
        "FL133",
        "error",
        "a prompt file that must not be sent",
        "A prompt is sent byte for byte. It has to be UTF-8 without a byte order mark, and at most 1,000,000 "
        "characters "
        "long once its includes are put in.",
        bad={
            "agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o, prompt: desk.md}\n",
            "agents/desk.md": "\ufeffYou answer the phone.\n",
        },
        good={
            "agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o, prompt: desk.md}\n",
            "agents/desk.md": "You answer the phone.\n",
        },
    ),
    RuleEntry(
        "FL134",
        "error",
        "`prompt` is used the wrong way",
        "`prompt` names one text file, which becomes the system message. A system message besides it would leave open "
        "which of them wins.",
        bad={
            "agents/desk.yaml": "name: Desk\nllm_config:\n  provider: openai\n  model: gpt-4o\n  prompt: desk.md\n"
            "  messages: [{role: system, content: You answer the phone.}]\n",
            "agents/desk.md": "You answer the phone.\n",
        },
        good={
            "agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o, prompt: desk.md}\n",
            "agents/desk.md": "You answer the phone.\n",
        },
    ),
    RuleEntry(
        "FL152",
        "warning",
        "a prompt file that nothing uses",
        "The file stands in `agents/` or `prompts/`, and no agent speaks it in any environment. It may be a "
        "leftover, or "
        "its name is written differently where it should be included.",
        bad={"agents/desk.yaml": "name: Desk\n", "prompts/rules.md": "Be brief.\n"},
        good={"agents/desk.yaml": "name: Desk\n"},
        when="validate",
    ),
    RuleEntry(
        "FL155",
        "warning",
        "a prompt file hides another of the same name",
        "A file beside the one that names it wins over the file of that name in `prompts/`. Who edits the shared one "
        "will wonder why nothing changes.",
        bad={
            "agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o, prompt: desk.md}\n",
            "agents/desk.md": "You answer by day.\n${include rules.md}\n",
            "agents/rules.md": "Be brief.\n${include common.md}\n",
            "prompts/common.md": "Be patient.\n${include rules.md}\n",
            "prompts/rules.md": "Be kind.\n",
        },
        good={
            "agents/desk.yaml": "name: Desk\nllm_config: {provider: openai, model: gpt-4o, prompt: desk.md}\n",
            "agents/desk.md": "You answer by day.\n${include brief.md}\n",
            "agents/brief.md": "Be brief.\n${include common.md}\n",
            "prompts/common.md": "Be patient.\n${include rules.md}\n",
            "prompts/rules.md": "Be kind.\n",
        },
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL161",
        "error",
        "what looks like a key stands in a file",
        "A file is in git for ever, and a prompt is sent to a model. Looked for are the well-known shapes of keys "
        "(`sk-…`, `fl_live_…`, `xoxb-…`, `AKIA…`, `ghp_…`, PEM blocks, `Bearer …`, passwords and `?token=…` in a URL) "
        "in every YAML and Markdown file of the stack, and headers such as `X-Api-Key` with a value in clear. The "
        "value is never printed. Treat a key that was committed as lost: make a new one.",
        bad={"agents/desk.yaml": "name: Desk\nwebhook_url: https://user:hunter2hunter2@hooks.example.com/flireo\n"},
        good={
            "agents/desk.yaml": "name: Desk\nwebhook_url: https://hooks.example.com/flireo\n"
            "webhook_secret: ${secret.webhook}\n"
        },
        is_waivable=True,
        when="validate",
    ),
)
