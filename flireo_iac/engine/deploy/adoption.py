"""One run of a program over a state in which objects that exist take the places of creates; nothing is carried out.

What the program registers is read and checked as in every run, so that a resource gets what a create would have left
in the state: checked inputs, parent, dependencies, protection, timeouts.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pulumi.runtime.proto import resource_pb2

from flireo_iac.engine.deploy.deployment import Deployment, Settings
from flireo_iac.engine.deploy.taken import Taken, take_over
from flireo_iac.engine.files.keeper import Keeper
from flireo_iac.engine.files.snapshot import Snapshot
from flireo_iac.engine.model.events import Emit, Op
from flireo_iac.engine.model.redact import Redactor
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.urns import DYNAMIC_PACKAGE, PROVIDER_PREFIX, STACK_TYPE, make_urn, stack_urn, type_of
from flireo_iac.engine.model.values import Properties, write_struct
from flireo_iac.engine.planning.steps import Step
from flireo_iac.engine.planning.targets import Targets
from flireo_iac.engine.processes.provider_process import ProviderProcess

Take = Callable[[str, Properties], Taken | None]
"""Gives the object for a resource that the state does not hold, by URN and checked inputs; None when there is none."""

_ADVICE = " Use --engine pulumi."


@dataclass(frozen=True)
class Adopted:
    """What comes into the state.

    Args:
        resources: The resources, and what they need and the state does not have: stack, provider, components. Each
            comes after all it needs.
        outputs: Outputs of the stack that give the id of one of them.
    """

    resources: tuple[Resource, ...]
    outputs: Properties


class Adoption(Deployment):
    """A run that adopts.

    Args:
        settings: What it is told; the program takes it for a preview.
        base: The state.
        provider: Gives the provider process, configured; it checks inputs and does nothing else.
        take: Gives the objects.
        emit: Takes events.
        redact: Masks secrets.
    """

    def __init__(
        self,
        settings: Settings,
        base: Snapshot,
        provider: Callable[[], ProviderProcess],
        take: Take,
        emit: Emit,
        redact: Redactor,
    ) -> None:
        told = replace(settings, dry_run=True, targets=_Missing(base.live()))
        super().__init__(told, base, Keeper(base, None, None), provider, emit, redact, threading.Event())
        self._take = take
        self._taken: dict[str, str] = {}

    def register(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        """Register a resource; one of another provider is what the state says of it, or unknown."""
        if not _is_foreign(request):
            return super().register(request)
        settings = self.settings
        parent = request.parent or stack_urn(settings.stack, settings.project)
        urn = make_urn(settings.stack, settings.project, parent, request.type, request.name)
        self.planner.decided.seen.add(urn)
        held = self._base.live().get(urn)
        if held is None:
            self.planner.skipped_creates.add(urn)
            return resource_pb2.RegisterResourceResponse(urn=urn, unknown=True)
        outputs = write_struct(held.outputs, for_program=True)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=held.id, object=outputs)

    def refuse(self, text: str) -> None:
        """Stop the run: the program asked for something that only pulumi itself can answer."""
        super().refuse(f"{text.removesuffix(_ADVICE)} The program is run without pulumi here; nothing was changed.")

    def adopted(self) -> Adopted:
        """Give what comes into the state, once the program has ended."""
        present = self._base.live()
        needed = set(self._taken)
        found: list[Resource] = []
        for resource in reversed(self._keeper.snapshot().resources):
            if resource.urn in needed and resource.urn not in present:
                found.append(resource)
                needed.update(resource.needs())
        ids = set(self._taken.values())
        given = self._stack_outputs or {}
        outputs = {key: value for key, value in given.items() if isinstance(value, str) and value in ids}
        return Adopted(tuple(reversed(found)), outputs)

    def _run_chain(self, steps: list[Step], resource: Resource) -> bool:
        step = steps[0]
        if step.op is Op.CREATE and resource.custom:
            self._adopt(resource)
        elif step.op is Op.CREATE:
            return super()._run_chain(steps, resource)
        elif step.old is not None:
            resource.id, resource.outputs = step.old.id, step.old.outputs
        for each in steps:
            each.settled.set()
        return True

    def _adopt(self, resource: Resource) -> None:
        left_out = self.planner.skipped_creates
        taken = self._take(resource.urn, resource.inputs)
        if taken is None or resource.parent in left_out:
            left_out.add(resource.urn)
            return
        take_over(resource, taken)
        _drop(resource, left_out)
        self._taken[resource.urn] = resource.id
        with self._keeper.changing():
            self._keeper.add(resource)

    def _new_provider_id(self) -> str:
        return str(uuid.uuid4())


class _Missing(Targets):
    """Lets a run be about what the state does not hold; the rest is carried over without a question."""

    def __init__(self, live: Mapping[str, Resource]) -> None:
        super().__init__([])
        self._live = live

    def includes(self, urn: str) -> bool:
        return urn not in self._live or type_of(urn) == STACK_TYPE


def _is_foreign(request: resource_pb2.RegisterResourceRequest) -> bool:
    is_ours = request.type.split(":", 1)[0] == DYNAMIC_PACKAGE and not request.type.startswith(PROVIDER_PREFIX)
    return (request.custom and not is_ours) or request.remote


def _drop(resource: Resource, left_out: set[str]) -> None:
    """Let a resource depend on nothing that is not there: what it refers to comes with the next run."""

    def present(urns: list[str]) -> list[str]:
        return [urn for urn in urns if urn not in left_out]

    resource.dependencies = present(resource.dependencies)
    resource.property_dependencies = {key: present(urns) for key, urns in resource.property_dependencies.items()}
    resource.replace_with = present(resource.replace_with)
    if resource.deleted_with in left_out:
        resource.deleted_with = ""
