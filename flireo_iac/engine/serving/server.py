"""The engine's gRPC services: the monitor for the program, and the engine's own for messages.

Source: pulumi notes on the engine, section 1.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from flireo_iac.engine.deploy.executor import StoppedError
from flireo_iac.engine.model.events import Severity
from flireo_iac.engine.planning.goal import RefusedError
from flireo_iac.engine.processes.provider_process import CHANNEL_OPTIONS

_FEATURES = {
    "secrets": resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    "resourceReferences": resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    "outputValues": resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    "aliasSpecs": resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    "deletedWith": resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    "replaceWith": resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
}
# The SDK blocks one thread for each registration under way, four times as many as it runs in parallel.
_CALLS_PER_SLOT = 4
_SPARE_THREADS = 32
_MOST_THREADS = 512


class Host(Protocol):
    """What answers the program."""

    def info(self) -> resource_pb2.DeploymentInfo:
        """Tell the program about the run."""

    def register(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        """Register a resource; returns when it is there."""

    def register_outputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> None:
        """Take the outputs of a component or of the stack."""

    def look_up(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        """Answer a function call of the program."""

    def refuse(self, text: str) -> None:
        """Stop the run: the program asked for something that is not supported."""

    def stop_with(self, error: Exception) -> None:
        """Stop the run because of an error that the command reports."""


class Listener(Protocol):
    """What takes messages of program and provider."""

    def hear(self, text: str, severity: Severity, urn: str, ephemeral: bool) -> None:
        """Take one message."""


class EngineServer:
    """The two services on one port of 127.0.0.1.

    Args:
        listener: Takes messages.
        parallel: Registrations that the program may have under way, at least 1.
    """

    def __init__(self, listener: Listener, parallel: int) -> None:
        self.host: Host | None = None
        threads = min(_CALLS_PER_SLOT * max(parallel, 1) + _SPARE_THREADS, _MOST_THREADS)
        self._server = grpc.server(ThreadPoolExecutor(threads, "engine-call"), options=CHANNEL_OPTIONS)
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(_Monitor(self), self._server)
        engine_pb2_grpc.add_EngineServicer_to_server(_Engine(listener), self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def stop(self) -> None:
        """End the services; calls under way are cut."""
        self._server.stop(0).wait(2.0)


class _Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    def __init__(self, server: EngineServer) -> None:
        self._server = server

    def _host(self, context: grpc.ServicerContext) -> Host:
        host = self._server.host
        if host is None:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the run has ended")
        return host

    def _serve(self, context: grpc.ServicerContext, call: Any) -> Any:
        host = self._host(context)
        try:
            return call(host)
        except StoppedError:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the run has ended")
        except RefusedError as error:
            host.refuse(str(error))
            context.abort(grpc.StatusCode.UNAVAILABLE, "the run has ended")
        except Exception as error:
            # gRPC would log it and go on; the run ends with it instead.
            host.stop_with(error)
            context.abort(grpc.StatusCode.UNAVAILABLE, "the run has ended")

    def GetDeploymentInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> Any:  # noqa: N802
        info = self._host(context).info()
        info.supportedFeatures.extend(_FEATURES.values())
        return info

    def SupportsFeature(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def RegisterResource(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return self._serve(context, lambda host: host.register(request))

    def RegisterResourceOutputs(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self._serve(context, lambda host: host.register_outputs(request))
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return self._serve(context, lambda host: host.look_up(request))

    def Call(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return self._refuse(context, f"the method call {request.tok}")

    def ReadResource(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return self._refuse(context, f'reading {request.type} "{request.name}" (get, StackReference)')

    def RegisterPackage(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return self._refuse(context, f"the package {request.name}")

    def _refuse(self, context: grpc.ServicerContext, what: str) -> Any:
        def refuse(host: Host) -> None:
            raise RefusedError(f"{what} is not supported by the local engine. Use --engine pulumi.")

        return self._serve(context, refuse)


class _Engine(engine_pb2_grpc.EngineServicer):
    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._severities = {
            engine_pb2.INFO: Severity.INFO,
            engine_pb2.WARNING: Severity.WARNING,
            engine_pb2.ERROR: Severity.ERROR,
        }

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> Any:  # noqa: N802
        severity = self._severities.get(request.severity)
        if severity is not None:
            self._listener.hear(request.message, severity, request.urn, request.ephemeral)
        return empty_pb2.Empty()

    def RequirePulumiVersion(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        context.abort(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"the program wants pulumi {request.pulumi_version_range}; this is the local engine. Use --engine pulumi.",
        )
