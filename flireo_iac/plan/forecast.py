"""What a run is going to cost: requests, counted from its plan, and the time that they need.

Counted is what the provider does when nothing unusual comes up: the account is asked for before the first write, what a
kind's objects look like before the first of them is made or changed, and who uses an object before it is deleted.
Drift, lost answers and objects that are gone cost more; a list of several pages is counted by what the stack knows of.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapreplace
from typing import Any

from flireo_iac.allow import Allowed
from flireo_iac.kinds import DIALECTS, KINDS, Kind, in_dialect, our_name
from flireo_iac.kinds._uses import USES
from flireo_iac.plan.model import Plan, PlannedStep

AT_ONCE = 4
"""Requests that a dynamic provider has under way. Source: pulumi notes, "Concurrency" (four threads)."""


@dataclass(frozen=True)
class Wave:
    """Requests that do not wait for each other.

    Args:
        reads: Reads for all.
        writes: Writes.
        looks: Reads that each go before one of the writes.
    """

    reads: int = 0
    writes: int = 0
    looks: int = 0


@dataclass(frozen=True)
class Steps:
    """What an engine carries out and saves, with a request of its own or not.

    Args:
        writes: Creates and updates.
        deletes: Deletes; a replacement is one of each.
        reads: Resources that a refresh reads anew.
    """

    writes: int = 0
    deletes: int = 0
    reads: int = 0


@dataclass(frozen=True)
class Forecast:
    """What a run is going to cost.

    Args:
        reads: Requests that change nothing.
        writes: Requests that change something.
        seconds: How long it will take, about.
        requests_per_minute: The budget that it was made for.
        full_after_s: Seconds after which the budget is used up and requests have to wait; None when it lasts.
    """

    reads: int
    writes: int
    seconds: float
    requests_per_minute: int
    full_after_s: float | None = None

    def plain(self) -> dict[str, Any]:
        """Give it as JSON values."""
        return {
            "reads": self.reads,
            "writes": self.writes,
            "seconds": round(self.seconds, 1),
            "requestsPerMinute": self.requests_per_minute,
            "budgetUsedUpAfterSeconds": None if self.full_after_s is None else round(self.full_after_s, 1),
        }


@dataclass(frozen=True)
class Circumstances:
    """What the time of a run depends on beside its plan.

    Args:
        requests_per_minute: The budget.
        waits: From a number of requests to the seconds from now before which each of them may not be sent.
        round_trip_s: Seconds of one request.
        engine_s: Seconds that the engine needs beside the requests.
    """

    requests_per_minute: int = 90
    waits: Callable[[int], Sequence[float]] = lambda number: [0.0] * number
    round_trip_s: float = 0.15
    engine_s: float = 0.0


def forecast(waves: Sequence[Wave], circumstances: Circumstances) -> Forecast:
    """Say what the requests come to, and how long they take.

    Args:
        waves: The requests.
        circumstances: What the time depends on.
    """
    reads = sum(wave.reads + wave.looks for wave in waves)
    writes = sum(wave.writes for wave in waves)
    free_at = list(circumstances.waits(reads + writes))
    ended_s, full_after_s = _play(waves, free_at, circumstances)
    seconds = circumstances.engine_s + ended_s
    return Forecast(reads, writes, seconds, circumstances.requests_per_minute, full_after_s)


def _play(waves: Sequence[Wave], free_at: Sequence[float], circumstances: Circumstances) -> tuple[float, float | None]:
    """Send the requests in thought: so many at once, none before its turn, a wave after the one before it."""
    sent, now_s, full_after_s = 0, 0.0, None
    for wave in waves:
        lanes = [now_s] * AT_ONCE
        for _ in range(wave.reads + wave.looks + wave.writes):
            begin_s = max(lanes[0], free_at[sent])
            if begin_s > lanes[0] and full_after_s is None:
                full_after_s = lanes[0]
            heapreplace(lanes, begin_s + circumstances.round_trip_s)
            sent += 1
        now_s = max(lanes)
    return now_s, full_after_s


def requests_of(
    plan: Plan, allowed: Allowed, known: frozenset[str] = frozenset(), *, is_dialect_known: bool = False
) -> list[Wave]:
    """Count what an up, or a destroy, sends.

    Args:
        plan: Its plan.
        allowed: What was asked for.
        known: Names of the kinds that the provider has read already.
        is_dialect_known: True when the settings name the dialect, so that no list has to tell it.
    """
    remade = {step.urn for step in plan.of("create", "replace")}
    dropped = {step.urn for step in plan.of("delete", "replace")}
    came_along = _came_along(plan)
    forward = [
        step for step in plan.of("create", "update", "replace") if _sends(step) and not _comes_with_parent(step, remade)
    ]
    backward = [step for step in plan.of("delete", "replace", "sweep") if not _comes_with_parent(step, dropped)]
    own = Counter(step.kind.name for step in plan.steps if step.kind is not None)
    looked = set(known)
    waves: list[Wave] = []

    def look(names: Iterable[str]) -> None:
        # What is within a parent is held against the number that the list of the parents says.
        new = [name for name in dict.fromkeys(KINDS[each].parent or each for each in names) if name not in looked]
        looked.update(new)
        if new:
            waves.append(Wave(reads=sum(_pages(name, own[name]) for name in new)))

    if any(step.kind is not None for step in (*forward, *backward)):
        waves.append(Wave(reads=1))  # whose account it is
    for layer in _layers(forward):
        look(kind.name for kind in _kinds(layer))
        sent = [step for step in layer if _form(step) not in came_along]
        if not is_dialect_known:
            look(dict.fromkeys(name for step in sent for name in _telling(step)))
        waves.append(Wave(writes=len(_kinds(sent)) + sum(map(_has_second_write, sent))))
    waves.append(Wave(reads=len(_parents(plan.of("create", "update", "replace", "delete")) - dropped)))
    for layer in reversed(_layers(backward)):
        look(name for step in layer for name in _looked_at_before_delete(step, allowed))
        kinds = _kinds(layer)
        waves.append(Wave(writes=len(kinds), looks=sum(kind.endpoint.style == "single" for kind in kinds)))
    return waves


def steps_of(plan: Plan) -> Steps:
    """Count what an up, or a destroy, carries out: also what comes or goes with its parent, without a request."""
    return Steps(writes=len(plan.of("create", "update", "replace")), deletes=len(plan.of("delete", "sweep", "replace")))


def requests_of_refresh(plan: Plan) -> list[Wave]:
    """Count what a refresh sends when it finds everything as it was: one list for each kind, one kind after the other.

    The four threads of a provider are with the objects of one kind, waiting for its list, before they come to the next.
    """
    there = [step for step in plan.steps if step.kind is not None and step.op != "create"]
    own = Counter(step.kind.name for step in there if step.kind is not None and not step.kind.parent)
    lists = [Wave(reads=1) for name, number in own.items() for _ in range(_pages(name, number))]
    return [*lists, Wave(reads=len(_parents(there)))]


def _parents(steps: Iterable[PlannedStep]) -> set[str]:
    """Give the URNs of the objects that the steps' objects are within: each of them has a list of its own."""
    return {step.parent for step in steps if step.parent}


def _comes_with_parent(step: PlannedStep, parents: set[str]) -> bool:
    """Tell whether the object comes, or goes, with the one that it is within, so that it costs nothing."""
    return step.parent in parents


def _came_along(plan: Plan) -> frozenset[str]:
    """Give the forms of what came with the create of a parent that is there: a run that was cut off had made it."""
    return frozenset(
        _form_of(step.urn, each)
        for step in plan.of("same", "update")
        if step.kind is not None
        for key, value in step.old.items()
        if step.kind.is_only_on_create(key) and isinstance(value, list)
        for each in value
        if isinstance(each, Mapping)
    )


def _form(step: PlannedStep) -> str:
    """Give the form of what a create makes within a parent; empty for anything else."""
    if step.kind is None or not step.parent or step.op != "create":
        return ""
    within = step.kind.endpoint.within
    return _form_of(
        step.parent, {key: each for key, each in step.new.items() if our_name(step.kind.model, key) != within}
    )


def _form_of(parent: str, values: Mapping[str, Any]) -> str:
    own = {key: value for key, value in values.items() if value is not None}
    return json.dumps([parent, own], sort_keys=True, default=str)


def _sends(step: PlannedStep) -> bool:
    """Tell whether a step sends a write of its own: what only came along with the create is changed step by step."""
    if step.kind is None or step.op != "update":
        return True
    changed = [key for key in {*step.old, *step.new} if step.old.get(key) != step.new.get(key)]
    return not changed or not all(step.kind.is_only_on_create(key) for key in changed)


def _kinds(steps: Iterable[PlannedStep]) -> list[Kind]:
    return [step.kind for step in steps if step.kind is not None]


def _telling(step: PlannedStep) -> Iterator[str]:
    """Name the kinds whose lists tell how the body of a write is spelled, where dialects spell it in different ways."""
    if step.kind is None:
        return
    is_whole = step.op != "update"
    body = {key: value for key, value in step.new.items() if is_whole or step.old.get(key) != value}
    camel, snake, later = (in_dialect(step.kind.model, body, dialect) for dialect in DIALECTS)
    if camel != snake:
        yield "tool_template"
    elif snake != later:
        yield "agent"


def _has_second_write(step: PlannedStep) -> bool:
    """Tell whether an update follows the create, because the create takes no notice of a field."""
    return step.kind is not None and step.op != "update" and bool(step.kind.set_later(step.new))


def _looked_at_before_delete(step: PlannedStep, allowed: Allowed) -> Iterable[str]:
    if step.kind is None:
        return
    if step.kind.endpoint.style == "slot":
        yield step.kind.name
    if not allowed.covers("in-use", step.item):
        if step.kind.parent:
            yield step.kind.parent
        if step.kind.why_busy is not None:
            yield step.kind.name
        yield from (use.kind.name for use in USES.get(step.kind.name, ()))


def _pages(name: str, rows: int) -> int:
    """Give the requests that a list takes: a page that is full asks for the next one."""
    size = KINDS[name].endpoint.page_size if name in KINDS else None
    return 1 if size is None else max(1, math.floor(rows / size) + 1)


def _layers(steps: Sequence[PlannedStep]) -> list[list[PlannedStep]]:
    """Order steps so that each layer needs only those before it."""
    by_urn = {step.urn: step for step in steps}
    depths: dict[str, int] = {}

    def depth(urn: str) -> int:
        if urn not in depths:
            depths[urn] = 0
            depths[urn] = max((depth(needed) + 1 for needed in by_urn[urn].needs if needed in by_urn), default=0)
        return depths[urn]

    layers: list[list[PlannedStep]] = []
    for step in steps:
        place = depth(step.urn)
        while len(layers) <= place:
            layers.append([])
        layers[place].append(step)
    return layers
