"""The engine's side of a Pulumi program: takes registrations and log lines over gRPC, and deploys nothing.

The program runs in a process of its own, started the way an engine starts it.
"""

from __future__ import annotations

import json
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
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, resource_pb2, resource_pb2_grpc

from flireo_iac.engine.processes import runner

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_TIMEOUT_S = 60
_FEATURES = {"secrets", "resourceReferences", "outputValues", "deletedWith"}


@dataclass
class Registered:
    """One resource that a program registered.

    Args:
        type: Its type.
        name: Its name.
        inputs: Its inputs, secrets opened.
        secret_paths: Paths of the inputs that are secrets.
        is_protected: Whether it asked for protection.
    """

    type: str
    name: str
    inputs: dict[str, Any]
    secret_paths: list[str]
    is_protected: bool


@dataclass
class Monitor:
    """What a program told the engine."""

    address: str = ""
    registered: list[Registered] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refusals: int = 0
    """How often it cannot tell the outputs of the state."""

    def run(
        self,
        folder: Path,
        *,
        stack: str = "dev",
        config: Mapping[str, str] | None = None,
        secrets: tuple[str, ...] = (),
        environ: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the program of a folder."""
        settings = {
            "project": "shop",
            "stack": stack,
            "monitor": self.address,
            "parallel": 4,
            "dry_run": False,
            "organization": "organization",
            "root_directory": str(folder),
        }
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("FLIREO_", "PULUMI_"))}
        done = subprocess.Popen(
            [sys.executable, runner.__file__, "program", json.dumps({"entry": ".", "settings": settings})],
            cwd=folder,
            env={
                **kept,
                "PULUMI_CONFIG": json.dumps(dict(config or {})),
                "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(secrets)),
                **(environ or {}),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert done.stdin is not None
        assert done.stdout is not None
        assert done.stderr is not None
        with ThreadPoolExecutor(2) as readers:
            read = [readers.submit(done.stdout.read), readers.submit(done.stderr.read)]
            try:
                code = done.wait(_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                done.kill()
                raise
            finally:
                done.stdin.close()
            stdout, stderr = (each.result() for each in read)
        done.stdout.close()
        done.stderr.close()
        return subprocess.CompletedProcess(done.args, code, stdout, stderr)


def _open(value: Any, path: str, secrets: list[str]) -> Any:
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            secrets.append(path)
            return _open(value["value"], path, secrets)
        if value.get(_SIGNATURE) is not None and "value" in value:
            if value.get("secret"):
                secrets.append(path)
            return _open(value["value"], path, secrets)
        return {key: _open(each, f"{path}.{key}" if path else key, secrets) for key, each in value.items()}
    if isinstance(value, list):
        return [_open(each, f"{path}[{index}]", secrets) for index, each in enumerate(value)]
    return value


class _Services(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def GetDeploymentInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "")

    def SupportsFeature(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        assert request.tok == "pulumi:pulumi:readStackResourceOutputs"
        if self._monitor.refusals:
            self._monitor.refusals -= 1
            context.abort(grpc.StatusCode.UNKNOWN, "failed to load checkpoint: EOF")
        return provider_pb2.InvokeResponse()

    def RegisterResource(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        secrets: list[str] = []
        inputs = _open(json_format.MessageToDict(request.object), "", secrets)
        if request.custom:
            found = Registered(request.type, request.name, inputs, secrets, request.protect)
            self._monitor.registered.append(found)
        return resource_pb2.RegisterResourceResponse(
            urn=f"urn:pulumi:dev::shop::{request.type}::{request.name}",
            id=f"id-of-{request.name}" if request.custom else "",
            object=request.object,
        )

    def RegisterResourceOutputs(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self._monitor.outputs.update(_open(json_format.MessageToDict(request.outputs), "", []))
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Log(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if request.severity == engine_pb2.ERROR:
            self._monitor.errors.append(request.message)
        elif request.severity == engine_pb2.WARNING:
            self._monitor.warnings.append(request.message)
        return empty_pb2.Empty()


@contextmanager
def listening() -> Iterator[Monitor]:
    """Serve on a free port of this machine."""
    monitor = Monitor()
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    services = _Services(monitor)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(services, server)
    engine_pb2_grpc.add_EngineServicer_to_server(services, server)
    monitor.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield monitor
    finally:
        server.stop(None).wait()
