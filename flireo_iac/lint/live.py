"""Holds a stack against its account: voices, models, balance. What the account says is given, never asked for here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flireo_iac.core.check import suggestion
from flireo_iac.errors import Problem
from flireo_iac.lint.finding import Finding, about, block, finding, without_copies
from flireo_iac.stacks.load import Item, LoadedStack, of_environments
from flireo_iac.stacks.values import Place

_CATEGORIES = {"stt_config": ("stt",), "llm_config": ("llm", "realtime"), "tts_config": ("tts",)}
"""Categories of the catalog that the model of a block can be of. Source: contract, ByokProviderCatalog."""

_REALTIME = "_realtime"


@dataclass(frozen=True)
class Facts:
    """What an account says.

    Args:
        voices: Ids of the platform's own voices; None when they were not asked for.
        models: Ids of the models by category and provider, only where the catalog names some; None without a catalog.
        minutes: Minutes that are left; None when it does not say.
    """

    voices: frozenset[str] | None
    models: Mapping[tuple[str, str], frozenset[str]] | None
    minutes: float | None


def has_own_voice(stacks: Sequence[LoadedStack]) -> bool:
    """Tell whether any agent speaks with a voice of the platform, so that the voices are worth a request."""
    return any(
        block(item.inputs, "tts_config").get("provider") == "local" for stack in stacks for item in stack.items.values()
    )


def problems(stacks: Sequence[LoadedStack], facts: Facts, folder: Path) -> list[Problem]:
    """Say what of a stack the account does not go with.

    Args:
        stacks: The stack in each environment that the account is held against.
        facts: What the account says.
        folder: Folder of the stack.
    """
    holders: dict[Problem, list[str]] = {}
    for stack in stacks:
        for each in without_copies(_find(stack, facts)):
            holders.setdefault(each.problem, []).append(stack.environment or "")
    found = [of_environments(problem, names, len(stacks)) for problem, names in holders.items()]
    if facts.minutes is not None and facts.minutes <= 0:
        text = f"the account has {facts.minutes:g} minutes left, calls are refused. Top it up in the dashboard."
        found.append(finding("FL503", Place(str(folder / "Pulumi.yaml")), text).problem)
    return found


def _find(stack: LoadedStack, facts: Facts) -> Iterator[Finding]:
    for item in stack.items.values():
        if item.kind.name == "agent":
            yield from _voice(stack, item, facts)
            yield from _models(stack, item, facts)


def _voice(stack: LoadedStack, item: Item, facts: Facts) -> Iterator[Finding]:
    spoken = block(item.inputs, "tts_config")
    if facts.voices is None or spoken.get("provider") != "local":
        return
    for key in ("voiceId", "voice_id"):
        voice = spoken.get(key)
        if isinstance(voice, str) and voice not in facts.voices:
            hint = suggestion(voice, facts.voices) or '. "flireo voices" lists them'
            text = f'the account has no voice "{voice}"{hint.removesuffix(".")}'
            yield about(stack, item, "FL501", ("tts_config", key), text)


def _models(stack: LoadedStack, item: Item, facts: Facts) -> Iterator[Finding]:
    for name, categories in _CATEGORIES.items():
        provider, model = (block(item.inputs, name).get(key) for key in ("provider", "model"))
        if facts.models is None or not isinstance(provider, str) or not isinstance(model, str):
            continue
        known = frozenset[str]().union(
            *(facts.models.get((category, provider.removesuffix(_REALTIME)), ()) for category in categories)
        )
        if known and model not in known:
            hint = suggestion(model, known) or f", it names {', '.join(sorted(known))}"
            text = f'the catalog of the account names no model "{model}" of {provider}{hint.removesuffix(".")}'
            yield about(stack, item, "FL502", (name, "model"), text)
