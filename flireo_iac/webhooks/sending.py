"""Sends a sample to a receiver, as the platform would: one POST, no redirect, no second try."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from flireo_iac.errors import SettingsError, TransportError
from flireo_iac.webhooks.samples import Sample

ALLOWED_S = {"assistant-request": 5.0, "tool-calls": 10.0}
"""Seconds that the platform waits for an answer that it reads. Source: api notes, section 14."""

_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Received:
    """What a receiver answered.

    Args:
        status: HTTP status.
        body: Its body as text.
        seconds: From the request to the end of the answer.
    """

    status: int
    body: str
    seconds: float


def host_of(url: str) -> str:
    """Give the host that an address names.

    Args:
        url: Address of a receiver.

    Raises:
        SettingsError: It is none.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") and parts.port != 0 else None
    except ValueError:
        host = None
    if not host:
        expected = "one such as http://127.0.0.1:9000/flireo was expected. Give the whole address with --to"
        raise SettingsError(f'send webhook: "{url}" is no address, {expected}.')
    return host


def send(sample: Sample, url: str, *, is_near: bool) -> Received:
    """Send a sample once.

    Args:
        sample: What is sent.
        url: Address of the receiver.
        is_near: True when it is on this machine, where no proxy leads.

    Raises:
        SettingsError: The address is none.
        TransportError: No answer came.
    """
    host_of(url)
    parts = urlsplit(url)
    path = parts.path or "/"
    began = time.monotonic()
    try:
        answer = httpx.post(
            url,
            content=sample.body,
            headers=dict(sample.headers),
            timeout=_PATIENCE_S,
            follow_redirects=False,
            trust_env=not is_near,
        )
    except httpx.ConnectError:
        raise TransportError(
            f"no connection to {parts.netloc} came about. Start the receiver, or check the address.",
            operation="send webhook",
            method="POST",
            path=path,
            may_have_arrived=False,
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TransportError(
            f"{parts.netloc} gave no whole answer ({type(error).__name__}). Look at what the receiver says.",
            operation="send webhook",
            method="POST",
            path=path,
            may_have_arrived=True,
        ) from None
    return Received(answer.status_code, answer.text, time.monotonic() - began)
