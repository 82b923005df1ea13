"""Reads what is really there and takes it into the state; the program does not run.

Source: pulumi notes on the engine, section 5, "Refresh".
"""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from flireo_iac.engine.files.backend import now
from flireo_iac.engine.files.snapshot import Snapshot
from flireo_iac.engine.model.diff import Change, compare, inverted, keys_of
from flireo_iac.engine.model.events import Emit, Message, Op, Severity, StepEnded, StepStarted
from flireo_iac.engine.model.paths import put_back
from flireo_iac.engine.model.redact import Redactor
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.urns import PROVIDER_PREFIX, split_provider
from flireo_iac.engine.model.values import Properties, equal, mark_outputs, mark_secrets
from flireo_iac.engine.planning.targets import Targets
from flireo_iac.engine.processes.call_error import CallError, CutOffError
from flireo_iac.engine.processes.provider_process import ProviderProcess


@dataclass
class Refreshed:
    """What a refresh found.

    Args:
        snapshot: The state with what is really there.
        counts: Resources by what happened to them.
        ended: The steps.
        failed: True when something could not be read.
        unauthenticated: True when the key was not accepted.
    """

    snapshot: Snapshot
    counts: Counter[Op] = field(default_factory=Counter)
    ended: list[StepEnded] = field(default_factory=list)
    failed: bool = False
    unauthenticated: bool = False


@dataclass(frozen=True)
class _Outcome:
    ended: StepEnded
    resource: Resource | None
    """The resource as it is now; None when it is gone."""
    unauthenticated: bool = False


class Refresher:
    """Reads resources, several at a time.

    Args:
        provider: Gives the provider process, configured.
        targets: What the run is about.
        parallel: Calls at once, at least 1.
        emit: Takes events.
        redact: Masks secrets.
        stopped: Set as soon as nothing new may begin.
    """

    def __init__(
        self,
        provider: Callable[[], ProviderProcess],
        *,
        targets: Targets,
        parallel: int,
        emit: Emit,
        redact: Redactor,
        stopped: threading.Event,
    ) -> None:
        self._provider = provider
        self._targets = targets
        self._parallel = max(parallel, 1)
        self._emit = emit
        self._redact = redact
        self._stopped = stopped

    def run(self, base: Snapshot) -> Refreshed:
        """Read every resource that the run is about; one that cannot be read does not stop the others.

        Args:
            base: The state; it is left as it is.
        """
        result = Refreshed(base)
        now_there: dict[int, Resource | None] = {}
        with concurrent.futures.ThreadPoolExecutor(self._parallel, "refresh") as pool:
            running = {
                pool.submit(self._refresh, resource): resource for resource in base.resources if self._is_read(resource)
            }
            for future in concurrent.futures.as_completed(running):
                outcome = future.result()
                if outcome is None:
                    continue
                result.ended.append(outcome.ended)
                if outcome.ended.failed:
                    result.failed = True
                    result.unauthenticated = result.unauthenticated or outcome.unauthenticated
                else:
                    now_there[id(running[future])] = outcome.resource
                    result.counts[outcome.ended.started.op] += 1
        result.snapshot = Snapshot(_rebuild(base.resources, now_there), base.operations)
        return result

    def _is_read(self, resource: Resource) -> bool:
        internal = not resource.custom or resource.type.startswith(PROVIDER_PREFIX)
        return not internal and not resource.pending_replacement and self._targets.names(resource.urn)

    def _refresh(self, old: Resource) -> _Outcome | None:
        if self._stopped.is_set():
            return None
        begun = time.monotonic()
        started = StepStarted(Op.REFRESH, old.urn, old, None)
        self._emit(started)
        try:
            new, changes = self._read(old)
        except CutOffError:
            return None
        except CallError as error:
            self._emit(Message(self._redact(error.text), Severity.ERROR, old.urn))
            ended = StepEnded(started, failed=True, seconds=time.monotonic() - begun)
            self._emit(ended)
            return _Outcome(ended, old, error.unauthenticated)
        op = Op.DELETE if new is None else Op.UPDATE if changes is not None else Op.SAME
        changes = changes or ()
        ended = StepEnded(
            StepStarted(op, old.urn, old, new, changes, keys_of(changes)),
            failed=False,
            seconds=time.monotonic() - begun,
        )
        self._emit(ended)
        return _Outcome(ended, new)

    def _read(self, old: Resource) -> tuple[Resource | None, tuple[Change, ...] | None]:
        """Give the resource as it is, and what is different; None for the latter when nothing is."""
        init_errors: list[str] = []
        try:
            identity, outputs, inputs = self._provider().read(old)
        except CallError as error:
            if error.partial is None:
                raise
            identity, outputs, inputs = error.partial.id, error.partial.outputs, error.partial.inputs
            init_errors = [self._redact(reason) for reason in error.partial.reasons]
            words = "\n".join(init_errors)
            self._emit(Message(f"is there, but not healthy: {words}", Severity.WARNING, old.urn))
        if not identity:
            return None, None
        new = old.copy()
        new.id = identity
        new.init_errors = init_errors
        new.inputs = old.inputs if inputs is None else mark_secrets(inputs, old.inputs)
        new.outputs = mark_outputs(mark_secrets(outputs, old.outputs), new.inputs, old.additional_secret_outputs)
        self._redact.learn_properties(new.outputs)
        if not equal(new.inputs, old.inputs) or not equal(new.outputs, old.outputs):
            new.modified = now()
        return new, self._difference(old, new)

    def _difference(self, old: Resource, new: Resource) -> tuple[Change, ...] | None:
        if old.external:
            return None if equal(old.outputs, new.outputs) else ()
        # The question is what the next update would do about it; the answer is shown the other way round.
        answer = self._provider().diff(new.urn, new, old.inputs, old.ignore_changes)
        wanted: Properties = put_back(old.inputs, new.inputs, old.ignore_changes)[0]
        changes = inverted(compare(new.inputs, wanted))
        differs = bool(changes) if answer.changes is None else answer.changes
        return changes if differs else None


def _rebuild(resources: list[Resource], now_there: dict[int, Resource | None]) -> list[Resource]:
    """Give the state with what was read, and with no reference to what is gone."""
    result: list[Resource] = []
    present: set[str] = set()
    parents: dict[str, str] = {}
    for old in resources:
        new = now_there.get(id(old), old)
        parent = old.parent if not old.parent or old.parent in present else parents.get(old.parent, "")
        if new is None:
            parents[old.urn] = parent  # whose children it gets
            continue
        new = new.copy() if new is old else new
        new.dependencies = [urn for urn in new.dependencies if urn in present]
        kept = {key: [urn for urn in urns if urn in present] for key, urns in new.property_dependencies.items()}
        new.property_dependencies = {key: urns for key, urns in kept.items() if urns}
        new.replace_with = [urn for urn in new.replace_with if urn in present]
        if new.deleted_with not in present:
            new.deleted_with = ""
        new.parent = parent
        result.append(new)
        present.add(new.urn)
    return result


def provider_config(base: Snapshot) -> Properties:
    """Give the configuration that the state's provider has: refresh and destroy use it, not the stack file's."""
    for resource in base.resources:
        if resource.provider:
            urn, identity = split_provider(resource.provider)
            for provider in base.resources:
                if provider.urn == urn and provider.id == identity:
                    return provider.inputs
    return {}
