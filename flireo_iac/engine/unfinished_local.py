"""A stack of the local engine: what cut-off runs have left in its state, what it takes in and lets go."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from flireo_iac.engine.adopting import Program, admit, forget
from flireo_iac.engine.deploy.adoption import Adopted
from flireo_iac.engine.deploy.taken import Taken
from flireo_iac.engine.files.locks import Lock
from flireo_iac.engine.files.snapshot import Snapshot
from flireo_iac.engine.model.events import Emit, Event, Message, Op, Severity
from flireo_iac.engine.run import Engine
from flireo_iac.engine.unfinished import Left, settle
from flireo_iac.errors import EngineError, ExitCode


class LocalStack:
    """A stack whose state is in a folder.

    Args:
        folder: Folder of the project, or one below it.
        stack: Name of the stack; None takes FLIREO_STACK, PULUMI_STACK or the only stack there is.
        emit: Takes errors of the program.

    Raises:
        SettingsError: The project, the stack or a file of them is wrong.
    """

    engine = "local"

    def __init__(self, folder: Path, stack: str | None, emit: Emit) -> None:
        def hear(event: Event) -> None:
            if isinstance(event, Message) and event.severity is Severity.ERROR:
                emit(event)

        self._engine = Engine(folder, stack, emit=hear)
        self.stack = self._engine.stack
        self.project = self._engine.project.name
        self.folder = self._engine.project.folder

    def locks(self) -> tuple[Lock, ...]:
        """Give the locks of runs that are gone; see ``UnfinishedStack``."""
        backend = self._engine.backend
        backend.refuse_if_locked()
        return tuple(backend.locks())

    def unlock(self) -> None:
        """Remove the locks of runs that are gone."""
        self._engine.backend.lock()
        self._engine.backend.unlock()

    def left(self) -> Left:
        """Read the state; see ``UnfinishedStack``."""
        path = self._engine.backend.state_path
        age_s = max(0.0, time.time() - path.stat().st_mtime) if path.exists() else 0.0
        return Left(self._engine.state(), age_s)

    def config(self) -> Mapping[str, str]:
        """Give the configuration of the stack by full key, secrets in clear."""
        return self._engine.config()

    def planned(self) -> tuple[str, ...]:
        """Give the URNs of what the next run would create, without sending a request."""
        result = self._engine.preview()
        if result.exit_code != ExitCode.DONE:
            raise EngineError("the preview failed, so what is planned is not known.", exit_code=result.exit_code)
        ops = (Op.CREATE, Op.CREATE_REPLACEMENT)
        return tuple(each.started.urn for each in result.steps if each.started.op in ops)

    def settle(self, taken: Sequence[Taken], dropped: Sequence[str]) -> None:
        """Put objects into the state, and forget pending operations; see ``UnfinishedStack``."""
        self._engine.settle(lambda snapshot: settle(snapshot, taken, dropped))

    def whole(self) -> Snapshot:
        """Read the state; see ``AdoptingStack``."""
        return self._engine.state(may_be_new=True)

    def program(self, base: Snapshot) -> Program:
        """Give the program, to be run over this state."""
        return self._engine.program(base)

    def admit(self, adopted: Adopted) -> None:
        """Put resources into the state; see ``AdoptingStack``."""
        self._engine.settle(lambda snapshot: admit(snapshot, adopted), may_be_new=True)

    def forget(self, urns: Collection[str]) -> None:
        """Take resources out of the state; see ``AdoptingStack``."""
        self._engine.settle(lambda snapshot: forget(snapshot, urns))

    def others(self) -> Mapping[str, bytes]:
        """Give the states of the other stacks; see ``AdoptingStack``."""
        return self._engine.backend.others()

    def close(self) -> None:
        """End whatever was started."""
        self._engine.close()
