"""The Pulumi dynamic provider of every kind.

The module path and the names of the provider objects below are in users' state (``__provider``) and never change:
moving one makes existing resources undeletable. One class serves all kinds; it holds no state of a run, because the
SDK keeps one object for each kind and calls it from four threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.output import Unknown
from pulumi.runtime.rpc import wrap_rpc_secret

from flireo_iac.allow import VARIABLE, Allowed, flag, word
from flireo_iac.client.deadline import allowing
from flireo_iac.core.canonical import canonical
from flireo_iac.core.check import check
from flireo_iac.core.diff import Change, diff
from flireo_iac.core.existing import Existing, UnfinishedError
from flireo_iac.core.lifecycle import old_inputs
from flireo_iac.core.within import Say, leaves_out
from flireo_iac.errors import ExitCode, FlireoError, RailError
from flireo_iac.kinds import KINDS, Kind, map_secrets
from flireo_iac.provider import rpc
from flireo_iac.provider.session import Session, engine_address
from flireo_iac.rows import GONE

Result = TypeVar("Result")


def _say(severity: str, text: str, is_passing: bool) -> None:
    rpc.say(rpc.current_call(), severity, SESSION.redactor.mask(text), is_passing=is_passing)


SESSION = Session(_say)
"""What the providers of this process share."""


def _is_unknown(value: Any) -> bool:
    return isinstance(value, Unknown)


class KindProvider(ResourceProvider):
    """The provider of one kind.

    Args:
        kind: The kind.
    """

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        self._kind = kind

    def configure(self, req: ConfigureRequest) -> None:
        """Take the stack's configuration; secrets arrive decrypted."""
        SESSION.configure(req.config)

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Find everything that is wrong with the inputs. Sends no request."""
        call = rpc.current_call()
        SESSION.redactor.learn_inputs(self._kind, news)
        SESSION.see_program()
        SESSION.see_wanted(call.urn if call is not None else "")
        failures = []
        for issue in check(self._kind, news, _is_unknown):
            text = SESSION.redactor.mask(f"{issue} ({issue.rule})")
            if issue.severity == "error":
                # With a property named, Pulumi prints that property's whole value, secrets in it too.
                failures.append(CheckFailure("", text))
            else:
                rpc.say(call, "warning", text)
        return CheckResult(news, failures)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Say whether a write is needed, and whether it is a new object. Sends no request."""
        self._see(_id, _olds)
        if GONE in _olds:
            return self._diff_of_missed(_id, _news)
        before = self._inputs_before(_olds)
        changes = diff(self._kind, before, _news, _is_unknown)
        if not changes:
            # Each of what came along with the create has a difference of its own to show.
            return DiffResult(changes=leaves_out(self._kind, before, _news, _is_unknown))
        if self._kind.is_replaced_by_name:
            self._check_replacement(changes, _news)
        # changes=None lets the engine show each field itself, and makes replace_on_changes work.
        return DiffResult(
            changes=None,
            replaces=[change.written for change in changes if change.is_replacement],
            delete_before_replace=self._kind.is_deleted_before_replaced,
        )

    def _diff_of_missed(self, id_: str, news: Mapping[str, Any]) -> DiffResult:
        """Let an object that was deleted outside be made anew, where the program wants that and it was asked for."""
        call = rpc.current_call()
        if not self._kind.is_remade_by_name:  # its turn had come before that, so it is history
            name = (call and call.name) or self._natural_name(news)
            is_asked_for = Allowed.load(os.environ).covers("call-again", name)
            replaces = [self._kind.natural_key[0]] if is_asked_for else []
            return DiffResult(changes=is_asked_for, replaces=replaces, delete_before_replace=True)
        if SESSION.is_wanted(call.urn if call is not None else ""):  # a refresh asks what differs, too
            why = (
                f"it was deleted outside this stack ({id_}), and is made anew only when that is asked for by name: "
                f"{self._kind.when_replaced[0].lower()}{self._kind.when_replaced[1:]} If not meant, remove its item."
            )
            self._require_asked_for("make anew", news, why)
        return DiffResult(changes=True, replaces=[self._kind.natural_key[0]], delete_before_replace=True)

    def _check_replacement(self, changes: Iterable[Change], news: Mapping[str, Any]) -> None:
        """Stop a replacement that was not asked for by name; one that only the run can tell is left to the run."""
        known = [change for change in changes if change.is_replacement and not _is_unknown(news.get(change.written))]
        if known:
            why = (
                f"{known[0].written} is another one now, and a {self._kind.title} is replaced only when that is asked "
                "for by name: the old one is given up, and whoever uses it is cut off."
            )
            self._require_asked_for("replace", news, why)

    def _require_asked_for(self, verb: str, news: Mapping[str, Any], why: str) -> None:
        """Stop what only the word ``replace`` with the item's name allows."""
        call = rpc.current_call()
        name = (call and call.name) or self._natural_name(news)

        def refuse(_say: Say) -> None:
            if not Allowed.load(os.environ).covers("replace", name):
                allow = f"run flireo with {flag('replace', name)}, or set {VARIABLE}={word('replace', name)}"
                raise RailError([f"{why} If meant, {allow}."])

        self._act(verb, news, refuse)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the object, once."""
        call = rpc.current_call()
        urn = call.urn if call is not None else ""
        SESSION.see_accounts(urn)
        made = self._act("create", props, lambda say: SESSION.creation.create(self._kind, props, say, urn))
        return CreateResult(made.id, self._sealed(made.outputs))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Say what the account holds now."""
        self._see(id_, props)
        inputs = self._inputs_before(props)

        def act(say: Say) -> Existing | None:
            return SESSION.lifecycle.read(self._kind, id_, inputs, props, say)

        found = self._act("refresh", inputs, act)
        if found is None:
            return ReadResult("", {})
        # Drift shows only in inputs: outputs alone count as unchanged.
        return ReadResult(found.id, self._sealed(found.outputs), self._sealed(found.inputs))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Bring the object to the new inputs."""
        self._see(_id, _olds)
        before = self._inputs_before(_olds)

        def act(say: Say) -> Existing:
            return SESSION.lifecycle.update(self._kind, _id, before, _news, _olds, say)

        return UpdateResult(self._sealed(self._act("update", _news, act).outputs))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the object."""
        call = rpc.current_call()
        item = call.name if call is not None else self._natural_name(_props)
        self._see(_id, _props)
        self._act("delete", _props, lambda say: SESSION.lifecycle.delete(self._kind, _id, _props, say, item))

    def _see(self, id_: str, outputs: Mapping[str, Any]) -> None:
        """Note what the engine's state holds."""
        call = rpc.current_call()
        SESSION.see(self._kind.name, call.urn if call is not None else "", id_, outputs)

    def _inputs_before(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Give the inputs of the last run: the engine's, or else what the outputs hold of them."""
        call = rpc.current_call()
        sent = call.old_inputs if call is not None else None
        return sent if sent is not None else old_inputs(self._kind, outputs)

    def _act(self, verb: str, inputs: Mapping[str, Any], act: Callable[[Say], Result]) -> Result:
        """Run one verb; what goes wrong ends the engine's call with one masked line."""
        call = rpc.current_call()
        SESSION.redactor.learn_inputs(self._kind, inputs)

        resource = f'{self._kind.title} "{(call and call.name) or self._natural_name(inputs)}"'
        title = f"{verb} {resource}"

        def say(severity: str, text: str) -> None:
            is_wait = severity == "wait"
            text = SESSION.redactor.mask(f"{resource}: {text}")
            rpc.say(call, "info" if is_wait else severity, text, is_passing=is_wait)

        try:
            with SESSION, allowing(call.timeout_s if call is not None else 0):
                return act(say)
        except UnfinishedError as error:
            text = SESSION.redactor.mask(f"{title}: {error.reason}")
            outputs, inputs = self._sealed(error.existing.outputs), self._sealed(error.existing.inputs)
            rpc.fail_unfinished(call, text, error.existing.id, outputs, inputs)
        except FlireoError as error:
            reasons = [rpc.UNAUTHENTICATED] if error.exit_code == ExitCode.AUTHENTICATION else []
            reasons += [rpc.OUTCOME_UNKNOWN] if error.is_outcome_unknown else []
            rpc.fail(call, SESSION.redactor.mask(f"{title}: {error.reason}"), *reasons)

    def _sealed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Mark secret fields as Pulumi secrets: one that the dashboard added was never marked by a program."""
        SESSION.redactor.learn_inputs(self._kind, values)
        return map_secrets(self._kind.model, values, wrap_rpc_secret)

    def _natural_name(self, inputs: Mapping[str, Any]) -> str:
        spelled = canonical(self._kind.model, inputs)
        return " ".join(str(spelled.get(key, "")) for key in self._kind.natural_key)


# One object for each kind, under the kind's name: what ``__provider`` names.
globals().update({name: KindProvider(kind) for name, kind in KINDS.items()})

_ENGINE = engine_address()
if _ENGINE is not None:
    SESSION.leave_with_engine(_ENGINE)
