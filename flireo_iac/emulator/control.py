"""Control routes, apart from the API: log, state, faults, settings, edits behind a stack's back, calls, the console.

They need no key, are not limited and not logged.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from flireo_iac.emulator import console, faults, options, payload, storage
from flireo_iac.emulator.contract import Schema
from flireo_iac.emulator.control_calls import CallControl
from flireo_iac.emulator.control_log import LogControl
from flireo_iac.emulator.control_view import last, matching, need, organizations, shown
from flireo_iac.emulator.emulation import Emulation
from flireo_iac.emulator.origin import refuse_others
from flireo_iac.emulator.problems import RefusedError, body
from flireo_iac.emulator.store import Organization, Row
from flireo_iac.errors import EmulatorError

PREFIX = "/_emulator"
_FAULT = Schema(faults.SCHEMA)
_SETTINGS = Schema(options.SCHEMA)
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_Answer = tuple[int, Any]
_Action = Callable[[Request, Any], Response | _Answer | Awaitable[_Answer]]


def routes(emulation: Emulation, host: str) -> ASGIApp:
    """Make the control routes of an emulator.

    Args:
        emulation: What they act on.
        host: What the emulator listens on, as it was named.
    """
    control, calls, log = _Control(emulation), CallControl(emulation.phone), LogControl(emulation)
    table: dict[str, dict[str, _Action]] = {
        "/": {"GET": console.page},
        "/console/{name}": {"GET": console.file},
        "/overview": {"GET": log.overview},
        "/requests": {"GET": log.requests, "DELETE": log.clear_requests},
        "/requests/{id}": {"GET": log.request},
        "/reset": {"POST": control.reset},
        "/state": {"GET": control.state, "PUT": control.set_state},
        "/faults": {"GET": control.faults, "POST": control.add_fault, "DELETE": control.clear_faults},
        "/settings": {"GET": control.settings, "PUT": control.change_settings},
        "/objects/{collection}": {"GET": control.objects, "POST": control.insert},
        "/objects/{collection}/{id}": {
            "GET": control.object,
            "PATCH": control.patch_object,
            "DELETE": control.delete_object,
        },
        "/clock": {"GET": calls.clock, "POST": calls.move_clock},
        "/callees": {"GET": calls.callees, "PUT": calls.set_callees, "DELETE": calls.clear_callees},
        "/callees/{number}": {"PUT": calls.set_callee, "DELETE": calls.clear_callee},
        "/calls": {"GET": calls.calls, "POST": calls.ring},
        "/calls/{id}": {"GET": calls.call},
        "/calls/{id}/control": {"POST": calls.command},
        "/webhooks": {"GET": log.webhooks, "DELETE": log.clear_webhooks},
    }
    return Router(
        [Route(PREFIX + path, _Endpoint(actions, host), methods=None) for path, actions in table.items()],
        redirect_slashes=False,
        default=_Endpoint({}, host),
    )


class _Endpoint:
    """One control path: picks the action of the method, and turns problems into answers."""

    def __init__(self, actions: dict[str, _Action], host: str) -> None:
        self._actions = actions
        self._host = host

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        try:
            refuse_others(request, self._host)
            if not self._actions:
                raise RefusedError(404, "no such control route; docs/emulator.md names them")
            action = self._actions.get(request.method)
            if action is None:
                allowed = ", ".join(self._actions)
                raise RefusedError(405, f"only {allowed} here", headers={"Allow": allowed})
            sent = payload.read(await request.body(), None)
            response = await _response(action(request, sent))
        except RefusedError as problem:
            response = _json(problem.status, body(problem, "flat"), problem.headers)
        except EmulatorError as error:
            response = _json(500, body(RefusedError(500, str(error)), "flat"))
        await response(scope, receive, send)


async def _response(answer: Response | _Answer | Awaitable[_Answer]) -> Response:
    if isinstance(answer, Response):
        return answer
    status, content = answer if isinstance(answer, tuple) else await answer
    return _json(status, content)


class _Control:
    """The actions; each takes the request and its JSON body, and gives a status and a JSON value."""

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation
        self._store = emulation.store

    def reset(self, request: Request, sent: Any) -> tuple[int, Any]:
        del request, sent
        self._store.clear()
        self._store.save()
        self._emulation.faults.clear()
        self._emulation.limiter.clear()
        self._emulation.log.clear()
        self._emulation.phone.clear()
        self._emulation.webhooks.clear()
        return 200, {"success": True}

    def state(self, request: Request, sent: Any) -> tuple[int, Any]:
        del request, sent
        return 200, json.loads(self._store.text())

    def set_state(self, request: Request, sent: Any) -> tuple[int, Any]:
        del request
        wrong = storage.problem(sent)
        if wrong is not None:
            raise RefusedError(400, wrong)
        self._store.replace(sent)
        self._emulation.recover()
        self._store.save()
        return 200, {"success": True}

    def faults(self, request: Request, sent: Any) -> tuple[int, Any]:
        del request, sent
        return 200, {"faults": [fault.as_json() for fault in self._emulation.faults.all()]}

    def add_fault(self, request: Request, sent: Any) -> tuple[int, Any]:
        del request
        need(_FAULT, sent)
        return 201, {"fault": self._emulation.faults.add(sent).as_json()}

    def clear_faults(self, request: Request, sent: Any) -> tuple[int, Any]:
        del request, sent
        self._emulation.faults.clear()
        return 200, {"success": True}

    def settings(self, request: Request, sent: Any) -> tuple[int, Any]:
        del request, sent
        return 200, self._emulation.settings.as_json()

    def change_settings(self, request: Request, sent: Any) -> tuple[int, Any]:
        need(_SETTINGS, sent)
        self._emulation.settings.change(sent)
        return self.settings(request, None)

    def objects(self, request: Request, sent: Any) -> tuple[int, Any]:
        del sent
        collection = request.path_params["collection"]
        rows = [row for each in organizations(request, self._store) for row in each.rows(collection)]
        return 200, {"objects": [shown(request, row) for row in last(request, matching(request, rows))]}

    def insert(self, request: Request, sent: Any) -> tuple[int, Any]:
        owners = organizations(request, self._store)
        if len(owners) != 1:
            raise RefusedError(400, "say with an Authorization header whose object this is")
        if not isinstance(sent, dict):
            raise RefusedError(400, "the body must be an object")
        now = self._store.now()
        row = {"id": self._store.new_id(), "created_at": now, "updated_at": now, **sent}
        if not isinstance(row["id"], str):
            raise RefusedError(400, "id must be a string")
        owners[0].put(request.path_params["collection"], row)
        self._store.save()
        return 201, {"object": row}

    def object(self, request: Request, sent: Any) -> tuple[int, Any]:
        del sent
        return 200, {"object": shown(request, self._find(request)[1])}

    def patch_object(self, request: Request, sent: Any) -> tuple[int, Any]:
        organization, row = self._find(request)
        if not isinstance(sent, dict) or sent.get("id", row["id"]) != row["id"]:
            raise RefusedError(400, "the body must be an object, and cannot change the id")
        stamp = {"updated_at": self._store.now(after=row["updated_at"])} if "updated_at" in row else {}
        changed = organization.put(request.path_params["collection"], {**row, **stamp, **sent})
        self._store.save()
        return 200, {"object": changed}

    def delete_object(self, request: Request, sent: Any) -> tuple[int, Any]:
        del sent
        organization, row = self._find(request)
        organization.remove(request.path_params["collection"], row["id"])
        self._store.save()
        return 200, {"success": True}

    def _find(self, request: Request) -> tuple[Organization, Row]:
        collection, row_id = request.path_params["collection"], request.path_params["id"]
        for organization in organizations(request, self._store):
            row = organization.get(collection, row_id)
            if row is not None:
                return organization, row
        raise RefusedError(404, f"no {row_id} in {collection}")


def _json(status: int, content: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(payload.write(content), status, {**_HEADERS, **(headers or {})}, "application/json")
