"""Whose objects the state holds: the program asks the engine, and leaves the answer for the provider process.

An engine speaks to a provider of one resource after the other, so a create may come before the first resource that
remembers its account. The program can ask for all of them, because every stack may read its own outputs. Both are
processes of one machine, and the file between them is written anew in each run that may create.

Source: pulumi's built-in function ``pulumi:pulumi:readStackResourceOutputs``; tried with pulumi 3.260.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import get_monitor

from flireo_iac.core.account import ACCOUNT
from flireo_iac.settings import place, state_dir

_READ_OUTPUTS = "pulumi:pulumi:readStackResourceOutputs"


@functools.cache
def tell_accounts() -> None:
    """Ask the engine which accounts the state speaks of, and write it down; once in a program.

    A preview asks, too: Pulumi keeps an entry for what answers, which would otherwise come and go. A file that cannot
    be written tells nothing, as if the state spoke of none.
    """
    if isinstance(get_monitor(), MockMonitor):
        return
    project, stack = pulumi.get_project(), pulumi.get_stack()
    answer = pulumi.runtime.invoke(_READ_OUTPUTS, {"stackName": f"{pulumi.get_organization()}/{project}/{stack}"})
    if pulumi.runtime.is_dry_run():
        return
    path = _path(project, stack)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(sorted(_accounts(answer.value)), file)
        fresh.replace(path)


def told_accounts(urn: str) -> frozenset[str]:
    """Give the accounts that the program of this run has written down; none where it has not.

    Args:
        urn: URN of a resource of the stack; empty where the engine does not tell it.
    """
    if not urn.startswith("urn:pulumi:"):
        return frozenset()
    stack, project = urn.removeprefix("urn:pulumi:").split("::")[:2]
    with suppress(OSError, ValueError):
        found = json.loads(_path(project, stack).read_text("utf-8"))
        return frozenset(each for each in found if isinstance(each, str))
    return frozenset()


def _accounts(answer: Any) -> set[str]:
    resources = answer.get("outputs") if isinstance(answer, Mapping) else None
    outputs = [each.get("outputs") or {} for each in (resources or {}).values()]
    return {each[ACCOUNT] for each in outputs if isinstance(each.get(ACCOUNT), str)}


def _path(project: str, stack: str) -> Path:
    name = "\0".join((project, stack, place(Path.cwd(), os.environ)))
    return state_dir(os.environ) / "accounts" / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.json"
