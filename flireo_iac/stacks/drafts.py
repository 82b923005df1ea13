"""An agent of the working tree as a call can bring it along, so that an undeployed prompt can be heard.

What the files name is the files'; what they do not name is taken from the saved agent, as a deployment would leave it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flireo_iac.core.check import suggestion
from flireo_iac.errors import SettingsError, StackError
from flireo_iac.kinds import KINDS
from flireo_iac.kinds._providers import LLM
from flireo_iac.rows import Row
from flireo_iac.stacks.load import Item, LoadedStack
from flireo_iac.stacks.values import ItemRef, Place, SecretRef, Text

CARRIED = (
    "first_message",
    "stt_config",
    "llm_config",
    "tts_config",
    "max_duration_seconds",
    "autonomous_silence_handling",
    "silence_timeout_seconds",
    "voicemail_detection",
    "voicemail_message",
    "webhook_url",
    "webhook_secret",
    "webhook_events",
    "analysis_plan",
)
"""Fields of an agent that a call can bring along. Source: contract, TransientAgent."""

_SPEECH = ("stt_config", "tts_config")
_OF_NO_MATTER = frozenset({"name", "is_active"})


@dataclass(frozen=True)
class Held:
    """An object that the state of a stack holds.

    Args:
        id: Its id.
        outputs: What is known of it; a value that the state keeps encrypted is no text here.
    """

    id: str
    outputs: Mapping[str, Any]


@dataclass(frozen=True)
class Draft:
    """An agent for one call.

    Args:
        config: What is sent as ``agent_config``, secrets in clear.
        left_out: Fields of the files that a call cannot bring along.
    """

    config: Mapping[str, Any]
    left_out: tuple[str, ...]


class Resolver:
    """Gives markers their values, as a deployment would; collects what has none.

    Args:
        stack: Name of the Pulumi stack, for errors.
        held: What its state holds, by item.
        secret: Gives a secret by name; None when it is not set.
    """

    def __init__(self, stack: str, held: Mapping[str, Held], secret: Callable[[str], str | None]) -> None:
        self._stack = stack
        self._held = held
        self._secret = secret
        self.problems: list[str] = []

    def value(self, value: Any) -> Any:
        """Give a value with every marker in it replaced; None in the place of one that has no value."""
        match value:
            case SecretRef():
                return self._of_secret(value)
            case ItemRef():
                return self._of_item(value)
            case Text(parts):
                return "".join(_written(self.value(part)) for part in parts)
            case dict():
                return {key: self.value(each) for key, each in value.items()}
            case list():
                return [self.value(each) for each in value]
            case _:
                return value

    def _of_secret(self, reference: SecretRef) -> str | None:
        found = self._secret(reference.name)
        if found is None:
            variable = "FLIREO_SECRET_" + reference.name.upper().replace("-", "_")
            advice = f"Run: flireo config set --secret {reference.name}, or set {variable}"
            self._say(reference.place, f'secret "{reference.name}" is not set, a value was expected. {advice}.')
        return found

    def _of_item(self, reference: ItemRef) -> Any:
        held = self._held.get(reference.key)
        if held is None:
            advice = f"Deploy it first: flireo up --stack {self._stack}"
            self._say(reference.place, f'"{reference}": {reference.key} is not deployed in {self._stack}. {advice}.')
            return None
        found = held.id if reference.field == "id" else held.outputs.get(reference.field)
        if found is None or isinstance(found, dict | list):
            advice = "Refresh the stack, or write the value into a variable"
            self._say(reference.place, f'"{reference}": the state holds no readable value of it. {advice}.')
            return None
        return found

    def _say(self, place: Place, text: str) -> None:
        self.problems.append(f"{place}  {text}")


def draft(loaded: LoadedStack, item: Item, resolver: Resolver, saved: Row | None) -> Draft:
    """Make an agent for a call from the files.

    Args:
        loaded: The stack in one environment.
        item: The agent.
        resolver: Gives secrets and references their values.
        saved: The saved agent of the same item as the account shows it; None when it is not deployed.

    Raises:
        StackError: The stack has problems.
        SettingsError: A secret or a reference has no value, or what a call needs is missing; holds every problem.
    """
    if loaded.errors:
        raise StackError(loaded.errors)
    values = {key: value for key, value in (saved or {}).items() if key in CARRIED}
    values |= {key: resolver.value(value) for key, value in item.inputs.items() if key in CARRIED}
    config = {key: value for key, value in values.items() if value is not None}
    model = config.get("llm_config")
    provider = LLM.get(model.get("provider")) if isinstance(model, dict) else None
    if provider is not None and provider.is_realtime:
        config = {key: value for key, value in config.items() if key not in _SPEECH}
    elif missing := [key for key in ("stt_config", "llm_config", "tts_config") if key not in config]:
        advice = "A call of an agent that is not deployed needs all three blocks. Add them, or deploy the agent once"
        resolver.problems.append(f"{item.place}  {item.key} has no {', '.join(missing)}. {advice}.")
    if resolver.problems:
        raise SettingsError("\n".join([f'call with the draft of "{item.name}":', *resolver.problems]))
    left_out = [key for key, value in item.inputs.items() if key not in CARRIED and key not in _OF_NO_MATTER]
    return Draft(config, tuple(key for key in left_out if item.inputs[key] is not None))


def item_named(loaded: LoadedStack, name: str, kind: str) -> Item:
    """Give an item of a stack by what a person calls it.

    Args:
        loaded: The stack.
        name: Its name, with or without its folder.
        kind: Name of its kind.

    Raises:
        SettingsError: There is none; names the nearest.
    """
    folder = KINDS[kind].folder
    known = [item.name for item in loaded.items.values() if item.kind.name == kind]
    bare = name.removeprefix(f"{folder}.")
    if bare not in known:
        hint = suggestion(bare, known) or f", there are: {', '.join(known) or 'none'}."
        raise SettingsError(f'{KINDS[kind].title} "{bare}": the stack has no such item{hint}')
    return loaded.items[f"{folder}.{bare}"]


def _written(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)
