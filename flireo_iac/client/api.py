"""Five verbs over the objects of any kind, made from the kind's endpoint and envelope."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from flireo_iac.client.account import read_account
from flireo_iac.client.answers import MismatchError
from flireo_iac.client.budget import Budget, OnWait, OnWarning
from flireo_iac.client.call import Call, Method, item_path
from flireo_iac.client.dialect import ServerDialect
from flireo_iac.client.envelopes import (
    Page,
    read_deleted,
    read_one,
    read_page,
    read_single,
    read_slot,
    read_slots,
)
from flireo_iac.client.http import Http
from flireo_iac.client.paging import read_all
from flireo_iac.errors import NotFoundError
from flireo_iac.kinds import Kind, in_dialect, secret_texts
from flireo_iac.rows import Listing, Row
from flireo_iac.settings import Settings

T = TypeVar("T")

LONGEST_NAME = 80
"""Characters of a name that an error shows at most."""


class FlireoApi:
    """The account that a key belongs to. One for a process is enough: it is safe for threads.

    Args:
        settings: Key, address, dialect, budget and deadlines.
        on_wait: Called before a wait of more than 2 seconds, with its reason and its seconds, from the thread that
            waits; None for nobody.
        on_warning: Called with a sentence about something that is not as it should be; None for nobody.
        budget: Turns to send; None for the one that all processes of this machine share for the key.
        sleep: Sleeps so many seconds.
        clock: Seconds of a clock that does not jump.
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
    ) -> None:
        self.http = Http(settings, on_wait=on_wait, on_warning=on_warning, budget=budget, sleep=sleep, clock=clock)
        self.dialect = ServerDialect(settings.dialect)
        self._look: Callable[[Kind], object] = self.list

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and the budget's file."""
        self.http.close()

    def look_with(self, look: Callable[[Kind], object]) -> None:
        """Have lists that tell the dialect read by somebody who keeps them, so that none is read twice.

        Args:
            look: Reads the list of a kind through this API, or has done so.
        """
        self._look = look

    def list(self, kind: Kind, within: str = "") -> Listing:
        """Give all objects of a kind, with one request where that proves that none is missing.

        Args:
            kind: Kind of the objects.
            within: Id of their parent, where they exist within one; empty for all others.

        Raises:
            ApiError: The server answered, and not with success or not as promised.
            TransportError: No answer came.
        """
        operation = f"list {kind.title}s"
        endpoint = kind.endpoint
        if endpoint.style == "slot":
            return Listing(self._send(kind, operation, "GET", lambda value: read_slots(kind, value)), True)
        if endpoint.style == "single":
            return Listing(self._send(kind, operation, "GET", lambda value: read_single(kind, value)), True)

        def fetch(params: Mapping[str, int]) -> Page:
            return self._send(
                kind, operation, "GET", lambda value: read_page(kind, value), within=within, params=params
            )

        return _within(kind, within, read_all(endpoint.page_size, fetch))

    def get(self, kind: Kind, id_: str) -> Row | None:
        """Give one object; None when the server says that it is not there.

        Slots, the only object and what exists within a parent cannot be asked by themselves: they are looked up in what
        is read at their path.

        Args:
            kind: Kind of the object.
            id_: Its id.

        Raises:
            ApiError: The server answered, and not with success or not as promised.
            TransportError: No answer came.
            InvalidInputError: The id cannot be one.
        """
        if kind.endpoint.style != "collection" or kind.endpoint.within:
            return next((row for row in self.list(kind, kind.parent_id(id_)).rows if row["id"] == id_), None)
        try:
            return self._send(
                kind, _about("read", kind, id_), "GET", lambda value: _of(id_, read_one(kind, value)), id_=id_
            )
        except NotFoundError:
            return None

    def create(self, kind: Kind, body: Mapping[str, Any], before_send: Callable[[], None] = lambda: None) -> Row:
        """Make an object.

        The request is not repeated when the server may have acted on it. A slot is overwritten, so there it is.

        Args:
            kind: Kind of the object.
            body: What is sent, in any spelling; it goes out in the server's.
            before_send: Called before each attempt, once it has its turn; nothing is sent when it raises.

        Raises:
            ApiError: The server answered, and not with success or not as promised; after ``ServerError`` and
                ``UnexpectedAnswerError`` the object may be there.
            TransportError: No answer came; ``may_have_arrived`` says whether the object may be there.
            InvalidInputError: The body cannot be sent.
        """
        endpoint = kind.endpoint
        name = ", ".join(str(body[key]) for key in kind.natural_key if body.get(key) is not None)
        operation = _about("create", kind, name)
        if endpoint.style == "slot":
            return self._set_slot(kind, operation, str(body.get(endpoint.slot_field, "")), body)
        within = str(body.get(endpoint.within, ""))
        sent = {key: value for key, value in kind.whole_create(body).items() if key != endpoint.within}
        row = self._send(
            kind,
            operation,
            "POST",
            lambda value: read_one(kind, value),
            within=within,
            body=sent,
            is_repeatable=False,
            before_send=before_send,
        )
        return _row_within(kind, within, row)

    def update(self, kind: Kind, id_: str, body: Mapping[str, Any]) -> Row:
        """Change the given keys of an object, and give the whole of it.

        Args:
            kind: Kind of the object; one that has an update.
            id_: Its id.
            body: Keys that change; for a slot, all of them.

        Raises:
            ApiError: The server answered, and not with success or not as promised.
            TransportError: No answer came.
            InvalidInputError: The id cannot be one, or the body cannot be sent.
        """
        operation = _about("update", kind, id_)
        if kind.endpoint.style == "slot":
            return self._set_slot(kind, operation, id_, {**body, kind.endpoint.slot_field: id_})
        return self._send(kind, operation, "PATCH", lambda value: _of(id_, read_one(kind, value)), id_=id_, body=body)

    def delete(self, kind: Kind, id_: str) -> bool:
        """Delete an object; False when it was gone already.

        Args:
            kind: Kind of the object.
            id_: Its id. The only object of an account has no id in its address, so it is read first: another one
                that has taken its place is left alone.

        Raises:
            ApiError: The server answered, and not with success or not as promised.
            TransportError: No answer came.
            InvalidInputError: The id cannot be one.
        """
        endpoint = kind.endpoint
        operation = _about("delete", kind, id_)
        try:
            if endpoint.style == "slot":
                self._send(kind, operation, "DELETE", read_deleted, body={endpoint.slot_field: id_})
            elif endpoint.style == "single":
                if self.get(kind, id_) is None:
                    return False
                self._send(kind, operation, "DELETE", read_deleted)
            else:
                within = kind.parent_id(id_)
                self._send(kind, operation, "DELETE", read_deleted, within=within, id_=id_.removeprefix(f"{within}/"))
        except NotFoundError:
            return False
        return True

    def account_id(self) -> str | None:
        """Give the id of the account that the key belongs to; None when the server has no such thing.

        Raises:
            ApiError: The server answered, and not with success or not as promised.
            TransportError: No answer came.
        """
        try:
            return str(read_account(self.http)["id"])
        except NotFoundError:
            return None

    def _set_slot(self, kind: Kind, operation: str, slot: str, body: Mapping[str, Any]) -> Row:
        return self._send(kind, operation, "POST", lambda value: read_slot(kind, slot, value), body=body)

    def _spelled(self, kind: Kind, body: Mapping[str, Any], operation: str) -> Mapping[str, Any]:
        return self.dialect.spelled(lambda dialect: in_dialect(kind.model, body, dialect), operation, self._look)

    def _send(
        self,
        kind: Kind,
        operation: str,
        method: Method,
        read: Callable[[Any], T],
        *,
        within: str = "",
        id_: str | None = None,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, int] | None = None,
        is_repeatable: bool = True,
        before_send: Callable[[], None] = lambda: None,
    ) -> T:
        secrets = secret_texts(kind.model, body) if body is not None else frozenset()
        if body is not None:
            body = self._spelled(kind, body, operation)

        def read_and_learn(value: Any) -> T:
            result = read(value)
            self.dialect.hear(kind, value)
            return result

        def send(collection: str) -> T:
            if kind.endpoint.within:
                head, _, tail = collection.partition(f"/{{{kind.endpoint.within}}}")
                collection = f"{item_path(head, within, operation)}{tail}"
            call = Call(
                operation=operation,
                method=method,
                path=collection if id_ is None else item_path(collection, id_, operation),
                body=body,
                params=params or {},
                is_repeatable=is_repeatable,
                secrets=secrets,
                before_send=before_send,
            )
            return self.http.request(call, read_and_learn)

        return self.dialect.paths.call(kind.endpoint.path, kind.endpoint.successor_path, send)


def _within(kind: Kind, parent: str, listing: Listing) -> Listing:
    if not kind.endpoint.within:
        return listing
    return Listing(tuple(_row_within(kind, parent, row) for row in listing.rows), listing.is_complete)


def _row_within(kind: Kind, parent: str, row: Row) -> Row:
    """Give an object that exists within another one an id that tells where, and its parent's id."""
    if not kind.endpoint.within:
        return row
    return {**row, "id": f"{parent}/{row['id']}", kind.endpoint.within: parent}


def _of(id_: str, row: Row) -> Row:
    """Give the row when it is the object that was asked for; another one would be taken into the state in its place."""
    if str(row["id"]).casefold() != id_.casefold():
        raise MismatchError("the object in it is another one than was asked for")
    return row


def _about(verb: str, kind: Kind, name: str) -> str:
    shown = " ".join(name.split())
    shown = shown if len(shown) <= LONGEST_NAME else f"{shown[:LONGEST_NAME]}…"
    return f'{verb} {kind.title} "{shown}"' if shown else f"{verb} {kind.title}"
