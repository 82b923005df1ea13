"""Reads the document of ``pulumi preview --json`` or ``flireo preview --json`` into a plan. Keeps no secret.

Both have one form. Unchanged resources are in it where it was made with ``--show-sames``; without them the number of
resources comes from its summary. Source: pulumi notes on the engine, section 7; tried with pulumi 3.260.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flireo_iac.errors import SettingsError
from flireo_iac.kinds import Kind, map_secrets
from flireo_iac.plan.model import SECRET, UNKNOWN, Op, Plan, PlannedStep, kind_of
from flireo_iac.rows import GONE, NOW

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_STACK = "pulumi:pulumi:Stack"
_PROVIDERS = "pulumi:providers:"
_BEFORE: tuple[str, ...] = ("same", "update", "replace", "delete", "discard")
"""Words of the summary that count resources which were there before the run."""

_OPS: Mapping[str, Op] = {
    "same": "same",
    "create": "create",
    "update": "update",
    "delete": "delete",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "sweep",
    "refresh": "refresh",
}


def read_plan(text: str, name: str) -> Plan:
    """Read the document of a plan.

    Args:
        text: The document.
        name: Where it came from, for errors.

    Raises:
        SettingsError: It is no such document.
    """
    try:
        document = json.loads(text)
    except ValueError:
        raise _wrong(name, "is no JSON document" if text.strip() else "is empty") from None
    if not isinstance(document, dict) or not isinstance(document.get("steps", []), list):
        raise _wrong(name, "holds no steps")
    if "steps" not in document and "changeSummary" not in document:
        raise _wrong(name, "holds no steps")
    return plan_of(document, name)


def plan_of(document: Mapping[str, Any], name: str) -> Plan:
    """Make a plan of a document that is decoded already.

    Args:
        document: The document.
        name: Where it came from, for errors.

    Raises:
        SettingsError: It is no such document.
    """
    found: dict[str, PlannedStep] = {}
    left_behind: list[PlannedStep] = []
    try:
        for plain in document.get("steps") or []:
            step = _step(plain)
            if step is None:
                continue
            if step.op == "sweep":
                left_behind.append(step)
            elif step.urn not in found or step.op == "replace":
                found[step.urn] = step
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _wrong(name, "has a step that cannot be read") from None
    # The last part of a replacement deletes the old object; alone, it is what an earlier run has left behind.
    swept = [step for step in left_behind if step.urn not in found or found[step.urn].op != "replace"]
    steps = (*found.values(), *swept)
    return Plan(steps, _resources(document, steps), _errors(document), _seconds(document))


def _seconds(document: Mapping[str, Any]) -> float:
    nanoseconds = document.get("duration")
    return nanoseconds / 1_000_000_000 if isinstance(nanoseconds, int | float) else 0.0


def read_state(content: bytes | None) -> Plan:
    """Make a plan of a state: a look at each resource.

    Args:
        content: The state as it is stored; None when there is none.
    """
    try:
        resources = json.loads(content or b"{}")["checkpoint"]["latest"]["resources"]
        steps = [_step({"op": "refresh", "urn": plain["urn"], "newState": plain}) for plain in resources]
    except (KeyError, TypeError, ValueError, IndexError):
        return Plan((), 0)  # the engine says what is wrong with it
    own = tuple(step for step in steps if step is not None)
    return Plan(own, len(own))


def _errors(document: Mapping[str, Any]) -> tuple[str, ...]:
    texts = [
        str(each.get("message", "")).strip().removeprefix("error: ").partition("\n")[0]
        for each in document.get("diagnostics") or []
        if each.get("severity") == "error"
    ]
    if not texts and document.get("result", "succeeded") != "succeeded":
        return (f"the preview {document['result']}",)
    return tuple(texts)


def _resources(document: Mapping[str, Any], steps: Iterable[PlannedStep]) -> int:
    """Count the resources of the state: by the summary, because unchanged ones may not be among the steps."""
    summary = document.get("changeSummary") or {}
    counted = sum(int(number) for op, number in summary.items() if op in _BEFORE)
    named = sum(1 for step in steps if step.op in ("same", "update", "replace", "delete"))
    # The summary counts the stack itself, too.
    return max(counted - 1, named)


def _step(plain: Mapping[str, Any]) -> PlannedStep | None:
    urn = plain["urn"]
    type_ = urn.split("::")[2].rpartition("$")[2]
    op = _OPS.get(plain["op"])
    if op is None or type_ == _STACK or type_.startswith(_PROVIDERS):
        return None
    old, new = plain.get("oldState") or {}, plain.get("newState") or {}
    shown = new or old
    if not shown.get("custom", True):
        return None
    kind = kind_of(urn)
    known = old.get("outputs") or {}
    return PlannedStep(
        op=op,
        urn=urn,
        kind=kind,
        id=str(old.get("id", "")),
        old=_inputs(kind, old),
        new=_inputs(kind, new),
        needs=tuple(dict.fromkeys([*shown.get("dependencies", ()), *([shown["parent"]] if "parent" in shown else ())])),
        reasons=tuple(plain.get("diffReasons") or ()),
        moved=_plain(known.get(NOW) or {}),
        is_gone=bool(known.get(GONE)),
    )


def _inputs(kind: Kind | None, state: Mapping[str, Any]) -> Mapping[str, Any]:
    if kind is None:
        return {}
    own = {key: _plain(value) for key, value in (state.get("inputs") or {}).items() if not key.startswith("__")}
    return map_secrets(kind.model, own, lambda value: SECRET)


def _plain(value: Any) -> Any:
    """Give a value without Pulumi's own marks; what is marked as secret is masked."""
    if isinstance(value, Mapping):
        return SECRET if _SIGNATURE in value else {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return UNKNOWN if value == _UNKNOWN_TEXT else value


def _wrong(name: str, what: str) -> SettingsError:
    return SettingsError(
        f'read plan "{name}": {what}, the document of "pulumi preview --json" or "flireo preview --json" was expected. '
        "Make it anew; an error of that preview stands on its standard error."
    )
