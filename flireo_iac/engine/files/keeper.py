"""Keeps the state on disk while steps run: one write serves all steps that wait for one.

Source: pulumi notes on the engine, section 6.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from flireo_iac.engine.files.backend import Backend
from flireo_iac.engine.files.growing import GrowingState
from flireo_iac.engine.files.secrets import Crypter
from flireo_iac.engine.files.snapshot import Operation, Snapshot, ordered
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.values import equal


class Keeper:
    """The state under change: what this run has finished, then what is left of the former state.

    Args:
        base: The former state.
        backend: Where to write; None keeps everything in memory, as a preview wants it.
        crypter: Encrypts secrets; None only without a backend.
    """

    def __init__(self, base: Snapshot, backend: Backend | None, crypter: Crypter | None) -> None:
        self._backend = backend
        self._growing = GrowingState(backend, crypter) if backend is not None and crypter is not None else None
        self.base = list(base.resources)
        # Only an unfinished create may have left something behind; Pulumi forgets the others too.
        self._kept = [found for found in base.operations if found.type == "creating"]
        self._running: list[Operation] = []
        self._news: list[Resource] = []
        self._done: set[int] = set()
        self._done_objects: list[Resource] = []
        self._condition = threading.Condition(threading.RLock())
        self._wanted = 0
        self._written = 0
        self._dirty = False
        self._closed = False
        self._failure: BaseException | None = None
        self._writer: threading.Thread | None = None

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the state still while resources in it get other values."""
        with self._condition:
            yield
            self._dirty = True

    def begin(self, type_: str, resource: Resource) -> Operation:
        """Note on disk that an operation starts.

        Args:
            type_: ``creating``, ``updating`` or ``deleting``.
            resource: What it is about.

        Raises:
            StateError: The state cannot be written.
        """
        operation = Operation(type_, resource)
        with self.changing():
            self._running.append(operation)
        self.commit()
        return operation

    def end(self, operation: Operation) -> None:
        """Forget an operation that ended; call it inside ``changing``."""
        self._running.remove(operation)

    def keep(self, operation: Operation) -> None:
        """Let a create that ended stay pending, as one of a run that was cut off; call it inside ``changing``."""
        self._running.remove(operation)
        made = operation.resource
        # An earlier run's that says the same has nothing to add.
        self._kept = [
            found
            for found in self._kept
            if found.resource.urn != made.urn or not equal(found.resource.inputs, made.inputs)
        ]
        self._kept.append(operation)

    def done(self, resource: Resource) -> None:
        """Let a resource leave the state; call it inside ``changing``."""
        self._done.add(id(resource))
        self._done_objects.append(resource)  # its id must not be given to another object

    def add(self, resource: Resource) -> None:
        """Let a resource enter the state; call it inside ``changing``."""
        self._news.append(resource)

    def forget_cut_off(self, urn: str) -> None:
        """Forget creates of earlier runs, now that one of this URN has ended; call it inside ``changing``."""
        self._kept = [found for found in self._kept if found.resource.urn != urn]

    def rename(self, renamed: dict[str, str]) -> None:
        """Let all resources carry new URNs in their references; call it inside ``changing``."""
        for resource in (*self.base, *self._news):
            if id(resource) not in self._done:
                resource.rename_references(renamed)

    def snapshot(self) -> Snapshot:
        """Give the state as it is now."""
        with self._condition:
            present = [*self._present(self._news), *self._present(self.base)]
            return Snapshot(ordered(present), [*self._kept, *self._running])

    def _present(self, resources: list[Resource]) -> list[Resource]:
        return [resource for resource in resources if id(resource) not in self._done]

    def commit(self) -> None:
        """Wait until everything changed so far is on disk.

        Raises:
            StateError: The state cannot be written; no later change is written either.
        """
        if self._backend is None:
            return
        with self._condition:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_on, name="state-writer", daemon=True)
                self._writer.start()
            self._wanted += 1
            mine = self._wanted
            self._condition.notify_all()
            while self._written < mine and self._failure is None and not self._closed:
                self._condition.wait()
            if self._failure is not None:
                raise self._failure

    def _write_on(self) -> None:
        while True:
            with self._condition:
                while self._wanted == self._written and not self._closed:
                    self._condition.wait()
                if self._closed:
                    return
                target = self._wanted
            try:
                self._write()
            except BaseException as error:
                with self._condition:
                    self._failure = error
                    self._condition.notify_all()
                return
            with self._condition:
                self._written = target
                self._condition.notify_all()

    def _write(self) -> None:
        if self._backend is None or self._growing is None:
            return
        with self._condition:
            text = self._growing.text(
                self._present(self._news), self._present(self.base), [*self._kept, *self._running]
            )
            self._dirty = False
        self._backend.write(*text)

    def freeze(self) -> list[Operation]:
        """Write nothing from now on: the run was stopped at once, what is on disk stands. Gives what was under way."""
        with self._condition:
            self._closed = True
            self._backend = None
            self._condition.notify_all()
            return list(self._running)

    def close(self, *, write: bool = False) -> None:
        """Write what was held back, and end.

        Args:
            write: True writes even when nothing changed, as the first run of a stack does.

        Raises:
            StateError: The state cannot be written.
        """
        try:
            if self._failure is None and (self._dirty or write) and not self._closed:
                self.commit()
        finally:
            with self._condition:
                self._closed = True
                self._condition.notify_all()
            if self._writer is not None:
                self._writer.join()
