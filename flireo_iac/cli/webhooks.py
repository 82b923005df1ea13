"""``flireo webhooks send``: a signed sample of an event, for trying a receiver."""

from __future__ import annotations

import os
import time
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from flireo_iac.cli import output
from flireo_iac.cli._choosing import ask, must_ask
from flireo_iac.errors import ExitCode, SettingsError

if TYPE_CHECKING:
    from flireo_iac.webhooks.events import Spelling


class EventChoice(StrEnum):
    """Which event is sent."""

    ASSISTANT_REQUEST = "assistant-request"
    TOOL_CALLS = "tool-calls"
    STATUS_UPDATE = "status-update"
    END_OF_CALL_REPORT = "end-of-call-report"


class DialectChoice(StrEnum):
    """Spelling of the body."""

    DEC2025 = "dec2025"
    JAN2026 = "jan2026"
    SUCCESSOR = "successor"


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(help="Webhooks: samples for trying a receiver.", no_args_is_help=True)
    group.command("send")(send)
    # One command would otherwise take the place of the group.
    group.callback()(lambda: None)
    app.add_typer(group, name="webhooks")


def send(
    event: EventChoice = typer.Argument(metavar="EVENT", help=f"One of {', '.join(EventChoice)}."),
    to: str = typer.Option(..., "--to", metavar="URL", help="Address of the receiver."),
    secret_env: str | None = typer.Option(
        None, "--secret-env", metavar="NAME", help="Variable that holds the secret; without it nothing is signed."
    ),
    dialect: DialectChoice = typer.Option(DialectChoice.DEC2025, help="Spelling of the body."),
    yes: bool = typer.Option(False, "-y", "--yes", help="Do not ask when the receiver is on another machine."),
    as_json: bool = typer.Option(False, "-j", "--json", help="Print one JSON document."),
) -> None:
    """Send a sample of an event to a receiver, signed as the platform signs, and show what it answers."""
    from flireo_iac.settings import is_loopback
    from flireo_iac.webhooks.samples import sample
    from flireo_iac.webhooks.sending import ALLOWED_S, host_of
    from flireo_iac.webhooks.sending import send as send_sample

    secret = os.environ.get(secret_env) if secret_env is not None else None
    if secret_env is not None and not secret:
        raise SettingsError(f"send webhook: the variable {secret_env} is not set, the secret was expected in it.")
    is_near = is_loopback(host_of(to))
    if not is_near and must_ask("webhooks send", yes=yes, as_json=as_json):
        ask(f"{to} is not on this machine. Send it a made-up event?")
    if secret is None:
        output.note("not signed; --secret-env names the variable with the secret")
    spelling: Spelling = "camel" if dialect is DialectChoice.DEC2025 else "snake"
    made = sample(event.value, spelling=spelling, secret=secret, sent_at=int(time.time()))
    received = send_sample(made, to, is_near=is_near)
    allowed_s = ALLOWED_S.get(event.value)
    is_late = allowed_s is not None and received.seconds > allowed_s
    if as_json:
        document = {"event": event.value, "status": received.status, "seconds": round(received.seconds, 3)}
        output.data_json({**document, "is_late": is_late, "body": received.body})
    else:
        output.data(received.body)
        output.note(f"{event.value}: HTTP {received.status} after {received.seconds:.2f} s")
    if is_late:
        output.note(f"warning: the platform waits {allowed_s:.0f} s and then goes on as if nothing was answered")
    if not 200 <= received.status < 300:
        raise typer.Exit(ExitCode.FAILED)
