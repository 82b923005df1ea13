"""Rules about prompts: what an agent is told, with includes and variables in."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from flireo_iac.rules._entry import RuleEntry

_TOOLS = """  tools:
    - {name: book_repair, description: Books., url: https://hooks.example.com/book}
    - {name: repair_status, description: Looks up., url: https://hooks.example.com/status}
"""
_SHARED = """The shop is open from Tuesday to Friday between nine and half past five, and on Saturday until four.
Bicycles are taken in until half an hour before closing time. Whoever comes later is asked to come
back on the next day, or to leave the key with the neighbour on the left, who has a box for it. On
public holidays the shop is closed, and so is the workshop. In the week between Christmas and New
Year only bicycles that are ready can be fetched, and nothing is taken in for repair. When in doubt,
say that a colleague will call back and tell the caller more.
"""


def _desk(prompt: str, more: str = "", model: str = "gpt-4o", head: str = "name: Desk\n") -> Mapping[str, str]:
    """Give an agent with a prompt file."""
    block = f"llm_config:\n  provider: openai\n  model: {model}\n  prompt: desk.md\n{more}"
    return {"agents/desk.yaml": head + block, "agents/desk.md": prompt}


_NIGHT = {
    "agents/night.yaml": "name: Night\nllm_config: {provider: openai, model: gpt-4o, prompt: night.md}\n",
}
_ENGLISH = "name: Desk\nstt_config: {provider: deepgram, model: nova-3-general, language: %s}\n"
_PLAIN = (
    "You answer the phone of a shop. Ask what the caller wants, and listen to the answer. If you do not know what "
    "to say, offer that a colleague will call back. Do not make up prices, and be kind to everybody who calls you.\n"
)

PROMPTS = (
    RuleEntry(
        "FL301",
        "warning",
        "unknown placeholder",
        "`{{…}}` belongs to the platform, which fills it in during the call; one that it does not know is read "
        "out as it "
        "stands. In a prompt the fields of a call in webhooks count as known (`{{phoneNumber}}` and so on), in an "
        "analysis `{{transcript}}`, `{{schema}}` and the end reason. The documentation of the API has no whole list: "
        "waive those that your own webhook or campaign fills.",
        bad=_desk("The caller rings from {{phoneNumer}}.\n"),
        good=_desk("The caller rings from {{phoneNumber}}.\n"),
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL302",
        "warning",
        "the prompt names a tool that the agent lacks",
        "The model will say that it does something and cannot. Looked for are the names of all tools of the "
        "stack, names "
        "that nearly are one of the agent's tools, and any `name` in backticks beside the word tool or function.",
        bad=_desk("Book with `book_repiar`. Look up with `repair_status`.\n", _TOOLS),
        good=_desk("Book with `book_repair`. Look up with `repair_status`.\n", _TOOLS),
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL303",
        "warning",
        "a tool that the prompt does not name",
        "The prompt names other tools of the agent, and this one not: the model is told when to use the others only. A "
        "prompt that names no tool at all leaves the choice to the descriptions, and is left alone.",
        bad=_desk("Book a repair with `book_repair`.\n", _TOOLS),
        good=_desk("Book a repair with `book_repair`. Look one up with `repair_status`.\n", _TOOLS),
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL304",
        "warning",
        "languages that contradict each other",
        "What is heard, said and read should be one language. The language of prompt and first message is guessed from "
        "common words. A prompt in another language is fine when it names the one that the agent speaks.",
        bad=_desk(_PLAIN, head=_ENGLISH % "nl"),
        good=_desk(_PLAIN, head=_ENGLISH % "en"),
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL305",
        "warning",
        "a note to yourself is left in a prompt",
        "`TODO`, `FIXME` and `XXX` are sent to the model like any other word.",
        bad=_desk("You answer the phone. TODO: opening hours.\n"),
        good=_desk("You answer the phone. The shop is open until five.\n"),
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL306",
        "error",
        "a merge mark is left in a prompt",
        "Both sides of a conflict would be sent, with the marks.",
        bad=_desk("<<<<<<< HEAD\nBe brief.\n=======\nBe kind.\n>>>>>>> topic\n"),
        good=_desk("Be brief and kind.\n"),
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL307",
        "warning",
        "the same passage in several prompts",
        "Passages of 80 words and more that are nearly the same in several files drift apart over time. Put one into "
        "`prompts/` and include it.",
        bad={
            **_desk(f"You answer by day.\n\n{_SHARED}"),
            **_NIGHT,
            "agents/night.md": f"You answer at night.\n\n{_SHARED}",
        },
        good={
            **_desk("You answer by day.\n\n${include hours.md}"),
            **_NIGHT,
            "agents/night.md": "You answer at night.\n\n${include hours.md}",
            "prompts/hours.md": _SHARED,
        },
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL308",
        "warning",
        "a prompt that nearly fills the model's window",
        "Prompt and tools together take more than three quarters of what the model can read at once, which "
        "leaves little "
        "for the call. The number of tokens is estimated, at a token for four characters.",
        bad={
            **_desk("Say this: ${var.e}\n"),
            "environments/dev.yaml": "vars:\n  a: a sentence that is said over and over again, without end;\n"
            + "".join(f"  {name}: {' '.join([f'${{var.{before}}}'] * 10)}\n" for before, name in pairwise("abcde")),
        },
        good=_desk("Say this: a sentence that is said once.\n"),
        is_waivable=True,
        when="validate",
    ),
    RuleEntry(
        "FL309",
        "warning",
        "an empty prompt",
        "The file holds nothing but blanks, and the model is told nothing.",
        bad=_desk("\n"),
        good=_desk("You answer the phone.\n"),
        is_waivable=True,
        when="validate",
    ),
)
