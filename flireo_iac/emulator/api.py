"""The API: finds what a request asks for in the contract, lets it through or not, and writes the answer."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.routing import compile_path

from flireo_iac.emulator import behaviours, contract, dialects, payload, problems
from flireo_iac.emulator.contract import Contract, Operation
from flireo_iac.emulator.exchange import Answer, Exchange, Handler
from flireo_iac.emulator.limits import Budget, Limiter
from flireo_iac.emulator.options import Dialect, Settings
from flireo_iac.emulator.phone.switchboard import Switchboard
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.store import Store
from flireo_iac.errors import EmulatorError

KEY_PREFIX = "fl_"
_PUBLIC = ""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """What goes back to the caller.

    Args:
        status: HTTP status.
        content: The JSON value; None for no body.
        headers: Headers beside those of every answer.
    """

    status: int
    content: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One request to the API, read from the connection.

    Args:
        method: Upper case.
        path: Path below ``/api/v1``, decoded.
        headers: Its headers.
        query: Its query.
        raw: Its body.
    """

    method: str
    path: str
    headers: Headers
    query: QueryParams
    raw: bytes

    @property
    def key(self) -> str | None:
        """The token of the Authorization header; None when there is none."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None


@dataclass(frozen=True)
class _Route:
    pattern: re.Pattern[str]
    path: str
    successor_only: bool
    operations: dict[str, Operation]


class Api:
    """The operations of the contract over one store.

    Args:
        store: What it holds.
        settings: How it behaves; may change while it runs.
        limiter: Windows of the keys.
        phone: The calls that are going on.
    """

    def __init__(self, store: Store, settings: Settings, limiter: Limiter, phone: Switchboard) -> None:
        self.store = store
        self.settings = settings
        self.limiter = limiter
        self.phone = phone
        self._handlers: dict[tuple[str, str], Handler] = behaviours.routes()
        self._routes = _routes(contract.load())

    def reply(self, call: Call, dialect: Dialect | None = None) -> Reply:
        """Carry a request out.

        Args:
            call: The request.
            dialect: Spelling of the envelope of this one answer; None for the one of the settings.
        """
        headers = self.limit_headers(call.key)
        try:
            route, path = self._find(call.path)
            public = not any(each.needs_key for each in route.operations.values())
            key = _PUBLIC if public else _authenticated(call.key)
            headers = self._spend(key)
            operation = self._operation(route, call.method)
            handler = self._handlers[operation.method, operation.path]
            body = payload.read(call.raw, call.headers.get("content-type")) if operation.request else None
            exchange = Exchange(
                operation,
                self.store.organization(key),
                self.store,
                self.settings,
                self.phone,
                path,
                call.query,
                body,
            )
            answer = handler(exchange)
            self.store.save()
            status = answer.status or operation.success
            self._check(operation, status, answer)
            if operation.method == "DELETE" and self.settings.deletes == 204 and 204 in operation.answers:
                return Reply(204, None, headers)
            return Reply(status, dialects.write(dialect or self.settings.dialect, operation, answer), headers)
        except RefusedError as problem:
            return self._refusal(problem, headers)
        except EmulatorError as error:
            _log.error("%s", error)
            return self._refusal(RefusedError(500, str(error)), headers)
        except Exception:
            _log.exception("the emulator failed on %s %s", call.method, call.path)
            return self._refusal(RefusedError(500, "the emulator failed; its stderr says where"), headers)

    def limit_headers(self, key: str | None) -> dict[str, str]:
        """Give the three headers of every answer without counting a request."""
        return self._budget(key or "", spend=False).headers()

    def _budget(self, key: str, *, spend: bool) -> Budget:
        limit, window_s = self.settings.requests_per_minute, self.settings.window_s
        return self.limiter.budget(key, limit, spend=spend, window_s=window_s)

    def _refusal(self, problem: RefusedError, headers: dict[str, str]) -> Reply:
        body = problems.body(problem, self.settings.errors)
        return Reply(problem.status, body, {**headers, **problem.headers})

    def _find(self, path: str) -> tuple[_Route, dict[str, str]]:
        for route in self._routes:
            found = route.pattern.fullmatch(path)
            if found is not None and (self.settings.dialect == "successor" or not route.successor_only):
                return route, found.groupdict()
        raise RefusedError(404, "no such path")

    def _spend(self, key: str) -> dict[str, str]:
        budget = self._budget(key, spend=True)
        if not budget.allowed:
            raise RefusedError(
                429,
                f"Too many requests. Please retry after {budget.wait_s} seconds.",
                headers={**budget.headers(), "Retry-After": str(budget.wait_s)},
            )
        return budget.headers()

    def _operation(self, route: _Route, method: str) -> Operation:
        served = {
            name: operation
            for name, operation in route.operations.items()
            if operation.since is None or self.settings.dialect == "successor"
        }
        if method not in served:
            allowed = ", ".join(served)
            raise RefusedError(405, f"{method} is not possible here, only {allowed}", headers={"Allow": allowed})
        return served[method]

    def _check(self, operation: Operation, status: int, answer: Answer) -> None:
        if not self.settings.check_answers or self.settings.lists == "brief":
            return
        schema = operation.answers.get(status)
        wrong = schema.problems(answer.body) if schema else []
        if status not in operation.answers:
            wrong = [("", f"status {status} is not in the contract")]
        if wrong:
            raise EmulatorError(
                f'answer operation "{operation.name}": {wrong[0][1]}, which the contract asks for. '
                "This is a fault of the emulator, please report it."
            )


def _authenticated(key: str | None) -> str:
    if key is None or not key.startswith(KEY_PREFIX):
        raise RefusedError(401, "Invalid or missing API key")
    return key


def _routes(document: Contract) -> list[_Route]:
    """Make a route for each path, those without parameters first, so that ``/calls/outbound`` is not an id."""
    by_path: dict[tuple[str, bool], dict[str, Operation]] = {}
    own = {operation.path for operation in document.operations}
    for operation in document.operations:
        later = operation.since is not None
        by_path.setdefault((operation.path, False), {})[operation.method] = operation
        if operation.successor_path and operation.successor_path not in own and not later:
            by_path.setdefault((operation.successor_path, True), {}).setdefault(operation.method, operation)
    routes = [
        _Route(
            compile_path(path)[0],
            path,
            successor_only or all(each.since is not None for each in operations.values()),
            operations,
        )
        for (path, successor_only), operations in by_path.items()
    ]
    return sorted(routes, key=lambda route: route.path.count("{"))
