"""``flireo emulator``: the API on this machine."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import typer

from flireo_iac.cli import output
from flireo_iac.errors import EmulatorError


class Dialect(StrEnum):
    """Spelling of the answers."""

    dec2025 = "dec2025"
    jan2026 = "jan2026"
    successor = "successor"


class Clock(StrEnum):
    """What lets the time of calls pass."""

    real = "real"
    manual = "manual"


def emulator(
    host: str = typer.Option("127.0.0.1", help="Address to listen on."),
    port: int = typer.Option(8765, min=0, max=65535, help="Port to listen on; 0 takes any free one."),
    data: Path | None = typer.Option(
        None, help="File to keep the state in, secrets included, mode 0600; without it everything is forgotten."
    ),
    latency_ms: float = typer.Option(0, min=0, help="Milliseconds that each request waits."),
    requests_per_minute: int = typer.Option(100, min=0, help="Requests a key may send in a minute; 0 for no limit."),
    window_s: float = typer.Option(60, min=1, max=3600, help="Seconds that such a minute lasts, for tests of limits."),
    dialect: Dialect = typer.Option(Dialect.dec2025, help="Spelling of the answers."),
    clock: Clock = typer.Option(Clock.real, help="Whether calls take their time, or wait for control requests."),
    balance: float = typer.Option(1000, help="Minutes that each organization has bought."),
    seed: int | None = typer.Option(None, help="Makes ids the same for the same requests."),
) -> None:
    """Serve the Flireo API on this machine, with state, limits and faults; Ctrl-C ends it."""
    try:
        from flireo_iac.emulator import server
        from flireo_iac.emulator.app import App
        from flireo_iac.emulator.emulation import Emulation
        from flireo_iac.emulator.loopback import is_loopback
        from flireo_iac.emulator.options import Settings
    except ModuleNotFoundError as error:
        raise EmulatorError(
            f'start emulator "{host}:{port}": the package {error.name} is not installed, the emulator needs it. '
            "Run: pip install 'flireo_iac[emulator]'."
        ) from None
    settings = Settings(
        latency_ms=latency_ms,
        requests_per_minute=requests_per_minute,
        window_s=window_s,
        dialect=dialect.value,
        clock=clock.value,
        minutes_balance=balance,
    )
    opened = server.listen(host, port)
    try:
        app = App(Emulation(settings, file=data, seed=seed), host=host)
    except EmulatorError:
        opened.close()
        raise
    if not is_loopback(host):
        output.note(
            f"warning: {host} can be reached from other machines, and every fl_ key is accepted. "
            "The control routes show all that is stored."
        )

    def accepting(running: server.Running) -> None:
        output.data(f"listening on {running.url}")
        output.note(f"console at {running.console_url}")

    server.serve(app, opened, accepting)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(emulator)
