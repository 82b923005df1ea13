"""One POST to a server on this machine, over a connection of its own; nothing is followed or sent twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

from flireo_iac.emulator.loopback import is_loopback

MAX_ANSWER = 1_000_000
_CHUNK = 65_536


class NotDeliveredError(Exception):
    """No answer came, and why."""


@dataclass(frozen=True)
class Delivered:
    """What came back.

    Args:
        status: HTTP status.
        body: Its body.
    """

    status: int
    body: bytes


async def post(url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Delivered:
    """Send a body and wait for the answer.

    Args:
        url: Where; http or https on a loopback host.
        headers: Headers beside ``Host`` and ``Content-Length``.
        body: The bytes.
        timeout_s: Seconds for all of it, above 0.

    Raises:
        NotDeliveredError: The host is another machine, cannot be reached, is late, or does not speak HTTP.
    """
    host, port, secure, target = _parts(url)
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port, ssl=secure or None)
            try:
                return await _exchange(reader, writer, url, target, headers, body)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        raise NotDeliveredError(f"no answer within {timeout_s:g} s") from None
    except OSError as error:
        raise NotDeliveredError(f"{host}:{port} cannot be reached ({error.strerror or error})") from None
    except h11.ProtocolError as error:
        raise NotDeliveredError(f"the answer is not HTTP ({error})") from None


def _parts(url: str) -> tuple[str, int, bool, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NotDeliveredError("the URL cannot be read") from None
    if parts.scheme not in {"http", "https"} or not is_loopback(host):
        raise NotDeliveredError(f"not sent: {host or 'the URL'} is not this machine, and the emulator reaches no other")
    secure = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return host, port or (443 if secure else 80), secure, target


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    url: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Delivered:
    connection = h11.Connection(h11.CLIENT)
    whole = {"Host": urlsplit(url).netloc.rpartition("@")[2], **headers, "Content-Length": str(len(body))}
    request = h11.Request(method="POST", target=target, headers=[*whole.items(), ("Connection", "close")])
    for event in (request, h11.Data(data=body), h11.EndOfMessage()):
        writer.write(connection.send(event) or b"")
    await writer.drain()
    status, answer = 0, b""
    while True:
        received = connection.next_event()
        if received is h11.NEED_DATA:
            connection.receive_data(await reader.read(_CHUNK))
        elif isinstance(received, h11.Response):
            status = received.status_code
        elif isinstance(received, h11.Data):
            answer += bytes(received.data)
            if len(answer) > MAX_ANSWER:
                raise NotDeliveredError(f"the answer is longer than {MAX_ANSWER} bytes")
        elif isinstance(received, h11.EndOfMessage):
            return Delivered(status, answer)
