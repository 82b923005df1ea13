"""From an answer to a value or an error: JSON, both error shapes, and one table from status to class.

Of what a server says only the shapes of api notes, section 2, are shown, masked, on one line and cut; anything else,
such as the page of a gateway, is dropped.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from flireo_iac.client.call import Call
from flireo_iac.client.secrets import masked
from flireo_iac.errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    CreditsError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    ServerError,
    UnexpectedAnswerError,
)

LONGEST_TEXT = 200
"""Characters of the server's text that an error shows at most."""


@dataclass(frozen=True)
class Answer:
    """What came back.

    Args:
        status: HTTP status.
        headers: Headers, names in any case as httpx gives them.
        body: The bytes, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class MismatchError(Exception):
    """An answer says success and is not what the API promises; says what is wrong. Never leaves this package."""


class _Meaning(NamedTuple):
    error: type[ApiError]
    what: str
    advice: str


_INVALID = _Meaning(InvalidRequestError, "the server does not accept the request", "Mend the input that it names")
_SERVER = _Meaning(ServerError, "the server failed", "Try again later")

_MEANINGS: Mapping[int, _Meaning] = {
    400: _INVALID,
    401: _Meaning(
        AuthenticationError,
        "the API key is missing, wrong, expired or revoked",
        "Check FLIREO_API_KEY (or flireo:apiKey) and FLIREO_BASE_URL; the dashboard makes and revokes keys",
    ),
    402: _Meaning(CreditsError, "the account has no credits", "Top up the account in the dashboard"),
    403: _Meaning(
        ForbiddenError,
        "the key is good, but the object belongs to another organization",
        "Use the key of the organization that owns it",
    ),
    404: _Meaning(NotFoundError, "it is not there", "Refresh, so that the state learns of it, or check the id"),
    405: _Meaning(
        InvalidRequestError,
        "the server has no such operation",
        "Check FLIREO_BASE_URL and flireo:apiDialect",
    ),
    409: _Meaning(
        ConflictError,
        "there is such an object already, or the object is in use",
        "Delete the one that is there or leave this one out; if it is in use, take away what uses it first",
    ),
    422: _INVALID,
    429: _Meaning(
        RateLimitError,
        "too many requests",
        "Run again later; where many machines use the same key, lower flireo:requestsPerMinute on each",
    ),
}

_REDIRECT = _Meaning(
    UnexpectedAnswerError,
    "the server sends to another address, which is not followed because the key would travel",
    "Set FLIREO_BASE_URL to the address of the API itself",
)
_NO_SUCH_LIST = _Meaning(
    NotFoundError,
    "there is no such list at this address",
    "Check FLIREO_BASE_URL and flireo:apiDialect",
)
_NO_TARGET = _Meaning(
    NotFoundError,
    "what it refers to is not there, or there is no such list at this address",
    "Check the ids in it; if they are right, FLIREO_BASE_URL and flireo:apiDialect",
)
_REFUSED = _Meaning(
    InvalidRequestError,
    "something before the API refuses the request",
    "Check FLIREO_BASE_URL, and a proxy or firewall on the way",
)
_NO_SUCH_CALL = _Meaning(NotFoundError, "it is not there", "Check the id; flireo calls lists the calls of the account")
_NOBODY_TO_CALL_WITH = _Meaning(
    NotFoundError, "the agent or the number is not there", "Check their ids, or refresh the stack that holds them"
)
_NOT_THE_API = _Meaning(
    InvalidRequestError,
    "there is nothing of the API at this address",
    "Check FLIREO_BASE_URL",
)


def meaning_of(call: Call, answer: Answer) -> _Meaning:
    """Give class and texts for a status that is not success. Source: api notes, section 2."""
    is_page = answer.body.lstrip()[:1] not in (b"", b"{")
    if answer.status == 404 and is_page:
        # The page of a gateway: a wrong address must not look like an object that is gone.
        return _NOT_THE_API
    if answer.status == 404 and call.path.startswith("/calls/"):
        return _NOBODY_TO_CALL_WITH if call.path == "/calls/outbound" else _NO_SUCH_CALL
    if answer.status == 404 and call.method in ("GET", "POST") and call.path.count("/") == 1:
        return _NO_SUCH_LIST if call.method == "GET" else _NO_TARGET
    if answer.status == 403 and is_page:
        return _REFUSED
    if answer.status in _MEANINGS:
        return _MEANINGS[answer.status]
    if answer.status < 400:
        return _REDIRECT
    return _SERVER if answer.status >= 500 else _INVALID


def value_of(answer: Answer) -> Any:
    """Give the JSON value of an answer; None when it has no body.

    Raises:
        MismatchError: The body is not JSON, or holds what no state can: a number beyond a double, half a character.
    """
    if not answer.body.strip():
        return None
    try:
        value = json.loads(answer.body, parse_int=_whole, parse_float=_real, parse_constant=_real)
        if b"\\u" in answer.body or b"\xed" in answer.body:  # escaped, or as bytes that json takes
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise MismatchError("a text in the body holds half a character") from None
    except (ValueError, RecursionError):
        raise MismatchError("the body is no JSON") from None
    return value


def _real(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise MismatchError("a number in the body is too large")
    return number


def _whole(text: str) -> int:
    _real(text)
    return int(text)


def error_of(call: Call, answer: Answer, *, secrets: frozenset[str], attempts: int, wait_s: float | None) -> ApiError:
    """Build the error for an answer that is not success.

    Args:
        call: The request.
        answer: What came back, status outside 200 to 299.
        secrets: Texts that the error must not show.
        attempts: How often the request was sent.
        wait_s: Seconds that the server asks to wait; None when it does not ask.
    """
    said = _said(answer, secrets)
    meaning = meaning_of(call, answer)
    quoted = f' ("{said.text}")' if said.text else ""
    advice = call.advice_when_lost if meaning is _SERVER and call.look else meaning.advice
    advice = f"The server asks to wait {wait_s:.0f} s. {advice}" if wait_s else advice
    return meaning.error(
        masked(f"{meaning.what}{quoted}. {tried(attempts)}{advice}.", secrets),
        operation=masked(call.operation, secrets),
        status=answer.status,
        method=call.method,
        path=call.path,
        code=said.code,
        param=said.param,
        retry_after_s=wait_s,
    )


def unexpected(
    call: Call, answer: Answer, what: str, *, secrets: frozenset[str], attempts: int
) -> UnexpectedAnswerError:
    """Build the error for an answer that says success and is not what the API promises.

    Args:
        call: The request.
        answer: What came back, status 200 to 299.
        what: What is wrong with it.
        secrets: Texts that the error must not show.
        attempts: How often the request was sent.
    """
    if call.method == "GET":
        advice = "Check FLIREO_BASE_URL and flireo:apiDialect"
    elif call.is_repeatable:
        advice = "It may have been done. Run again; doing it twice does no harm"
    else:
        advice = call.advice_when_lost
    return UnexpectedAnswerError(
        masked(f"the server says success, but {what}. {tried(attempts)}{advice}.", secrets),
        operation=masked(call.operation, secrets),
        status=answer.status,
        method=call.method,
        path=call.path,
    )


def tried(attempts: int) -> str:
    """Say how often a request was sent, if more than once."""
    return f"Tried {attempts} times. " if attempts > 1 else ""


class _Said(NamedTuple):
    text: str
    code: str | None
    param: str | None


def _said(answer: Answer, secrets: frozenset[str]) -> _Said:
    """Read what the server says, in the flat or the nested shape. Source: api notes, section 2."""
    try:
        body = value_of(answer)
    except MismatchError:
        body = None
    if not isinstance(body, dict):
        return _Said("", None, None)
    error = body.get("error")
    source: dict[str, Any] = error if isinstance(error, dict) else body
    text, code = source.get("message"), source.get("code")
    if isinstance(error, str):
        text = text or error
        code = code or (error if re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", error) else None)
    details = source.get("details")
    texts = [text, *(details if isinstance(details, list) else [])]
    return _Said(
        _line("; ".join(each for each in texts if isinstance(each, str) and each), secrets),
        _word(code, secrets),
        _word(source.get("param"), secrets),
    )


def _line(text: str, secrets: frozenset[str]) -> str:
    # Masked before anything else, so that no change of the text hides a secret from the mask.
    shown = "".join(each if each.isprintable() else " " for each in masked(text, secrets))
    shown = masked(" ".join(shown.split()).rstrip("."), secrets)
    return shown if len(shown) <= LONGEST_TEXT else shown[: LONGEST_TEXT - 1].rstrip() + "…"


def _word(value: Any, secrets: frozenset[str]) -> str | None:
    """Give a machine word of the server; None when it is no word, or holds a secret."""
    if not isinstance(value, str) or not re.fullmatch(r"[\w.\[\]-]{1,80}", value):
        return None
    return None if masked(value, secrets) != value else value
