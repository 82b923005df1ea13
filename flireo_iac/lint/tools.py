"""Does the prompt speak of the tools that the agent has, and only of those."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from flireo_iac.lint.agents import tool_name, tools_of
from flireo_iac.lint.finding import Finding, about, block, finding
from flireo_iac.lint.passages import Passage
from flireo_iac.stacks.load import LoadedStack
from flireo_iac.stacks.values import Unresolved

_NAME = r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+"
_COMPOUND = re.compile(rf"(?<![\w/.{{-])(?:{_NAME})(?![\w/}}-]|\.\w)")
"""Words that only programs write: ``book_repair``."""
_QUOTED = re.compile(r"`([A-Za-z_][\w-]*)(\(\))?`")
_BEFORE = re.compile(r"\b(?:tool|function)\s+$", re.IGNORECASE)
_AFTER = re.compile(r"\s+(?:tool|function)\b", re.IGNORECASE)
_CLOSE = 0.85


def find(stack: LoadedStack, passages: Sequence[Passage]) -> Iterator[Finding]:
    """Find tools that a prompt names and the agent lacks, and the reverse.

    Args:
        stack: The stack in one environment.
        passages: Its texts.
    """
    everyone = _names_of_stack(stack)
    prompts: dict[str, list[Passage]] = {}
    for passage in passages:
        if passage.use == "prompt":
            prompts.setdefault(passage.item.key, []).append(passage)
    for key, said in prompts.items():
        item = stack.items[key]
        tools = block(item.inputs, "llm_config").get("tools")
        if isinstance(tools, Unresolved) or (isinstance(tools, list) and any(map(_is_unresolved, tools))):
            continue
        if any(tool.get("type") == "mcp" for _, tool in tools_of(item)):
            continue  # which tools the server brings is not known here
        own = {name: index for index, tool in tools_of(item) if (name := tool_name(tool)) is not None}
        meant: set[str] = set()
        for passage in said:
            yield from _lacking(passage, set(own), everyone, meant)
        text = "\n".join(passage.text for passage in said)
        named = {name for name in own if name in text and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)}
        if named:
            for name in sorted(own.keys() - named - meant):
                words = f'tool "{name}" is not named in the prompt, which names {", ".join(sorted(named))}'
                found = about(stack, item, "FL303", ("llm_config", "tools", own[name]), words)
                yield Finding(found.problem, (said[0].anchor,))


def _is_unresolved(tool: object) -> bool:
    return isinstance(tool, Unresolved)


def _names_of_stack(stack: LoadedStack) -> set[str]:
    names: set[str] = set()
    for item in stack.items.values():
        if item.kind.name == "tool_template" and item.inputs.get("tool_type") == "function":
            name = block(item.inputs, "tool_config").get("name")
            names |= {name} if isinstance(name, str) else set()
        elif item.kind.name == "agent":
            names |= {name for _, tool in tools_of(item) if (name := tool_name(tool)) is not None}
    return names


def _lacking(passage: Passage, own: set[str], everyone: set[str], meant: set[str]) -> Iterator[Finding]:
    """Find names of tools that the agent lacks; what is probably meant instead goes to ``meant``."""
    arguments = _words_of_arguments(passage)
    said: dict[str, int] = {}
    for offset, name in _compounds(passage.text):
        if name in own or name in said:
            continue
        is_near = name not in arguments and difflib.get_close_matches(name, sorted(everyone), n=1, cutoff=_CLOSE)
        if name in everyone or is_near:
            said[name] = offset
    for match in _QUOTED.finditer(passage.text):
        if match[1] not in own and match[1] not in arguments and _is_called_tool(passage.text, match):
            said.setdefault(match[1], match.start(1))
    for name, offset in said.items():
        close = difflib.get_close_matches(name, sorted(own), n=1, cutoff=0.7)
        meant |= set(close)
        hint = f'; did you mean "{close[0]}"?' if close else ". Give it the tool, or take the words out."
        text = f'agent "{passage.item.name}" has no tool "{name}"{hint}'
        yield finding("FL302", passage.place(offset, name), text, passage.anchor)


def _is_called_tool(text: str, quoted: re.Match[str]) -> bool:
    """Tell whether a name in backticks stands beside the word tool or function, or has parentheses."""
    before = text[max(0, quoted.start() - 20) : quoted.start()]
    return bool(quoted[2] or _BEFORE.search(before) or _AFTER.match(text, quoted.end()))


def _compounds(text: str) -> Iterator[tuple[int, str]]:
    """Give the compound words of a text with their places; looks at the underscores only, which are few."""
    at = text.find("_")
    while at >= 0:
        start = at
        while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
            start -= 1
        found = _COMPOUND.match(text, start)
        if found is not None:
            yield start, found[0]
        at = text.find("_", max(at + 1, found.end() if found is not None else 0))


def _words_of_arguments(passage: Passage) -> set[str]:
    """Give the names of the arguments of the agent's tools, which a prompt may speak of as well."""
    found: set[str] = set()
    for _, tool in tools_of(passage.item):
        parameters = block(tool, "parameters") or block(block(tool, "function"), "parameters")
        found |= set(block(parameters, "properties"))
    return found
