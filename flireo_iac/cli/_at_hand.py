"""The stack that a command on calls is about: which one, its settings and secrets, and what its state holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from flireo_iac.cli import output
from flireo_iac.cli._choosing import EngineChoice, pulumi_program
from flireo_iac.cli._state import content_of, resources_of
from flireo_iac.client.api import FlireoApi
from flireo_iac.errors import SettingsError
from flireo_iac.kinds import KINDS
from flireo_iac.plan.model import kind_of
from flireo_iac.settings import Settings
from flireo_iac.stacks.drafts import Held
from flireo_iac.stacks.folder import folder_above
from flireo_iac.stacks.targets import Target, configuration, read_targets, target_of
from flireo_iac.stacks.values import Place
from flireo_iac.waits import wait_text

_KEY = "flireo:apiKey"


class AtHand:
    """A stack, or none: an account can be looked at from anywhere with a key.

    Args:
        operation: What is to be done, for errors.
        cwd: Folder of the stack; None for here, or the next folder above with a stack.
        stack: Name of the stack or of its environment; None for the only one.

    Raises:
        SettingsError: There is no such stack, or several and no key in the environment.
    """

    def __init__(self, operation: str, cwd: Path | None, stack: str | None) -> None:
        self._operation = operation
        self.folder = cwd if cwd is not None else folder_above(Path())
        self._target = self._chosen(stack)

    def _chosen(self, stack: str | None) -> Target | None:
        if not (self.folder / "Pulumi.yaml").is_file():
            if stack is not None:
                raise SettingsError(
                    f'{self._operation}: the folder "{self.folder}" holds no stack, one was expected for -s {stack}. '
                    "Name the folder with -C."
                )
            return None
        targets = read_targets(self.folder, [])
        if stack is not None:
            return target_of(self.folder, stack) if targets else Target(stack, None, None, Place(str(self.folder)))
        if len(targets) == 1:
            return targets[0]
        if targets and not os.environ.get("FLIREO_API_KEY"):
            names = ", ".join(each.stack for each in targets)
            raise SettingsError(f"{self._operation}: the stacks are {names}, one was expected. Name it with -s.")
        return None

    @property
    def target(self) -> Target:
        """The stack.

        Raises:
            SettingsError: There is none, or it is not clear which.
        """
        if self._target is None:
            raise SettingsError(f"{self._operation}: an item is of a stack, and none is named. Name it with -s.")
        return self._target

    def settings(self) -> Settings:
        """Give the settings; secrets of the configuration are opened only where the key is one of them.

        Raises:
            SettingsError: There is no key, or a setting is wrong.
        """
        if self._target is None:
            return Settings.load({}, os.environ)
        is_in_config = _KEY in self._plain and not os.environ.get("FLIREO_API_KEY")
        if is_in_config:
            return Settings.load(self._opened, os.environ)
        return Settings.load({key: value for key, value in self._plain.items() if value is not None}, os.environ)

    def api(self) -> FlireoApi:
        """Open the account; to be closed."""
        return FlireoApi(self.settings(), on_wait=_say_wait, on_warning=_warn)

    def secret(self, name: str) -> str | None:
        """Give a secret of the stack: from its configuration, else from the environment; None when it is not set."""
        keys = [key for key in self._plain if key.rpartition(":")[2] == name and self._plain[key] is None]
        own = [key for key in keys if not key.startswith("flireo:")]
        return self._opened.get(own[0]) if own else os.environ.get("FLIREO_SECRET_" + name.upper().replace("-", "_"))

    def id_of(self, kind: str, name: str) -> str | None:
        """Give the id of an object that a person names by its item; None when no item at hand has that name.

        Args:
            kind: Name of its kind.
            name: Name of the item, with or without its folder.
        """
        if self._target is None:
            return None
        folder = KINDS[kind].folder
        held = self.held.get(f"{folder}.{name.removeprefix(f'{folder}.')}")
        return held.id if held is not None else None

    @cached_property
    def held(self) -> Mapping[str, Held]:
        """What the state holds, by item, without opening a secret.

        Raises:
            FlireoError: The state cannot be read.
        """
        found: dict[str, Held] = {}
        for each in resources_of(self._state()):
            urn, id_ = str(each.get("urn")), each.get("id")
            kind = kind_of(urn)
            if kind is not None and isinstance(id_, str) and not each.get("delete"):
                found[f"{kind.folder}.{urn.rpartition('::')[2]}"] = Held(id_, _mapping(each.get("outputs")))
        return found

    def _state(self) -> bytes | None:
        return content_of(self._program, self.folder, self.target.stack)

    @cached_property
    def _program(self) -> str | None:
        # Both read the same state; the program also one that lies elsewhere than in a folder.
        return pulumi_program(EngineChoice.AUTO)

    @cached_property
    def _plain(self) -> Mapping[str, str | None]:
        return configuration(self.folder, self.target.stack)

    @cached_property
    def _opened(self) -> Mapping[str, str]:
        if self._program is not None:
            from flireo_iac.engine.unfinished_pulumi import PulumiStack

            return PulumiStack(self._program, self.folder, self.target.stack, os.environ).config()
        from flireo_iac.engine.run import Engine

        with Engine(self.folder, self.target.stack) as engine:
            return engine.config()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _say_wait(reason: str, seconds: float) -> None:
    output.note(wait_text(reason, seconds))


def _warn(text: str) -> None:
    output.note(f"warning: {text}")
