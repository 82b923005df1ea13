"""The processes and services of an engine: they start when they are needed, and end with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from flireo_iac.engine.files.project import Project
from flireo_iac.engine.model.events import Emit, Message, Severity
from flireo_iac.engine.model.redact import Redactor
from flireo_iac.engine.model.values import Properties, equal
from flireo_iac.engine.processes.call_error import CutOffError
from flireo_iac.engine.processes.provider_process import ProviderProcess
from flireo_iac.engine.serving.server import EngineServer


class Processes:
    """The provider process and the services that program and provider call.

    Args:
        project: The project.
        variables: Environment variables.
        parallel: Operations at once, at least 1.
        emit: Takes what children say.
        redact: Masks secrets in it.
    """

    def __init__(
        self, project: Project, variables: Mapping[str, str], parallel: int, emit: Emit, redact: Redactor
    ) -> None:
        self._project = project
        self._variables = variables
        self._parallel = parallel
        self._emit = emit
        self._redact = redact
        self._server: EngineServer | None = None
        self._provider: ProviderProcess | None = None
        self._lock = threading.RLock()
        self._is_cut_off = False

    def serve(self) -> EngineServer:
        """Give the services, started."""
        with self._lock:
            if self._server is None:
                self._server = EngineServer(self, self._parallel)
            return self._server

    def release(self) -> None:
        """Let the services answer no program any more."""
        if self._server is not None:
            self._server.host = None

    def start_provider(self) -> ProviderProcess:
        """Start the provider process; it comes up while other things are done.

        Raises:
            CutOffError: The engine was stopped at once.
            EngineError: It cannot be started.
        """
        with self._lock:
            if self._provider is None and not self._is_cut_off:
                address = self.serve().address
                self._provider = ProviderProcess(self._project, self._variables, address, self.hear_line)
            provider = self._provider
            if provider is None or self._is_cut_off:  # also while it was started
                self.cut_off()
                raise CutOffError
            return provider

    def configured(self, config: Properties) -> Callable[[], ProviderProcess]:
        """Give what gives the provider with this configuration; it is waited for at the first use.

        Args:
            config: Configuration with full keys, secrets marked.
        """
        ready: list[ProviderProcess] = []

        def provider() -> ProviderProcess:
            if not ready:
                with self._lock:
                    if not ready:
                        ready.append(self._configure(config))
            return ready[0]

        return provider

    def _configure(self, config: Properties) -> ProviderProcess:
        provider = self.start_provider()
        if provider.config is not None and not equal(provider.config, config):
            self.end_provider()  # it keeps what it was configured with
            provider = self.start_provider()
        if provider.config is None:
            provider.configure(config)
        return provider

    def end_provider(self) -> None:
        """End the provider process."""
        provider, self._provider = self._provider, None
        if provider is not None:
            provider.end()

    def cut_off(self) -> None:
        """Kill the provider process and start no other; it takes no lock and waits for nothing, for signal handlers."""
        self._is_cut_off = True
        provider = self._provider
        if provider is not None:
            provider.cut_off()

    def close(self) -> None:
        """End everything."""
        self.end_provider()
        if self._server is not None:
            self._server.stop()
            self._server = None

    def hear(self, text: str, severity: Severity, urn: str, ephemeral: bool) -> None:
        """Take a message of program or provider."""
        self._emit(Message(self._redact(text), severity, urn, ephemeral))

    def hear_line(self, line: str, error: bool) -> None:
        """Take a line that a child printed."""
        del error
        self._emit(Message(self._redact(line), output=True))
