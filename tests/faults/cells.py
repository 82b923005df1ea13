"""One cell of the matrix: a verb of a kind meets a fault, the next run follows, and the account is looked at.

What must hold in every cell is in ``broken``; what a user sees is the ``Outcome``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from flireo_iac.core.existing import Existing
from flireo_iac.core.refresh import refreshed
from flireo_iac.emulator.server import Running
from flireo_iac.kinds import KINDS, Kind, secret_texts
from tests.faults.orders import Fault
from tests.faults.processes import KEY, Done, Process, next_verb
from tests.faults.samples import changed, natural_name, others, path_of, sample
from tests.needed import make_needed

MOST_REQUESTS = 40
MOST_SLEPT_S = 240
TIMEOUT_S = 0.4
"""Longest silence of the server where it is meant to be silent."""

PATIENCE_S = 30.0
"""The same where it is not."""

_ERROR = re.compile(r'(create|refresh|update|delete) [a-z ]+ "[^"]+": .+\.', re.DOTALL)
_PLACE = re.compile(r"\b(GET|POST|PATCH|DELETE) /")


@dataclass(frozen=True)
class Cell:
    """What happens to whom.

    Args:
        kind: Name of the kind.
        verb: ``create``, ``refresh``, ``update`` or ``delete``.
        fault: The fault.
        lasting: How long it lasts, see ``LASTINGS``.
    """

    kind: str
    verb: str
    fault: Fault
    lasting: str

    def __str__(self) -> str:
        return f"{self.kind}, {self.verb}, {self.fault.name}, {self.lasting}"


@dataclass(frozen=True)
class Step:
    """What a user sees of one run, with what differs between resources left out.

    Args:
        exit_code: 0 when it came to its end.
        texts: Warnings and the error, in the order they came.
    """

    exit_code: int
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What a user sees of a cell.

    Args:
        met: True when the verb sent a request that the fault meets.
        first: The run with the fault.
        again: The run after it, without.
    """

    met: bool
    first: Step
    again: Step


@dataclass(frozen=True)
class Result:
    """A cell that was run.

    Args:
        cell: Which.
        outcome: What a user sees.
        broken: What should hold and does not; empty when all is well.
    """

    cell: Cell
    outcome: Outcome
    broken: tuple[str, ...]


def run(cell: Cell, emulator: Running, folder: Path) -> Result:
    """Run a cell on an emulator of its own.

    Args:
        cell: Which.
        emulator: Emptied first.
        folder: An empty folder.
    """
    with _Account(emulator) as account:
        return _run(cell, emulator, folder, account)


def _run(cell: Cell, emulator: Running, folder: Path, account: _Account) -> Result:
    account.reset()
    kind = KINDS[cell.kind]
    inputs = sample(kind)
    state = _prepared(kind, inputs, emulator, folder, exists=cell.verb != "create")
    wanted = changed(kind, inputs) if cell.verb == "update" else inputs
    assert wanted is not None
    secrets = {KEY, *secret_texts(kind.model, wanted)}
    before = account.ids(kind)
    account.forget()

    account.order(cell.fault.order(kind, cell.verb, cell.lasting, _echo(secrets)))
    with Process(emulator.url, folder, TIMEOUT_S if cell.fault.is_timeout else PATIENCE_S) as process:
        first = process.bring(cell.verb, kind, wanted, state)
    requests = account.forget()
    met = any("fault" in each for each in requests)
    new = account.ids(kind) - before
    broken = [
        *_wrong_texts(first, secrets),
        *_wrong_effort(first, requests),
        *_wrong_creates(kind, requests, new),
        *_wrong_end(cell, first, state),
    ]

    with Process(emulator.url, folder, PATIENCE_S) as process:
        verb = next_verb(cell.verb, kind, wanted, first.state)
        again = process.bring(verb, kind, wanted, first.state) if verb else Done(first.state, None, 0, [], 0)
    broken += _wrong_texts(again, secrets)
    if again.error is not None:
        broken.append(f"the next run does not mend it: {again.error}")
    elif cell.verb == "delete":
        left = account.ids(kind) - before | ({state.id} & account.ids(kind) if state else set())
        broken += [f"left behind: {left}"] if left else []
    else:
        expected = before | ({again.state.id} if again.state else set())
        if account.ids(kind) != expected:
            broken.append(f"the account holds {account.ids(kind)}, {expected} was expected")
        broken += _wrong_plan(kind, wanted, again.state, emulator, folder)

    place = httpx.URL(emulator.url).netloc.decode()
    first_step, again_step = (_step(kind, wanted, each, place) for each in (first, again))
    return Result(cell, Outcome(met, first_step, again_step), tuple(broken))


def _prepared(
    kind: Kind, inputs: Mapping[str, Any], emulator: Running, folder: Path, *, exists: bool
) -> Existing | None:
    """Make what a kind needs, objects beside the resource, and, last of all, the resource itself."""
    make_needed(kind, emulator.url, emulator.control_url, KEY)
    with Process(emulator.url, folder, PATIENCE_S) as process:
        for other in others(kind, inputs):
            process.api.create(kind, other)
        return process.bring("create", kind, inputs, None).state if exists else None


def _echo(secrets: set[str]) -> str:
    return f"Repeats {', '.join(sorted(secrets))}"


class _Account:
    """The account behind the API, through the emulator's control routes."""

    def __init__(self, emulator: Running) -> None:
        self._control = httpx.Client(base_url=emulator.control_url, trust_env=False, timeout=PATIENCE_S)

    def __enter__(self) -> _Account:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()

    def reset(self) -> None:
        self._control.post("/reset").raise_for_status()

    def order(self, order: Mapping[str, Any]) -> None:
        self._control.post("/faults", json=order).raise_for_status()

    def forget(self) -> list[dict[str, Any]]:
        """Take the faults away; give and empty the log."""
        self._control.delete("/faults").raise_for_status()
        requests: list[dict[str, Any]] = self._control.get("/requests").json()["requests"]
        self._control.delete("/requests").raise_for_status()
        return requests

    def ids(self, kind: Kind) -> set[str]:
        answer = self._control.get(f"/objects/{path_of(kind).rpartition('/')[2]}").raise_for_status()
        parent = f"{kind.example[kind.endpoint.within]}/" if kind.endpoint.within else ""
        return {f"{parent}{each['id']}" for each in answer.json()["objects"]}


def _wrong_texts(done: Done, secrets: set[str]) -> list[str]:
    texts = [*done.said, *([done.error] if done.error else [])]
    wrong = [f"a secret is in: {text}" for text in texts if any(secret in text for secret in secrets)]
    wrong += [f"more than one line: {text!r}" for text in texts if "\n" in text]
    if done.error is not None:
        wrong += [] if _ERROR.fullmatch(done.error) else [f"not of the form of an error: {done.error}"]
        wrong += [] if _PLACE.search(done.error) else [f"no method and path: {done.error}"]
    return wrong


def _wrong_effort(done: Done, requests: list[dict[str, Any]]) -> list[str]:
    wrong = [] if len(requests) <= MOST_REQUESTS else [f"{len(requests)} requests"]
    return wrong if done.slept_s <= MOST_SLEPT_S else [*wrong, f"{done.slept_s:.0f} s of sleep"]


def _wrong_creates(kind: Kind, requests: list[dict[str, Any]], new: set[str]) -> list[str]:
    wrong = [] if len(new) <= 1 else [f"{len(new)} objects were made"]
    creates = [each for each in requests if (each["method"], each["path"]) == ("POST", path_of(kind))]
    arrived = [each for each in creates if each.get("fault") != "429"]
    if kind.endpoint.style != "slot" and len(arrived) > 1:
        wrong.append(f"the create was sent {len(arrived)} times")
    return wrong


def _wrong_end(cell: Cell, done: Done, state: Existing | None) -> list[str]:
    wrong = []
    if done.error is not None and done.exit_code != cell.fault.exit_code:
        wrong.append(f"exit code {done.exit_code}, {cell.fault.exit_code} was expected")
    if cell.verb == "refresh" and done.state is None:
        wrong.append("an object that is there was dropped from the state")
    if state is not None and done.state is not None and done.state.id != state.id:
        wrong.append("the state has another id")
    return wrong


def _wrong_plan(
    kind: Kind, wanted: Mapping[str, Any], state: Existing | None, emulator: Running, folder: Path
) -> list[str]:
    if state is None:
        return ["the state does not hold the resource"]
    with Process(emulator.url, folder, PATIENCE_S) as process:
        found = process.lifecycle.read(kind, state.id, state.inputs, state.outputs, process.say)
        row = process.api.get(kind, state.id)
    if found is None or row is None:
        return ["the object of the state is not there"]
    wrong = [f"a refresh says: {text}" for text in process.said]
    verb = next_verb("update", kind, wanted, found)
    wrong += [f"the plan is not empty: {verb}"] if verb else []
    drifted = refreshed(kind, wanted, row, {}).drifted
    return [*wrong, *(f"the account does not hold what is wanted: {name}" for name in drifted)]


def _step(kind: Kind, wanted: Mapping[str, Any], done: Done, place: str) -> Step:
    texts = [*done.said, *([done.error] if done.error else [])]
    return Step(done.exit_code, tuple(dict.fromkeys(general(kind, wanted, text, place) for text in texts)))


def general(kind: Kind, inputs: Mapping[str, Any], text: str, place: str) -> str:
    """Leave out of a text what is of this one resource, request, server or moment.

    Args:
        kind: What the resource is.
        inputs: What it holds.
        text: What a user reads.
        place: Host and port of the server.
    """
    name, path = natural_name(kind, inputs), re.escape(path_of(kind))
    text = re.sub(r' \("Repeats [^"]*"\)', ' ("<what the server says>")', text)
    text = re.sub(rf"\b(GET|POST|PATCH|DELETE) ({path}(/[^ ,;.)]+)?|/account)", "<request>", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<id>", text)
    for key in (*kind.envelope.one, *kind.envelope.many):
        text = re.sub(rf'(the (list|object) )?"{key}"', "<envelope>", text)
    text = re.sub(rf"^(create|refresh|update|delete) {kind.title}", "<verb> <kind>", text)
    text = text.replace(place, "<server>").replace(f'"{name}"', '"<name>"').replace(kind.title, "<kind>")
    text = re.sub(r"until \d\d:\d\d:\d\d\b", "until <time>", text)
    text = re.sub(r"Tried \d+ times", "Tried <n> times", text)
    text = re.sub(r"\b(wait|waiting) \d+ s\b", r"\1 <n> s", text)
    return re.sub(r"HTTP (50[234]|20[01])\b", "HTTP <status>", text)
