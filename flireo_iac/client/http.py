"""The one function that sends: a call goes out, a value of the right form comes back, or an error of this project.

Each attempt takes a turn of the budget first. Redirects are not followed, because the key would travel with them.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import httpx

from flireo_iac import __version__
from flireo_iac.client import requestlog
from flireo_iac.client.answers import Answer, MismatchError, error_of, tried, unexpected, value_of
from flireo_iac.client.budget import Budget, OnWait, OnWarning, Turn, budget_of
from flireo_iac.client.call import Call
from flireo_iac.client.deadline import Deadline, deadline
from flireo_iac.client.hints import asked_wait_s, quota_of
from flireo_iac.client.retry import PAUSE_REASON, UntrustedServerError, repeating
from flireo_iac.client.secrets import masked
from flireo_iac.errors import InvalidInputError, SettingsError, TransportError
from flireo_iac.settings import Settings

T = TypeVar("T")

_IDLE_S = 4.0
"""An idle connection is dropped before a server (most wait 5 s or more) drops it under a request."""

_PAUSE_WITHOUT_HINT_S = 5.0
"""First pause after a 429 that does not say how long; doubles, so that four of them outlast a minute's window."""

_LONGEST_PAUSE_WITHOUT_HINT_S = 40.0

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


class Http:
    """Connections to one server with one key. Safe for threads.

    Args:
        settings: Key, address, timeouts, budget.
        on_wait: Called before a wait of more than 2 seconds, with reason and seconds; None for nobody.
        on_warning: Called with a sentence about what is not as it should be; None for nobody.
        budget: Turns to send; None for the one that all processes of this machine share for the key.
        sleep: Sleeps so many seconds.
        clock: Seconds of a clock that does not jump.
        now: Wall clock, Unix seconds.

    Raises:
        SettingsError: The base URL is no address.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        on_wait: OnWait | None = None,
        on_warning: OnWarning | None = None,
        budget: Budget | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        try:
            self._place = httpx.URL(settings.base_url).netloc.decode("ascii")
        except httpx.InvalidURL:
            raise SettingsError(
                f'read settings: FLIREO_BASE_URL or flireo:baseUrl is "{settings.base_url}", '
                "an address such as https://api.flireo.com/api/v1 was expected. Set it anew."
            ) from None
        self.settings = settings
        self.on_wait = on_wait
        self._sleep = sleep
        self._clock = clock
        self._now = now
        self._budget = budget or budget_of(settings, on_wait=on_wait, on_warning=on_warning, sleep=sleep, clock=clock)
        try:
            self._client = _client(settings)
        except (ValueError, ImportError, OSError, httpx.InvalidURL) as error:
            # No text of the error: the address of a proxy may hold a password.
            raise SettingsError(
                f"read settings: the connection cannot be set up ({type(error).__name__}), a proxy as http://host:port "
                "and readable certificate files were expected. Check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, "
                "SSL_CERT_FILE and SSL_CERT_DIR."
            ) from None

    def close(self) -> None:
        """Close connections and the budget's file."""
        self._client.close()
        self._budget.close()

    def request(self, call: Call, read: Callable[[Any], T]) -> T:
        """Send a request until it is answered or given up.

        Args:
            call: The request.
            read: From the JSON value of the answer (None for an empty body) to what is asked for; raises
                ``MismatchError`` when the value is not what the API promises.

        Raises:
            ApiError: The server answered, and not with success or not as promised.
            TransportError: No answer came.
            InvalidInputError: The body cannot be sent as JSON.
        """
        content = _encoded(call)
        secrets = call.secrets | {self.settings.key}
        attempts = 0

        def attempt() -> T:
            nonlocal attempts
            attempts += 1
            turn = self._budget.take()
            end.extend(turn.waited_s)
            call.before_send()
            answer, cause = None, None
            try:
                answer = self._exchange(call, content, end)
            except httpx.HTTPError as error:
                cause = error
            if answer is None or cause is not None:
                # Built outside the handler: httpx's error holds the request, and that the key.
                raise self._transport_error(call, cause, secrets=secrets, attempts=attempts)
            wait_s = self._heed(call, turn, answer, attempts)
            return self._read(call, answer, read, secrets=secrets, attempts=attempts, wait_s=wait_s)

        timeout_s = self.settings.operation_timeout_s
        with deadline(timeout_s, is_repeatable=call.is_repeatable, clock=self._clock) as end:
            return repeating(call, self.settings, end, on_wait=self.on_wait, sleep=self._sleep)(attempt)

    def _exchange(self, call: Call, content: bytes | None, deadline: Deadline) -> Answer:
        settings = self.settings
        left_s = max(deadline.remaining_s, 0.001)
        request = self._client.build_request(
            call.method,
            settings.base_url + call.path,
            params=dict(call.params) or None,
            content=content,
            headers={"Content-Type": "application/json"} if content is not None else None,
            timeout=httpx.Timeout(
                min(settings.read_timeout_s, left_s), connect=min(settings.connect_timeout_s, left_s), pool=left_s
            ),
        )
        sent_at, began, status = self._now(), time.monotonic(), None
        try:
            answer = self._receive(request, deadline)
            status = answer.status
            return answer
        finally:
            if settings.request_log is not None:
                entry = requestlog.Entry(call.method, call.path, status, time.monotonic() - began)
                requestlog.note(settings.request_log, entry, sent_at)

    def _receive(self, request: httpx.Request, deadline: Deadline) -> Answer:
        response = self._client.send(request, stream=True)
        parts: list[bytes] = []
        try:
            for part in response.iter_bytes():
                parts.append(part)
                if deadline.remaining_s <= 0:
                    raise httpx.ReadTimeout("the answer takes too long")
        except httpx.HTTPError:
            if response.status_code < 400:
                raise
            # The server has refused; the rest of its words does not change that.
            parts = []
        finally:
            response.close()
        return Answer(response.status_code, response.headers, b"".join(parts))

    def _heed(self, call: Call, turn: Turn, answer: Answer, attempts: int) -> float | None:
        """Tell the budget what an answer says about the next request; give the seconds that it asks to wait."""
        wait_s, quota = asked_wait_s(answer, self._now), quota_of(answer, self._now)
        if call.is_counted_apart:
            return wait_s
        if quota is not None:
            self._budget.heard(turn, quota)
        if answer.status == 429:
            if wait_s is None and quota is not None and not quota.remaining:
                wait_s = quota.resets_in_s
            if wait_s is None:
                wait_s = min(_PAUSE_WITHOUT_HINT_S * 2 ** (attempts - 1), _LONGEST_PAUSE_WITHOUT_HINT_S)
            self._budget.refused(turn, wait_s, PAUSE_REASON)
        return wait_s

    def _read(
        self,
        call: Call,
        answer: Answer,
        read: Callable[[Any], T],
        *,
        secrets: frozenset[str],
        attempts: int,
        wait_s: float | None,
    ) -> T:
        if not 200 <= answer.status < 300:
            raise error_of(call, answer, secrets=secrets, attempts=attempts, wait_s=wait_s)
        try:
            return read(value_of(answer))
        except MismatchError as mismatch:
            what = str(mismatch)
        raise unexpected(call, answer, what, secrets=secrets, attempts=attempts)

    def _transport_error(
        self, call: Call, cause: httpx.HTTPError | None, *, secrets: frozenset[str], attempts: int
    ) -> TransportError:
        was_sent = not isinstance(cause, _NOT_SENT)
        error_class = TransportError
        detail = masked(str(cause).strip().rstrip("."), secrets)
        place = self._place
        if _is_untrusted(cause):
            error_class = UntrustedServerError
            what = f"the certificate of {place} is not trusted"
            advice = "Check FLIREO_BASE_URL; for a company's own authority set SSL_CERT_FILE"
        elif isinstance(cause, httpx.TimeoutException) and was_sent:
            what = f"{place} did not answer in time"
            advice = "Try again later"
        elif was_sent:
            what = f"the connection to {place} broke before the answer was whole"
            advice = "Try again later"
        else:
            what = f"no connection to {place} came about"
            advice = "Check FLIREO_BASE_URL and the network"
        if was_sent and not call.is_repeatable:
            advice = call.advice_when_lost
        quoted = f" ({detail})" if detail else ""
        return error_class(
            masked(f"{what}{quoted}. {tried(attempts)}{advice}.", secrets),
            operation=masked(call.operation, secrets),
            method=call.method,
            path=call.path,
            may_have_arrived=was_sent,
        )


def _client(settings: Settings) -> httpx.Client:
    # Reading the authorities takes 50 ms, which plain http need not wait for; without them no server is trusted.
    is_plain = settings.base_url.startswith("http://")
    return httpx.Client(
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_plain else True,
        headers={
            "Authorization": f"Bearer {settings.key}",
            "Accept": "application/json",
            "User-Agent": f"flireo_iac/{__version__}",
        },
        follow_redirects=False,
        # A proxy of the environment cannot reach this machine's own loopback.
        trust_env=not settings.is_loopback,
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=16, keepalive_expiry=_IDLE_S),
    )


def _encoded(call: Call) -> bytes | None:
    if call.body is None:
        return None
    with suppress(TypeError, ValueError, RecursionError):
        return json.dumps(call.body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    raise InvalidInputError(
        [
            f"{call.operation}: a value cannot be written as JSON; text, numbers, true, false, null, lists and "
            "mappings can. Look for a date without quotes, .nan or .inf."
        ]
    )


def _is_untrusted(cause: BaseException | None) -> bool:
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
