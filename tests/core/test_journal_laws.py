"""Any history of one stack's creates: nothing twice, nothing foreign taken over, nothing of ours forgotten.

Runs come one after the other, each as a process of its own. A request may be lost before or after the server acts, the
process may die at any of the points between, the state may miss the last answer, other stacks and people make objects
of the same name, files change, and the journal gets lost. What happened is held against a list of who made what.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flireo_iac.allow import Allowed
from flireo_iac.core.account import Account as Owner
from flireo_iac.core.creation import Creation
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.journal import Journal, digester
from flireo_iac.core.lifecycle import Lifecycle
from flireo_iac.errors import AmbiguousCreateError, FlireoError, TransportError
from flireo_iac.kinds import KINDS, Kind
from tests import strategies
from tests.core.test_lifecycle import GATEWAY, LOST, Account

AGENT = KINDS["agent"]
NAMES = ["desk", "night"]
UNSENT = TransportError("no connection", method="POST", path="/agents", may_have_arrived=False)


class CutOffError(BaseException):
    """The process ends here."""


class World(Account):
    """An account that knows whose each object is, and loses a request or an answer on order."""

    def __init__(self) -> None:
        super().__init__()
        self.makers: dict[str, str] = {}
        self.maker = ""
        self.held_at: dict[str, set[str]] = {}
        self.before_create: Callable[[], None] = lambda: None

    def create(self, kind: Kind, body: Any, before_send: Callable[[], None] = lambda: None) -> Any:
        before_send()
        known = set(self.rows)
        self.held_at[self.maker] = known
        self.before_create()
        try:
            return super().create(kind, body)
        finally:
            for id_ in set(self.rows) - known:
                self.makers[id_] = self.maker


def urn(name: str) -> str:
    return f"urn:pulumi:dev::shop::pulumi-python:dynamic/flireo:Agent::{name}"


def inputs(text: str) -> dict[str, Any]:
    """Give inputs with one natural key for all: whose object it is, the name does not tell."""
    return {"name": "Desk", "first_message": text}


ENDS = st.sampled_from(
    ["good", "good", "good", "unsent", "lost before", "lost after", "dies before", "dies after", "gateway after"]
)
TEXTS = st.sampled_from(["Hi", "Hi", "Hi", "Ho"])


class Histories(RuleBasedStateMachine):
    """Two resources of one stack that want objects of the same name."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.world = World()
        self.state: dict[str, str] = {}
        self.files = dict.fromkeys(NAMES, "Hi")
        self.is_journal_whole = True
        self.taken_over: set[str] = set()
        self.steps = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @property
    def journal(self) -> Journal:
        return Journal(self.folder / "journal")

    def run(self, name: str, *, is_kept: bool, is_twin_allowed: bool) -> FlireoError | None:
        """Let a run of its own create one resource; the state keeps what it gave unless the engine dies first."""
        inventory = Inventory(self.world)
        journal = self.journal
        for known, id_ in self.state.items():
            journal.see(urn(known), id_)
        creation = Creation(
            self.world,
            inventory,
            journal,
            update=Lifecycle(self.world, inventory).update,
            account=Owner(self.world),
            digest=digester("key"),
            folder="/project",
            is_known=lambda kind, id_: id_ in self.state.values(),
            allowed=Allowed(frozenset({"twin:*"} if is_twin_allowed else ())),
            settle_s=0.0,
            sleep=lambda seconds: None,
        )
        self.world.maker = name
        said: list[str] = []
        try:
            made = creation.create(AGENT, inputs(self.files[name]), lambda _, text: said.append(text), urn(name))
        except FlireoError as error:
            return error
        except CutOffError:
            return None
        finally:
            self.world.before_create = self.world.after_create = lambda: None
            journal.release()
        if self.world.makers[made.id] != name:
            self._is_the_only_one_it_could_be(name, made.id, said)
        if is_kept:
            self.state[name] = made.id
        return None

    def _is_the_only_one_it_could_be(self, name: str, id_: str, said: list[str]) -> None:
        """Nothing tells an equal object that came up after a lost request from one that the request made."""
        assert any(id_ in text for text in said), "taken over without a word"
        assert id_ not in self.world.held_at[name], "it was there before anything was sent"
        assert self.is_journal_whole
        self.taken_over.add(id_)

    @initialize(count=st.integers(0, 1))
    def a_person_was_here(self, count: int) -> None:
        for _ in range(count):
            self.a_person_makes_a_twin("Hi")

    @precondition(lambda self: len(self.state) < len(NAMES))
    @rule(data=st.data(), end=ENDS, is_kept=st.booleans(), is_twin_allowed=st.booleans())
    def create(self, data: st.DataObject, end: str, is_kept: bool, is_twin_allowed: bool) -> None:
        name = data.draw(st.sampled_from([each for each in NAMES if each not in self.state]))
        self.steps += 1
        self._arrange(end)
        held = set(self.world.rows)
        error = self.run(name, is_kept=is_kept, is_twin_allowed=is_twin_allowed)
        event(f"{end}: {type(error).__name__}")
        if isinstance(error, AmbiguousCreateError):
            assert set(error.candidates) <= set(self.world.rows)
            assert "flireo recover" in str(error) or "Run again" in str(error)
        assert len(set(self.world.rows) - held) <= 1

    def _arrange(self, end: str) -> None:
        def fail(error: BaseException) -> Callable[[], None]:
            def act() -> None:
                self.world.before_create = self.world.after_create = lambda: None
                raise error

            return act

        match end:
            case "unsent":
                self.world.before_create = fail(UNSENT)
            case "lost before":
                self.world.before_create = fail(LOST)
            case "dies before":
                self.world.before_create = fail(CutOffError())
            case "lost after":
                self.world.after_create = fail(LOST)
            case "gateway after":
                self.world.after_create = fail(GATEWAY)
            case "dies after":
                self.world.after_create = fail(CutOffError())

    @rule(text=TEXTS)
    def a_person_makes_a_twin(self, text: str) -> None:
        self.world.makers[self.world.add(**inputs(text))] = "a person"

    @rule(text=TEXTS)
    def another_stack_makes_a_twin(self, text: str) -> None:
        self.world.makers[self.world.add(**inputs(text))] = "another stack"

    @rule(name=st.sampled_from(NAMES), text=TEXTS)
    def a_file_is_changed(self, name: str, text: str) -> None:
        self.files[name] = text

    @precondition(lambda self: self.state)
    @rule(data=st.data())
    def a_resource_is_deleted(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.state)))
        id_ = self.state.pop(name)
        self.journal.see(urn(name), id_)
        del self.world.rows[id_]

    @precondition(lambda self: self.is_journal_whole and self.steps > 4)
    @rule()
    def the_journal_is_lost(self) -> None:
        shutil.rmtree(self.folder / "journal", ignore_errors=True)
        self.is_journal_whole = False

    @invariant()
    def nothing_foreign_is_ours(self) -> None:
        for name, id_ in self.state.items():
            is_ours = self.world.makers[id_] == name or id_ in self.taken_over
            assert is_ours, f"{name} took over {id_} of {self.world.makers[id_]}"

    @invariant()
    def one_object_is_one_resource(self) -> None:
        assert len(set(self.state.values())) == len(self.state)

    @invariant()
    def nothing_is_made_twice(self) -> None:
        if self.is_journal_whole:
            for name in NAMES:
                ours = [id_ for id_ in self.world.rows if self.world.makers[id_] == name]
                assert len(ours) <= 1, f"{name} has {ours}"

    @invariant()
    def nothing_of_ours_is_forgotten(self) -> None:
        if not self.is_journal_whole:
            return
        begun = {each.urn: each for each in self.journal.intents()}
        for id_ in self.world.rows:
            name = self.world.makers[id_]
            if name in NAMES and self.state.get(name) != id_:
                assert urn(name) in begun, f"{id_} of {name} is neither in the state nor in the journal"
                assert begun[urn(name)].object_id in (None, id_)


TestHistories = Histories.TestCase
TestHistories.settings = settings(strategies.LAW, stateful_step_count=20)
