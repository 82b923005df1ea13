"""Objects that exist are taken into the state of a stack, and resources are forgotten, without a call of the provider.

The program of the stack says what there is to take: it runs in the local engine's own processes, also where the stack
is one of the ``pulumi`` program, over the state as it is. The state itself is changed in one write.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from flireo_iac.engine.deploy.adoption import Adopted, Adoption, Take
from flireo_iac.engine.deploy.deployment import Settings
from flireo_iac.engine.files.config import Config
from flireo_iac.engine.files.project import Project
from flireo_iac.engine.files.snapshot import Snapshot, ordered
from flireo_iac.engine.model.events import Emit
from flireo_iac.engine.model.redact import Redactor
from flireo_iac.engine.model.urns import STACK_TYPE
from flireo_iac.engine.planning.targets import Targets
from flireo_iac.engine.serving.processes import Processes
from flireo_iac.engine.serving.program import start_program, watch_program
from flireo_iac.errors import EngineError, StateError

_PARALLEL = 16


class Program:
    """The program of a stack, to be run over the stack's state. Use it as a context manager: it ends its processes.

    Args:
        project: The project.
        stack: Name of the stack.
        base: The state.
        config: Configuration.
        variables: Environment variables.
        emit: Takes what program and provider say.
    """

    def __init__(
        self, project: Project, stack: str, base: Snapshot, config: Config, variables: Mapping[str, str], emit: Emit
    ) -> None:
        self._project = project
        self._stack = stack
        self._base = base
        self._config = config
        self._variables = variables
        self._emit = emit
        self._redact = Redactor()
        for text in config.secrets():
            self._redact.learn(text)
        for resource in base.resources:
            self._redact.learn_properties(resource.inputs)
            self._redact.learn_properties(resource.outputs)
        self._processes = Processes(project, variables, _PARALLEL, emit, self._redact)

    def __enter__(self) -> Self:
        self._processes.start_provider()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._processes.close()

    def run(self, take: Take) -> Adopted:
        """Run it once; nothing is changed.

        Args:
            take: Gives the object for a resource that the state does not hold; called from several threads.

        Raises:
            EngineError: The program failed; it said why.
            FlireoError: Program or provider are not usable.
        """
        settings = Settings(
            project=self._project.name,
            stack=self._stack,
            folder=self._project.folder,
            config=self._config,
            dry_run=True,
            parallel=_PARALLEL,
            continue_on_error=False,
            targets=Targets([]),
        )
        provider = self._processes.configured(self._config.properties())
        run = Adoption(settings, self._base, provider, take, self._emit, self._redact)
        server = self._processes.serve()
        server.host = run
        child = start_program(self._project, run.settings, self._variables, server.address, self._processes.hear_line)
        try:
            watch_program(child, run)
        finally:
            child.end()
            self._processes.release()
        run.wait_until_idle()
        if run.error is not None:
            raise run.error
        if run.failed:
            raise EngineError("the program failed, so what it registers is not known. Nothing was changed.")
        return run.adopted()


class AdoptingStack(Protocol):
    """A stack whose state takes objects in and lets them go. Each raises ``EngineError`` when the state is unusable."""

    engine: str
    stack: str
    project: str
    folder: Path

    def whole(self) -> Snapshot:
        """Read the state, secrets in clear; empty for a stack that is new."""

    def config(self) -> Mapping[str, str]:
        """Give the configuration of the stack by full key, secrets in clear."""

    def program(self, base: Snapshot) -> Program:
        """Give the program, to be run over this state."""

    def admit(self, adopted: Adopted) -> None:
        """Put resources into the state, in one write."""

    def forget(self, urns: Collection[str]) -> None:
        """Take resources out of the state, in one write."""

    def others(self) -> Mapping[str, bytes]:
        """Give the states of the other stacks that the backend keeps, by their names, as they are stored."""

    def close(self) -> None:
        """End whatever was started."""


def admit(snapshot: Snapshot, adopted: Adopted) -> None:
    """Change a state: put resources in.

    Raises:
        StateError: The state has one of them meanwhile, or a run was cut off.
    """
    refuse_unfinished(snapshot)
    live = snapshot.live()
    known = {resource.urn for resource in adopted.resources} | live.keys()
    for resource in adopted.resources:
        if resource.urn in live or any(needed not in known for needed in resource.needs()):
            raise StateError(f"{resource.urn}: the state has changed meanwhile. Nothing was changed. Run again.")
    snapshot.resources = ordered([*snapshot.resources, *(resource.copy() for resource in adopted.resources)])
    for root in (each for each in snapshot.resources if each.type == STACK_TYPE):
        root.outputs = {**root.outputs, **adopted.outputs}


def forget(snapshot: Snapshot, urns: Collection[str]) -> None:
    """Change a state: take resources out.

    Raises:
        StateError: The state does not have one of them, another one needs one, or a run was cut off.
    """
    refuse_unfinished(snapshot)
    live = snapshot.live()
    gone = [resource for urn in urns if (resource := live.get(urn)) is not None]
    wrong = [f"{urn}: the state does not hold it, so it cannot be forgotten." for urn in urns if urn not in live]
    for resource in snapshot.resources:
        needed = sorted(set(resource.needs()).intersection(urns))
        if resource not in gone and needed:
            wrong.append(f"{', '.join(needed)}: {resource.urn} needs it. Remove that one too, or first.")
    if wrong:
        raise StateError("\n".join(wrong))
    ids = {resource.id for resource in gone}
    snapshot.resources = [resource for resource in snapshot.resources if resource not in gone]
    for root in (each for each in snapshot.resources if each.type == STACK_TYPE):
        is_gone = {key for key, value in root.outputs.items() if isinstance(value, str) and value in ids}
        root.outputs = {key: value for key, value in root.outputs.items() if key not in is_gone}


def refuse_unfinished(snapshot: Snapshot) -> None:
    """Do nothing unless a run has left operations whose end it did not see.

    Raises:
        StateError: One has, and what it has made is not settled.
    """
    if snapshot.operations:
        left = ", ".join(each.resource.urn for each in snapshot.operations)
        raise StateError(
            f"a run was cut off, or did not get an answer, and has left {left}. Settle that first: flireo recover."
        )
