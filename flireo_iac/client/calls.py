"""Telephone calls: listed, read, and placed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, TypeAdapter, ValidationError

from flireo_iac.client.answers import MismatchError
from flireo_iac.client.api import FlireoApi
from flireo_iac.client.call import Call, item_path
from flireo_iac.client.history import History, history_page, instant, read_history
from flireo_iac.client.reading import Record, mapping, record
from flireo_iac.errors import InvalidInputError
from flireo_iac.kinds import KINDS, Dialect, in_dialect, secret_texts
from flireo_iac.kinds._formats import E164

OVER = frozenset(
    {"ended", "failed", "ended-with-error", "transferred", "rejected", "insufficient-credits", "completed"}
)
"""Statuses of a call that has come to its end; the set of statuses is open (contract, CallStatus)."""

IN_PROGRESS = "in-progress"

_E164 = TypeAdapter(E164)


class Utterance(Record):
    """What somebody said in a call. Source: contract, CallMessage; that a model may say nothing is inferred."""

    role: str
    content: Annotated[str, BeforeValidator(lambda value: "" if value is None else value)] = ""


class PhoneCall(Record):
    """A telephone call. Source: contract, Call; api notes, section 13 (other spellings)."""

    id: str
    status: str
    caller_phone: str | None = None
    assistant_phone: Annotated[str | None, Field(validation_alias=AliasChoices("assistant_phone", "agent_phone"))] = (
        None
    )
    error: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: int | float | None = None
    summary: str | None = None
    analysis_result: dict[str, Any] | None = None
    messages: tuple[Utterance, ...] | None = None
    """The transcript; a list of calls leaves it out."""
    agent_id: Annotated[str | None, Field(validation_alias=AliasChoices("agent_id", "assistant_id"))] = None
    agent_name: Annotated[str | None, Field(validation_alias=AliasChoices("agent_name", "assistant_name"))] = None
    number_id: str | None = None
    business_name: str | None = None
    phone_number: str | None = None
    direction: str | None = None
    end_reason: str | None = None
    recording_url: str | None = None
    created_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether the call has come to its end."""
        return self.status in OVER or self.ended_at is not None

    @property
    def is_in_progress(self) -> bool:
        """Whether somebody is talking, so that commands are taken."""
        return self.status == IN_PROGRESS and not self.is_over


class PlacedCall(Record):
    """The answer to a call that was placed. Source: contract, OutboundCallResponse."""

    call_id: str
    status: str
    room_name: str | None = None


def list_calls(
    api: FlireoApi,
    *,
    status: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    most: int | None = None,
    offset: int = 0,
    keep: Callable[[PhoneCall], bool] | None = None,
) -> History[PhoneCall]:
    """Give calls in the server's order, which is newest first. Source: api notes, sections 4 and 13.

    Args:
        api: The account's API.
        status: Only calls in this status; None for all.
        since: Only calls from this moment on; None for no bound. Without a zone it is UTC.
        until: Only calls up to this moment; None for no bound.
        most: Calls to give at most, 1 or more; None for all.
        offset: Calls to pass over, 0 or more.
        keep: Which calls count, beyond what the server can filter; None for all.

    Raises:
        ApiError: The server answered, and not with success or not as promised.
        TransportError: No answer came.
    """
    filters = {"status": status, **period(since, until)}
    chosen = {key: value for key, value in filters.items() if value is not None}
    return read_history(
        lambda page: api.http.request(
            Call(operation="list calls", method="GET", path="/calls", params={**chosen, **page}),
            lambda value: history_page(PhoneCall, ("calls",), value),
        ),
        lambda call: call.id,
        most=most,
        offset=offset,
        keep=keep,
    )


def period(since: datetime | None, until: datetime | None) -> dict[str, str | None]:
    """Give the query for a time between two moments; None has no bound."""
    return {
        "start_date": instant(since) if since is not None else None,
        "end_date": instant(until) if until is not None else None,
    }


def read_call(api: FlireoApi, call_id: str) -> PhoneCall:
    """Give one call with its transcript and its analysis, as far as there are any yet.

    Args:
        api: The account's API.
        call_id: Id of the call.

    Raises:
        NotFoundError: There is no such call.
        ApiError: The server answered, and not with success or not as promised.
        TransportError: No answer came.
        InvalidInputError: The id cannot be one.
    """
    operation = f'read call "{call_id}"'
    path = item_path("/calls", call_id, operation)
    return api.http.request(Call(operation=operation, method="GET", path=path), _call)


def place_call(
    api: FlireoApi,
    destination: str,
    *,
    agent_id: str | None = None,
    agent_config: Mapping[str, Any] | None = None,
    number_id: str | None = None,
    first_message: str | None = None,
    context: str | None = None,
) -> PlacedCall:
    """Have an agent call somebody. It costs money, and is never sent twice.

    Source: contract, OutboundCallRequest; api notes, section 13.

    Args:
        api: The account's API.
        destination: Number that is called, E.164.
        agent_id: Id of the saved agent that calls.
        agent_config: Settings of an agent that is not saved, instead; with a provider that is no realtime one it has
            to hold ``stt_config``, ``llm_config`` and ``tts_config``.
        number_id: Id of the number that is shown to the callee; None leaves it to the server.
        first_message: Opening line of this call; None for the agent's.
        context: What the agent is told about this call; None for nothing.

    Raises:
        InvalidInputError: The destination is no number, or not one of the two agents is given.
        CreditsError: The account has no credits.
        NotFoundError: There is no such agent or number.
        ApiError: The server answered, and not with success or not as promised; after ``ServerError`` and
            ``UnexpectedAnswerError`` the call may be under way.
        TransportError: No answer came; ``may_have_arrived`` says whether the call may be under way.
    """
    operation = f'place call to "{destination}"'
    problems = [] if is_phone_number(destination) else [no_number(operation)]
    if (agent_id is None) == (agent_config is None):
        problems.append(f"{operation}: agent_id or agent_config is needed, and not both. Give one of them.")
    if problems:
        raise InvalidInputError(problems)

    def spelled(dialect: Dialect) -> dict[str, Any]:
        saved, unsaved = ("assistant_id", "assistant") if dialect == "successor" else ("agent_id", "agent_config")
        unsaved_agent = None if agent_config is None else in_dialect(KINDS["agent"].model, agent_config, dialect)
        given = {
            "destination": destination,
            saved: agent_id,
            unsaved: unsaved_agent,
            "number_id": number_id,
            "first_message": first_message,
            "context": context,
        }
        return {key: value for key, value in given.items() if value is not None}

    body = api.dialect.spelled(spelled, operation, api.list)
    secrets = secret_texts(KINDS["agent"].model, agent_config) if agent_config is not None else frozenset()
    call = Call(
        operation=operation,
        method="POST",
        path="/calls/outbound",
        body=body,
        is_repeatable=False,
        secrets=secrets,
        look="for it with flireo calls --from 5m",
    )
    return api.http.request(call, _placed)


def is_phone_number(text: str) -> bool:
    """Tell whether a text is a telephone number in the form E.164: a plus and 7 to 15 digits."""
    try:
        _E164.validate_python(text)
    except ValidationError:
        return False
    return True


def no_number(operation: str) -> str:
    """Say that a call has no number to go to; ``operation`` begins the text."""
    expected = "an E.164 number such as +31201234567, a plus and 7 to 15 digits, was expected"
    return f"{operation}: that is no telephone number, {expected}. Write the country code and leave spaces out."


def _call(value: Any) -> PhoneCall:
    body = mapping(value)
    return record(PhoneCall, body["call"] if isinstance(body.get("call"), dict) else body)


def _placed(value: Any) -> PlacedCall:
    body = mapping(value)
    if body.get("success", True) is not True:
        raise MismatchError('"success" is not true')
    return record(PlacedCall, body)
