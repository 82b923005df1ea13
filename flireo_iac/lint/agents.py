"""Rules about one agent: providers, webhooks and tools that do not go together."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from flireo_iac.kinds._blocks import tool_variant
from flireo_iac.kinds._models import STT_LANGUAGES, family_of
from flireo_iac.kinds._providers import LLM, STT, TTS
from flireo_iac.lint.finding import Finding, about, block
from flireo_iac.stacks.load import Item, LoadedStack

_E164 = re.compile(r"\+[1-9]\d{6,14}")


def find(stack: LoadedStack) -> Iterator[Finding]:
    """Find what does not go together within an agent, and urls of tools."""
    for item in stack.items.values():
        if item.kind.name == "agent":
            yield from _models(stack, item)
            yield from _language(stack, item)
            yield from _webhooks(stack, item)
            yield from _tools(stack, item)
        elif item.kind.name == "tool_template":
            config = block(item.inputs, "tool_config")
            yield from _plain_http(stack, item, ("tool_config", "url"), config.get("url"))
            yield from _destinations(stack, item, ("tool_config",), config)


def tools_of(item: Item) -> list[tuple[int, Mapping[str, Any]]]:
    """Give the tools of an agent, each with its index."""
    tools = block(item.inputs, "llm_config").get("tools")
    found = enumerate(tools) if isinstance(tools, list) else ()
    return [(index, tool) for index, tool in found if isinstance(tool, Mapping)]


def tool_name(tool: Mapping[str, Any]) -> str | None:
    """Give the name of a function tool; None for built-in ones."""
    match tool_variant(dict(tool)):
        case "function":
            name = tool.get("name")
        case "nested_function":
            name = block(tool, "function").get("name")
        case _:
            name = None
    return name if isinstance(name, str) else None


def _models(stack: LoadedStack, item: Item) -> Iterator[Finding]:
    for providers in (STT, LLM, TTS):
        values = block(item.inputs, providers.block)
        provider, model = values.get("provider"), values.get("model")
        if not isinstance(provider, str) or not isinstance(model, str) or providers.get(provider) is None:
            continue
        family = family_of(providers.block, model)
        if family is not None and provider not in family.providers:
            owners = " or ".join(sorted(family.providers))
            text = f'model "{model}" is by its name one of {owners}, the provider is {provider}'
            yield about(stack, item, "FL204", (providers.block, "model"), text)


def _language(stack: LoadedStack, item: Item) -> Iterator[Finding]:
    language = block(item.inputs, "stt_config").get("language")
    if isinstance(language, str) and language.replace("_", "-").split("-")[0].lower() not in STT_LANGUAGES:
        known = ", ".join(sorted(STT_LANGUAGES))
        text = f'language is "{language}", expected one of {known}'
        yield about(stack, item, "FL205", ("stt_config", "language"), text)


def _webhooks(stack: LoadedStack, item: Item) -> Iterator[Finding]:
    yield from _plain_http(stack, item, ("webhook_url",), item.inputs.get("webhook_url"))
    if item.inputs.get("webhook_url") is None:
        for key in ("webhook_events", "webhook_secret"):
            if item.inputs.get(key):
                yield about(stack, item, "FL206", (key,), f"{key} without a webhook_url has no effect", is_key=True)


def _tools(stack: LoadedStack, item: Item) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, tool in tools_of(item):
        path = ("llm_config", "tools", index)
        yield from _destinations(stack, item, path, tool)
        name = tool_name(tool)
        if name is None:
            continue
        if first.setdefault(name, index) != index:
            text = f'tool "{name}" stands twice, expected a name of its own for each. Remove or rename one'
            yield about(stack, item, "FL213", path, text)
        url = tool.get("url") or block(tool, "server").get("url")
        yield from _plain_http(stack, item, (*path, "url"), url)
        if url is None and item.inputs.get("webhook_url") is None:
            text = f'tool "{name}" has no url and the agent no webhook_url, so nobody answers it. Give one of them'
            yield about(stack, item, "FL207", path, text)


def _destinations(
    stack: LoadedStack, item: Item, path: tuple[str | int, ...], tool: Mapping[str, Any]
) -> Iterator[Finding]:
    destinations = tool.get("destinations")
    for index, each in enumerate(destinations if isinstance(destinations, list) else ()):
        number = each.get("number") if isinstance(each, Mapping) else None
        if isinstance(number, str) and not _E164.fullmatch(number):
            text = f'number is "{number}", expected an E.164 number such as +31201234567'
            yield about(stack, item, "FL210", (*path, "destinations", index, "number"), text)


def _plain_http(stack: LoadedStack, item: Item, path: tuple[str | int, ...], url: Any) -> Iterator[Finding]:
    if isinstance(url, str) and url.startswith("http://") and not _is_local(url):
        yield about(stack, item, "FL208", path, f"{path[-1]} is not encrypted, expected https://")


def _is_local(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
