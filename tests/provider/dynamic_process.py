"""Drives the real provider process, ``python -m pulumi.dynamic``, as an engine does, with a real engine service."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from google.rpc import error_details_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from flireo_iac.provider.pickled import provider_constant

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
URN = "urn:pulumi:dev::shop::pulumi-python:dynamic/flireo:Thing::{name}"


class RecordingEngine(engine_pb2_grpc.EngineServicer):
    """Keeps what providers log."""

    def __init__(self) -> None:
        self.logged: list[engine_pb2.LogRequest] = []

    def Log(self, request: engine_pb2.LogRequest, context: Any) -> empty_pb2.Empty:  # noqa: N802
        self.logged.append(request)
        return empty_pb2.Empty()


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    result = struct_pb2.Struct()
    result.update(dict(values))
    return result


SECRET = "4dabf18193072939515e22adb298388d"


def marked(values: struct_pb2.Struct) -> dict[str, Any]:
    """Give values as they are on the wire, with the marks of secrets."""
    found: dict[str, Any] = json_format.MessageToDict(values)
    return found


def plain(values: struct_pb2.Struct) -> dict[str, Any]:
    """Give values without the marks of secrets."""
    found: dict[str, Any] = _unmarked(marked(values))
    return found


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return _unmarked(value["value"]) if SECRET in value else {key: _unmarked(each) for key, each in value.items()}
    return [_unmarked(each) for each in value] if isinstance(value, list) else value


@dataclass
class FailedError(Exception):
    """A call that ended with an error.

    Args:
        message: What it says.
        details: What goes with it by type, without the words for the engine.
        reasons: The words for the engine.
        has_status: Whether it came with a status, as all of ours do.
    """

    message: str
    details: dict[str, Any] = field(default_factory=dict)
    reasons: set[str] = field(default_factory=set)
    has_status: bool = True


@dataclass
class Provider:
    """One provider process.

    Args:
        process: The process.
        stub: The connection to it.
        engine: What it talks to.
        engine_server: The server behind ``engine``.
    """

    process: subprocess.Popen[bytes]
    stub: provider_pb2_grpc.ResourceProviderStub
    engine: RecordingEngine
    engine_server: grpc.Server

    def call(self, verb: str, **fields: Any) -> Any:
        try:
            return getattr(self.stub, verb)(getattr(provider_pb2, f"{verb}Request")(**fields), timeout=60)
        except grpc.RpcError as error:
            raise failure(error) from None

    def check(self, kind: str, name: str, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None) -> Any:
        return self.call(
            "Check",
            urn=URN.format(name=name),
            olds=struct(olds or {}),
            news=struct({**news, "__provider": provider_constant(kind)}),
        )

    def diff(self, kind: str, id_: str, olds: Mapping[str, Any], news: Mapping[str, Any], **more: Any) -> Any:
        constant = {"__provider": provider_constant(kind)}
        return self.call(
            "Diff",
            id=id_,
            urn=URN.format(name="x"),
            olds=struct({**olds, **constant}),
            news=struct({**news, **constant}),
            **more,
        )

    def create(self, kind: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        made = self.call(
            "Create",
            urn=URN.format(name=name),
            properties=struct({**inputs, "__provider": provider_constant(kind)}),
        )
        return made.id, plain(made.properties)

    def update(
        self,
        kind: str,
        id_: str,
        olds: Mapping[str, Any],
        news: Mapping[str, Any],
        old_inputs: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        constant = {"__provider": provider_constant(kind)}
        more = {} if old_inputs is None else {"old_inputs": struct({**old_inputs, **constant})}
        made = self.call(
            "Update",
            id=id_,
            urn=URN.format(name="x"),
            olds=struct({**olds, **constant}),
            news=struct({**news, **constant}),
            **more,
        )
        return plain(made.properties)

    def read(
        self, kind: str, id_: str, outputs: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any], dict[str, Any]]:
        constant = {"__provider": provider_constant(kind)}
        found = self.call(
            "Read",
            id=id_,
            urn=URN.format(name="x"),
            properties=struct({**outputs, **constant}),
            inputs=struct({**inputs, **constant}),
        )
        return found.id, plain(found.properties), plain(found.inputs)

    def delete(self, kind: str, id_: str, outputs: Mapping[str, Any] | None = None) -> None:
        self.call(
            "Delete",
            id=id_,
            urn=URN.format(name="x"),
            properties=struct({**(outputs or {}), "__provider": provider_constant(kind)}),
        )


def failure(error: grpc.RpcError) -> FailedError:
    """Read an error as an engine does: the status in the trailing metadata first."""
    trailing: Any = error.trailing_metadata()
    for key, value in trailing or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            info = error_details_pb2.ErrorInfo
            reasons = {info.FromString(each.value).reason for each in status.details if each.Is(info.DESCRIPTOR)}
            rest = (each for each in status.details if not each.Is(info.DESCRIPTOR))
            return FailedError(status.message, {each.type_url.rpartition(".")[2]: each.value for each in rest}, reasons)
    return FailedError(str(error.details()), has_status=False)


@contextmanager
def provider(folder: Path, environ: Mapping[str, str], config: Mapping[str, Any] | None = None) -> Iterator[Provider]:
    """Run a provider process in a folder, with a small environment."""
    engine = RecordingEngine()
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.dynamic", f"127.0.0.1:{port}"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "FLIREO_STATE_DIR": str(folder / "budget"), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        address = f"127.0.0.1:{int(process.stdout.readline())}"
        with grpc.insecure_channel(address) as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            stub.Configure(provider_pb2.ConfigureRequest(args=struct(config or {}), acceptSecrets=True))
            yield Provider(process, stub, engine, server)
    finally:
        process.kill()
        process.communicate()
        server.stop(None).wait()
