"""What the states of stacks hold, read without a run, for whoever compares it with an account."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from flireo_iac.cli import output
from flireo_iac.cli._state import content_of, holdings
from flireo_iac.drift.model import Applied
from flireo_iac.engine.files.backend import find_root
from flireo_iac.engine.files.project import load_project, no_such_stack
from flireo_iac.engine.files.snapshot import Snapshot
from flireo_iac.engine.model.events import Event
from flireo_iac.engine.model.urns import STACK_TYPE
from flireo_iac.engine.model.values import Secret, unwrap
from flireo_iac.engine.unfinished_local import LocalStack
from flireo_iac.engine.unfinished_pulumi import PulumiStack
from flireo_iac.errors import FlireoError, LockedError
from flireo_iac.plan.model import kind_of
from flireo_iac.stacks.targets import read_targets


def opened_stack(program: str | None, folder: Path, stack: str) -> LocalStack | PulumiStack:
    """Open a stack that must have a state.

    Args:
        program: Path of the pulumi program; None for the local engine.
        folder: Folder of the project.
        stack: Name of the stack.

    Raises:
        EngineError: There is no such stack.
        FlireoError: The project is wrong, or the state cannot be read.
    """

    def hear(event: Event) -> None:
        output.error(getattr(event, "text", ""))

    if program is not None:
        return PulumiStack(program, folder, stack, os.environ, hear)
    if content_of(None, folder, stack) is None:
        project = load_project(folder)
        raise no_such_stack(project, stack, find_root(project, os.environ))
    return LocalStack(folder, stack, hear)


def unsettled(stored: LocalStack | PulumiStack, state: Snapshot) -> Iterator[str]:
    """Say why a state may not be the last word."""
    try:
        stored.locks()
    except LockedError:
        yield "A run is at work on the stack: what it changes meanwhile is not seen here."
        return
    if state.operations:
        yield (
            "A run was cut off, or did not get an answer, and whether its last steps happened is not known. Settle "
            f"that with: flireo recover -s {stored.stack}."
        )


def applied_in(state: Snapshot, *, has_files: bool) -> list[Applied]:
    """Give the resources of a state that are objects of an account, secrets in clear.

    The program of the files exports each item that it makes, so that those which another program makes are told apart.

    Args:
        state: The state.
        has_files: Whether the stack has files of items; it decides where nothing was exported yet.
    """
    resources = list(state.live().values())
    exported: set[str] = set()
    for each in resources:
        if each.type == STACK_TYPE:
            exported |= set(each.outputs)
    found = []
    for each in resources:
        kind = kind_of(each.urn)
        if kind is None or not each.custom or each.external or each.pending_replacement or not each.id:
            continue
        inputs = {key: value for key, value in unwrap(each.inputs).items() if not key.startswith("__")}
        name = each.urn.rpartition("::")[2]
        secrets = frozenset(_secret_leaves([each.inputs, each.outputs]))
        made = Applied(each.urn, kind, name, each.id, inputs, unwrap(each.outputs), secrets=secrets)
        found.append(made)
    is_told = any(each.key in exported for each in found)
    return [replace(each, is_of_files=each.key in exported if is_told else has_files) for each in found]


def _secret_leaves(value: Any) -> Iterator[str]:
    """Give the texts that are secret by themselves: around a list, the mark says that something in it is."""
    if isinstance(value, Secret):
        if isinstance(value.value, str):
            yield value.value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _secret_leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _secret_leaves(each)


def owned_by(content: bytes | None, account: str | None) -> Iterator[tuple[str, str]]:
    """Give the objects of an account that a state holds; all of it where it is not known whose they are."""
    for each in holdings(content):
        kind = kind_of(each.urn)
        if kind is not None and (None in (account, each.account) or account == each.account):
            yield kind.name, each.id


def stacks_in(folder: Path) -> list[str]:
    """Name the stacks of a project: those with an environment or a file of their own."""
    names = [each.stack for each in read_targets(folder, [])]
    with suppress(FlireoError):  # a project that cannot be read has said so where its stack is
        names += load_project(folder).stacks()
    return list(dict.fromkeys(names))
