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
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pulumi
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_monitor

from flireo_iac.core.account import ACCOUNT
from flireo_iac.settings import place, state_dir

_READ_OUTPUTS = "pulumi:pulumi:readStackResourceOutputs"
_ATTEMPTS = 5
_PAUSE_S = 0.1


@functools.cache
def tell_accounts() -> None:
    """Ask the engine which accounts the state speaks of, and write it down; once in a program.

    A preview asks, too: Pulumi keeps an entry for what answers, which would otherwise come and go. A file that cannot
    be written tells nothing, as if the state spoke of none.
    """
    monitor = get_monitor()
    if monitor is None or isinstance(monitor, MockMonitor):
        return
    project, stack = pulumi.get_project(), pulumi.get_stack()
    answer = _outputs_of(monitor, f"{pulumi.get_organization()}/{project}/{stack}")
    if answer is None or pulumi.runtime.is_dry_run():
        return
    path = _path(project, stack)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(sorted(_accounts(answer)), file)
        fresh.replace(path)


def _outputs_of(monitor: Any, stack: str) -> Any:
    """Give the outputs of all resources of a stack; None when the engine cannot tell.

    The engine is asked past the SDK, which lets a program fail in the end when a function did. A state in files can be
    read in the moment in which the engine writes it, and is then no JSON; asked again, it is whole.
    """
    arguments = Struct()
    arguments.update({"stackName": stack})
    request = resource_pb2.ResourceInvokeRequest(tok=_READ_OUTPUTS, args=arguments)
    for _ in range(_ATTEMPTS):
        try:
            answer = monitor.Invoke(request)
        except grpc.RpcError:
            time.sleep(_PAUSE_S)
        else:
            return json_format.MessageToDict(getattr(answer, "return"))
    return None


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
