"""Loads the state of a stack for a run."""

from __future__ import annotations

from flireo_iac.engine.files.backend import Backend
from flireo_iac.engine.files.keys import Keys
from flireo_iac.engine.files.project import Project, no_such_stack
from flireo_iac.engine.files.snapshot import Snapshot, read_salt, read_snapshot
from flireo_iac.engine.model.events import Emit, Message, Severity
from flireo_iac.engine.model.redact import Redactor


class Store:
    """Where runs get the state from.

    Args:
        project: The project.
        backend: Files of the stack.
        keys: Opens secrets.
        emit: Takes warnings.
        redact: Learns the secrets of the state.
    """

    def __init__(self, project: Project, backend: Backend, keys: Keys, emit: Emit, redact: Redactor) -> None:
        self._project = project
        self._backend = backend
        self._keys = keys
        self._emit = emit
        self._redact = redact

    def load(self) -> tuple[Snapshot, bytes | None]:
        """Read the state; gives the file's content too, None when there is no file.

        Raises:
            StateError: It is damaged, or needs what this engine does not have.
            PassphraseError: The passphrase is missing or wrong.
        """
        content = self._backend.read()
        if content is None:
            return Snapshot(), None
        salt = self._keys.state_salt = read_salt(content, self._backend)
        base = read_snapshot(content, self._backend, lambda: self._keys.opened(salt))
        for resource in base.resources:
            self._redact.learn_properties(resource.inputs)
            self._redact.learn_properties(resource.outputs)
        return base, content

    def load_existing(self) -> tuple[Snapshot, bytes | None]:
        """Read the state of a stack that must be there.

        Raises:
            EngineError: There is no such stack.
        """
        base, content = self.load()
        if content is None and not self._keys.stack_config.path.exists():
            raise no_such_stack(self._project, self._backend.stack, self._backend.root)
        return base, content

    def warn_of_pending(self, base: Snapshot) -> None:
        """Tell of operations of an earlier run whose end was not seen."""
        if not base.operations:
            return
        at_work = [lock.holder for lock in self._backend.locks() if not lock.gone]
        if at_work:
            words = f"another run is at work, held by {at_work[0]}: what it changes meanwhile is not seen here."
            self._emit(Message(words, Severity.WARNING))
            return
        lines = "\n".join(f"  {operation.type} {operation.resource.urn}" for operation in base.operations)
        words = (
            "an earlier run was cut off, or did not get an answer; it is not known whether these operations happened:\n"
            f"{lines}\nWhat a create has made is looked for before it is sent again. To settle it now: flireo recover."
        )
        self._emit(Message(words, Severity.WARNING))
