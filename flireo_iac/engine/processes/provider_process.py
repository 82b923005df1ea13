"""The process that hosts dynamic providers, and the calls to it.

Source: pulumi notes on the engine, section 2; pulumi notes, "Reaching the RPC" for errors and partial failures.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from flireo_iac.engine.files.project import Project
from flireo_iac.engine.model.diff import Change
from flireo_iac.engine.model.paths import parse_path
from flireo_iac.engine.model.urns import name_of, type_of
from flireo_iac.engine.model.values import (
    Properties,
    mark_secrets,
    write_struct,
)
from flireo_iac.engine.processes.call_error import (
    CallError,
    CutOffError,
    explain,
    last_words,
    read_answer,
    read_known,
)
from flireo_iac.engine.processes.children import RUNNER, Child, child_environment
from flireo_iac.errors import EngineError

if TYPE_CHECKING:
    from flireo_iac.engine.model.state import Resource

_START_S: Final = 60.0
_LARGEST_MESSAGE: Final = 400 * 1024 * 1024
CHANNEL_OPTIONS: Final = [
    ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
    ("grpc.max_send_message_length", _LARGEST_MESSAGE),
]
_SEED_BYTES: Final = 32
_KINDS: Final = {0: "add", 1: "add", 2: "delete", 3: "delete", 4: "update", 5: "update"}
_REPLACING_KINDS: Final = frozenset({1, 3, 5})


@dataclass(frozen=True)
class ProviderDiff:
    """What the provider says about changes.

    Args:
        changes: True or False; None leaves it to a comparison of the inputs.
        replaces: Keys that make the resource a new one.
        delete_first: True when the old one has to go before the new one is made.
        keys: Keys that changed, if it names them.
        details: Changes by path, if it names them; without values.
    """

    changes: bool | None
    replaces: tuple[str, ...]
    delete_first: bool
    keys: tuple[str, ...]
    details: tuple[Change, ...]


class ProviderProcess:
    """The provider process; it starts at once and is waited for at the first call.

    Args:
        project: Whose interpreter and folder it gets.
        variables: The engine's environment, most of which it gets too.
        engine_address: Address of the engine's own service, for messages.
        on_line: Called for each line it prints, from a thread; the second argument is True for stderr.

    Raises:
        EngineError: It cannot be started.
    """

    def __init__(
        self,
        project: Project,
        variables: Mapping[str, str],
        engine_address: str,
        on_line: Callable[[str, bool], None],
    ) -> None:
        options = {f"PULUMI_RUNTIME_{key.upper()}": value for key, value in project.runtime_options.items()}
        environment = {"PULUMI_PROJECT": project.name, "PULUMI_CONFIG": "{}", **options}
        self._last_lines: list[str] = []
        self._on_line = on_line
        self._configured: Properties | None = None
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._stub: Any = None
        self._is_cut_off = False
        try:
            self._child = Child(
                [project.interpreter, "-u", str(RUNNER), "provider", engine_address],
                folder=project.folder,
                environment=child_environment(variables, environment, project.environment_folder),
                on_line=self._hear,
                first_line=True,
            )
        except OSError as error:
            raise EngineError(
                f"the provider cannot be started with {project.interpreter} ({error.strerror})."
            ) from error

    def _hear(self, line: str, error: bool) -> None:
        self._last_lines = [*self._last_lines[-20:], line]
        if self._channel is not None:
            self._on_line(line, error)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    def configure(self, config: Properties) -> None:
        """Wait for the process and hand it the configuration.

        Args:
            config: Configuration with full keys, secrets marked.

        Raises:
            CutOffError: The process was cut off.
            EngineError: The process did not come up.
            CallError: It refuses the configuration.
        """
        with self._lock:
            if self._channel is None:
                self._connect()
            self._call(
                "Configure",
                provider_pb2.ConfigureRequest(
                    args=write_struct(config, for_program=True), acceptSecrets=True, acceptResources=True
                ),
            )
            self._configured = config

    @property
    def config(self) -> Properties | None:
        """The configuration it was given; None before that."""
        return self._configured

    def _connect(self) -> None:
        port = self._child.first_line(_START_S)
        if self._is_cut_off:
            raise CutOffError
        if port is None or not port.isdigit():
            self._child.wait(1.0)
            said = "\n".join([*([port] if port else []), *self._last_lines]).strip()
            raise EngineError(f"the provider process did not start: {last_words(said) or 'it said nothing'}.")
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS)
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def _call(self, method: str, request: Message) -> Any:
        try:
            return getattr(self._stub, method)(request)
        except (grpc.RpcError, ValueError) as error:  # the latter where the channel is closed before the call begins
            if self._is_cut_off:
                raise CutOffError from None
            if isinstance(error, ValueError):
                raise
            raise explain(error, self._child) from error

    def check(self, urn: str, olds: Properties, news: Properties) -> tuple[Properties, list[tuple[str, str]]]:
        """Let the provider check inputs.

        Args:
            urn: Of the resource.
            olds: Inputs of the state; empty for a new resource.
            news: Inputs of the program.

        Returns:
            The checked inputs, and failures as pairs of property and reason.

        Raises:
            CallError: The call failed.
        """
        request = provider_pb2.CheckRequest(
            urn=urn,
            name=name_of(urn),
            type=type_of(urn),
            olds=write_struct(olds, for_program=False),
            news=write_struct(news, for_program=False),
            randomSeed=os.urandom(_SEED_BYTES),
        )
        answer = self._call("Check", request)
        failures = [(failure.property, failure.reason) for failure in answer.failures]
        return mark_secrets(read_answer(answer.inputs), news), failures

    def diff(self, urn: str, old: Resource, news: Properties, ignored: list[str]) -> ProviderDiff:
        """Let the provider compare.

        Args:
            urn: Of the resource.
            old: What the state holds: id, outputs and inputs count.
            news: Checked inputs; unknowns in them are sent as such.
            ignored: Paths of ``ignore_changes``.

        Raises:
            CallError: The call failed.
        """
        request = provider_pb2.DiffRequest(
            id=old.id,
            urn=urn,
            name=name_of(urn),
            type=type_of(urn),
            olds=write_struct(old.outputs, for_program=False),
            news=write_struct(news, for_program=False),
            old_inputs=write_struct(old.inputs, for_program=False),
            ignoreChanges=ignored,
        )
        answer = self._call("Diff", request)
        changes = {provider_pb2.DiffResponse.DIFF_NONE: False, provider_pb2.DiffResponse.DIFF_SOME: True}
        details = []
        for text, found in sorted(answer.detailedDiff.items()):
            path = parse_path(text)
            if path:
                details.append(Change(path, _KINDS[found.kind], None, None, found.kind in _REPLACING_KINDS))
        return ProviderDiff(
            changes=changes.get(answer.changes),
            replaces=tuple(answer.replaces),
            delete_first=answer.deleteBeforeReplace,
            keys=tuple(answer.diffs),
            details=tuple(details),
        )

    def create(self, urn: str, inputs: Properties, timeout_s: float) -> tuple[str, Properties]:
        """Let the provider create an object; gives its id and outputs.

        Raises:
            CallError: The call failed.
        """
        request = provider_pb2.CreateRequest(
            urn=urn,
            name=name_of(urn),
            type=type_of(urn),
            properties=write_struct(inputs, for_program=False),
            timeout=timeout_s,
        )
        answer = self._call("Create", request)
        if not answer.id:
            raise CallError("the provider answered the create with no id", is_outcome_unknown=True)
        return str(answer.id), read_known(answer.properties)

    def update(self, urn: str, old: Resource, inputs: Properties, ignored: list[str], timeout_s: float) -> Properties:
        """Let the provider update an object; gives its outputs.

        Raises:
            CallError: The call failed.
        """
        request = provider_pb2.UpdateRequest(
            id=old.id,
            urn=urn,
            name=name_of(urn),
            type=type_of(urn),
            olds=write_struct(old.outputs, for_program=False),
            news=write_struct(inputs, for_program=False),
            old_inputs=write_struct(old.inputs, for_program=False),
            ignoreChanges=ignored,
            timeout=timeout_s,
        )
        return read_known(self._call("Update", request).properties)

    def delete(self, resource: Resource) -> None:
        """Let the provider delete an object.

        Raises:
            CallError: The call failed.
        """
        request = provider_pb2.DeleteRequest(
            id=resource.id,
            urn=resource.urn,
            name=name_of(resource.urn),
            type=type_of(resource.urn),
            properties=write_struct(resource.outputs, for_program=False),
            old_inputs=write_struct(resource.inputs, for_program=False),
            timeout=resource.custom_timeouts.get("delete", 0),
        )
        self._call("Delete", request)

    def read(self, resource: Resource) -> tuple[str, Properties, Properties | None]:
        """Let the provider read an object; gives id, outputs, and inputs if it has any.

        Raises:
            CallError: The call failed.
        """
        request = provider_pb2.ReadRequest(
            id=resource.id,
            urn=resource.urn,
            name=name_of(resource.urn),
            type=type_of(resource.urn),
            properties=write_struct(resource.outputs, for_program=False),
            inputs=write_struct(resource.inputs, for_program=False),
            timeout=resource.custom_timeouts.get("read", 0),
        )
        answer = self._call("Read", request)
        inputs = read_answer(answer.inputs) if answer.HasField("inputs") else None
        return str(answer.id), read_answer(answer.properties), inputs

    def cut_off(self) -> None:
        """Kill the process, without a wait for its end; what still calls it gets CutOffError."""
        self._is_cut_off = True
        self._child.kill()

    def end(self) -> None:
        """End the process."""
        if self._channel is not None:
            self._channel.close()
        self._child.end()
