"""The text of a state while a run goes on: what a write has checked and encoded, the next one only adds to.

Each step writes the whole state. With thousands of resources in it, to check and to put together all of it each time is
most of what a run takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flireo_iac.engine.files.backend import Backend
from flireo_iac.engine.files.secrets import Crypter
from flireo_iac.engine.files.snapshot import Operation, Order, Snapshot, frame, ordered, write_snapshot
from flireo_iac.engine.model.state import Resource, encode_resource


class GrowingState:
    """Gives the text of a state again and again.

    Args:
        backend: Names project and stack.
        crypter: Encrypts its secrets.
    """

    def __init__(self, backend: Backend, crypter: Crypter) -> None:
        self._backend = backend
        self._crypter = crypter
        self._forget()

    def _forget(self) -> None:
        self._known: list[tuple[Resource, str]] = []
        self._text = bytearray()
        self._order = Order()
        self._uses_features = False

    def text(
        self, fresh: Sequence[Resource], rest: Iterable[Resource], operations: Sequence[Operation]
    ) -> list[str | bytearray]:
        """Give the text, in parts that hold until the next call.

        Args:
            fresh: What the run has finished, in the order in which it did; as a rule it grows at its end.
            rest: What is left of the former state.
            operations: Operations that did not end.
        """
        if not self._goes_on_with(fresh):
            self._forget()
        for resource in fresh[len(self._known) :]:
            if self._order.damage(resource):
                return self._in_another_order([*fresh, *rest], operations)
            text = encode_resource(resource, self._crypter.encrypt)
            self._text += (b"," if self._known else b"") + text.encode()
            self._known.append((resource, text))
            self._uses_features = self._uses_features or bool(resource.replace_with)
        left, order, uses_features = [], self._order.copy(), self._uses_features
        for resource in rest:
            if order.damage(resource):
                return self._in_another_order([*fresh, *rest], operations)
            left.append(encode_resource(resource, self._crypter.encrypt))
            uses_features = uses_features or bool(resource.replace_with)
        before, after = frame(operations, self._backend, self._crypter, uses_features=uses_features)
        if not self._known and not left:
            return [before, after]
        comma = "," if self._known and left else ""
        return [f'{before},"resources":[', self._text, f"{comma}{','.join(left)}]{after}"]

    def _goes_on_with(self, fresh: Sequence[Resource]) -> bool:
        """Tell whether everything that was written last stands unchanged at the beginning of what is written now."""
        return len(fresh) >= len(self._known) and all(
            resource is known and resource.encoded is text
            for resource, (known, text) in zip(fresh, self._known, strict=False)
        )

    def _in_another_order(self, resources: list[Resource], operations: Sequence[Operation]) -> list[str | bytearray]:
        self._forget()
        snapshot = Snapshot(ordered(resources), list(operations))
        return [write_snapshot(snapshot, self._backend, self._crypter)]
