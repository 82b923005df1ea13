"""One run of one verb, as a provider process makes it: the real client and lifecycle, without its sleep."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flireo_iac.client import FlireoApi
from flireo_iac.client.budget import Budget
from flireo_iac.core.account import Account
from flireo_iac.core.creation import Creation
from flireo_iac.core.diff import diff
from flireo_iac.core.existing import Existing, UnfinishedError
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.journal import Journal, digester
from flireo_iac.core.lifecycle import Lifecycle
from flireo_iac.core.refresh import ANSWER
from flireo_iac.errors import FlireoError
from flireo_iac.kinds import Kind
from flireo_iac.provider.redact import Redactor
from flireo_iac.settings import Settings
from flireo_iac.waits import wait_text
from tests.faults.samples import natural_name

KEY = "fl_test_canary_key_7d41"
BUDGET = 100_000
URN = "urn:pulumi:dev::shop::pulumi-python:dynamic/flireo:{kind}::item"


class Clock:
    """A clock that a sleep puts forward instead of waiting."""

    def __init__(self) -> None:
        self.slept_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.slept_s

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds


@dataclass
class Done:
    """What a verb came to.

    Args:
        state: What the state holds now; None for nothing.
        error: What stopped it, as the user reads it; None when nothing did.
        exit_code: Exit code; 0 when nothing stopped it.
        said: What it said beside, with its severity.
        slept_s: Seconds that it would have slept.
    """

    state: Existing | None
    error: str | None
    exit_code: int
    said: list[str]
    slept_s: float


class Process:
    """One process with one account.

    Args:
        url: Address of the API.
        folder: Folder for what processes share.
        read_timeout_s: Longest silence of the server.
        settle_s: Seconds after which a create that was cut off cannot arrive any more.
    """

    def __init__(self, url: str, folder: Path, read_timeout_s: float, settle_s: float = 0) -> None:
        self.said: list[str] = []
        self.clock = Clock()
        self._redactor = Redactor()
        self._redactor.learn(KEY)
        settings = Settings(
            key=KEY,
            base_url=url,
            requests_per_minute=BUDGET,
            connect_timeout_s=10,
            read_timeout_s=read_timeout_s,
            state_dir=folder,
        )
        self.api = FlireoApi(
            settings,
            on_wait=lambda reason, seconds: self.say("info", wait_text(reason, seconds)),
            on_warning=lambda text: self.say("warning", text),
            budget=Budget(None, BUDGET, sleep=self.clock.sleep, clock=self.clock),
            sleep=self.clock.sleep,
            clock=self.clock,
        )
        inventory = Inventory(self.api, say=lambda text: self.say("warning", text))
        account = Account(self.api)
        self.lifecycle = Lifecycle(self.api, inventory, account)
        self.journal = Journal(folder / "journal")
        self._creation = Creation(
            self.api,
            inventory,
            self.journal,
            update=self.lifecycle.update,
            account=account,
            digest=digester(KEY),
            settle_s=settle_s,
            sleep=self.clock.sleep,
        )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.release()
        self.api.close()

    def say(self, severity: str, text: str) -> None:
        """Keep what would be shown, masked as the provider masks it."""
        self.said.append(f"{severity}: {self._redactor.mask(text)}")

    def bring(self, verb: str, kind: Kind, wanted: Mapping[str, Any], state: Existing | None) -> Done:
        """Do a verb, and give what an engine would keep of it."""
        self._redactor.learn_inputs(kind, wanted if verb in {"create", "update"} else state.outputs if state else {})
        error: FlireoError | None = None
        try:
            state = self._act(verb, kind, wanted, state)
        except UnfinishedError as unfinished:
            state, error = unfinished.existing, unfinished
        except FlireoError as other:
            error = other
        if error is None:
            return Done(state, None, 0, self.said, self.clock.slept_s)
        title = f'{verb} {kind.title} "{natural_name(kind, wanted)}"'
        text = self._redactor.mask(f"{title}: {error.reason}")
        return Done(state, text, error.exit_code, self.said, self.clock.slept_s)

    def _act(self, verb: str, kind: Kind, wanted: Mapping[str, Any], state: Existing | None) -> Existing | None:
        if verb == "create":
            return self._creation.create(kind, wanted, self.say, URN.format(kind=kind.token))
        assert state is not None
        self.journal.see(URN.format(kind=kind.token), state.id)
        if verb == "refresh":
            return self.lifecycle.read(kind, state.id, state.inputs, state.outputs, self.say)
        if verb == "update":
            return self.lifecycle.update(kind, state.id, state.inputs, wanted, state.outputs, self.say)
        self.lifecycle.delete(kind, state.id, state.outputs, self.say)
        return None


def next_verb(verb: str, kind: Kind, wanted: Mapping[str, Any], state: Existing | None) -> str | None:
    """Say what the next run does about a resource; None when there is nothing to do."""
    if verb == "delete":
        return None if state is None else "delete"
    if state is None:
        return "create"
    return "update" if diff(kind, state.inputs, wanted) or not state.outputs.get(ANSWER) else None
