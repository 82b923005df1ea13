"""Registers a loaded stack with Pulumi; the only module of this package that imports it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pulumi

from flireo_iac.errors import FlireoError, Problem, StackError
from flireo_iac.kinds import KINDS
from flireo_iac.provider.resources import RESOURCES
from flireo_iac.stacks.environment import requirements
from flireo_iac.stacks.gates import unmet_after
from flireo_iac.stacks.load import LoadedStack, resolve
from flireo_iac.stacks.releases import Base, Pin, base_of
from flireo_iac.stacks.targets import read_targets
from flireo_iac.stacks.values import ItemRef, Place, SecretRef, Text

ERRORS_SHOWN = 32
"""Status of a program whose errors have been shown (pulumi notes, "Errors")."""

RELEASE = "release"
"""Output of the stack that says what is deployed: a pin, or the digest of the working tree's files."""

_SAID_BY_PROVIDER = {"FL107", *(rule.id for kind in KINDS.values() for rule in kind.rules)}
"""Rules of which the provider warns under the resource itself; said twice they would be noise."""


class Stack(Mapping[str, pulumi.CustomResource]):
    """The resources of a stack, by item.

    ``stack["agents.receptionist"]`` and ``stack.agents["receptionist"]`` are the same resource.

    Args:
        loaded: What was registered.
        resources: The resources by item.
    """

    def __init__(self, loaded: LoadedStack, resources: Mapping[str, pulumi.CustomResource]) -> None:
        self.loaded = loaded
        self._resources = resources

    def __getitem__(self, key: str) -> pulumi.CustomResource:
        return self._resources[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._resources)

    def __len__(self) -> int:
        return len(self._resources)

    def __getattr__(self, folder: str) -> Mapping[str, pulumi.CustomResource]:
        if folder not in {kind.folder for kind in KINDS.values()}:
            raise AttributeError(f'a stack has no folder "{folder}"')
        prefix = f"{folder}."
        return {key.removeprefix(prefix): each for key, each in self._resources.items() if key.startswith(prefix)}


def deploy(folder: str | Path | None = None) -> Stack:
    """Check a stack and register it; see ``flireo_iac.stacks.deploy``."""
    _leave_quietly_when_interrupted()
    try:
        loaded, release, secrets = _checked(Path(folder) if folder is not None else Path())
    except StackError as error:
        _leave([str(problem) for problem in error.problems])
    except FlireoError as error:
        _leave([str(error)])
    for warning in loaded.warnings:
        if warning.rule not in _SAID_BY_PROVIDER:
            pulumi.log.warn(str(warning))
    resources: dict[str, pulumi.CustomResource] = {}
    for key, item in loaded.items.items():
        inputs = {name: _output(value, resources, secrets) for name, value in item.inputs.items()}
        parent = resources[item.parent] if item.parent else None
        options = pulumi.ResourceOptions(
            protect=item.is_protected,
            depends_on=[resources[needed] for needed in item.needs],
            parent=parent,
            deleted_with=parent,
        )
        resources[key] = RESOURCES[item.kind.name](item.name, opts=options, **inputs)
        if parent is None:
            pulumi.export(key, resources[key].id)
    pulumi.export(RELEASE, release)
    return Stack(loaded, resources)


def _leave_quietly_when_interrupted() -> None:
    """Leave without a traceback when the engine interrupts the program, after a failure or on Ctrl-C.

    Source: pulumi notes, "Errors".
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, lambda _signal, _frame: os._exit(ERRORS_SHOWN))


def _leave(texts: list[str]) -> NoReturn:
    for text in texts:
        pulumi.log.error(text)
    sys.exit(ERRORS_SHOWN)


def _checked(folder: Path) -> tuple[LoadedStack, str, Mapping[str, pulumi.Output[str]]]:
    """Load the stack with the release that is pinned; gives it with the release's name and its secrets."""
    config = pulumi.Config("flireo")
    environment = config.get("environment") or pulumi.get_stack()
    pinned = config.get("release")
    with base_of(folder, Pin.parse(pinned) if pinned else None) as base:
        loaded = resolve(base.files, environment)
        release = base.release
    loaded = replace(loaded, problems=tuple(sorted(map(base.named, [*loaded.problems, *_unmet(folder, loaded, base)]))))
    problems = loaded.errors
    secrets: dict[str, pulumi.Output[str]] = {}
    for name, places in loaded.secrets.items():
        found = _secret(name, places[0])
        if isinstance(found, Problem):
            problems.append(base.named(found))
        else:
            secrets[name] = found
    if problems:
        raise StackError(problems)
    return loaded, release, secrets


def _unmet(folder: Path, loaded: LoadedStack, base: Base) -> Iterator[Problem]:
    """Say what the environment requires and the files do not fulfil; a preview only warns, it deploys nothing."""
    wrong: list[Problem] = []
    read_targets(folder, wrong)
    yield from (problem for problem in wrong if problem.rule == "FL151")
    required = requirements(folder, loaded.environment).after
    found = unmet_after(folder, required, base.pin) if required is not None else None
    if found is not None:
        yield replace(found, severity="warning") if pulumi.runtime.is_dry_run() else found


def variable_of(secret: str) -> str:
    """Give the environment variable that holds a secret."""
    return "FLIREO_SECRET_" + secret.upper().replace("-", "_")


def _secret(name: str, place: Place) -> pulumi.Output[str] | Problem:
    """Look a secret up: in the secret configuration of the stack, then in the environment."""
    config = pulumi.Config()
    value = config.get(name)
    set_it = f"flireo config set --secret {name}"
    if value is not None:
        if not pulumi.runtime.is_config_secret(config.full_key(name)):
            text = f'secret "{name}" stands in the configuration in clear, expected a secret. Run: {set_it}'
            return place.problem("FL129", text)
        return pulumi.Output.secret(value)
    value = os.environ.get(variable_of(name))
    if value is None:
        text = f'secret "{name}" is not set. Run: {set_it}, or set {variable_of(name)} in the environment.'
        return place.problem("FL128", text)
    return pulumi.Output.secret(value)


def _output(
    value: Any, resources: Mapping[str, pulumi.CustomResource], secrets: Mapping[str, pulumi.Output[str]]
) -> Any:
    """Turn the markers inside a value into Pulumi outputs."""
    match value:
        case SecretRef():
            return secrets[value.name]
        case ItemRef():
            return getattr(resources[value.key], value.field)
        case Text(parts):
            return pulumi.Output.concat(*(_output(part, resources, secrets) for part in parts))
        case dict():
            return {key: _output(each, resources, secrets) for key, each in value.items()}
        case list():
            return [_output(each, resources, secrets) for each in value]
        case _:
            return value
