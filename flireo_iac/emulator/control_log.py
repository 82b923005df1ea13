"""Control routes of what went by: requests, webhooks, and in a few numbers all that there is to look at."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from flireo_iac.emulator import accounts, control_view
from flireo_iac.emulator.emulation import Emulation
from flireo_iac.emulator.masking import masked_text, masked_urls
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.store import Organization, Row


class LogControl:
    """The actions; each takes the request and its JSON body, and gives a status and a JSON value.

    Args:
        emulation: What they act on.
    """

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation

    def overview(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Count everything; a page that looks again sees in ``changes`` what it has to read anew."""
        del request, sent
        emulation = self._emulation
        return 200, {
            "changes": {
                "objects": emulation.store.changes,
                "requests": emulation.log.changes,
                "webhooks": emulation.webhooks.changes,
            },
            "dialect": emulation.settings.dialect,
            "requests": len(emulation.log.entries),
            "faults": len(emulation.faults.all()),
            "webhooks": len(emulation.webhooks.log),
            "live_calls": len(emulation.phone.live),
            "organizations": [self._organization(each) for each in emulation.store.organizations.values()],
        }

    def _organization(self, organization: Organization) -> Row:
        counts = {name: len(rows) for name, rows in organization.collections.items() if rows}
        about = accounts.about(organization)
        return {
            "id": organization.id,
            "name": about["name"],
            "parent_org_id": about["parent_org_id"],
            "key": self._emulation.log.keys.get(organization.id),
            "objects": counts,
        }

    def requests(self, request: Request, sent: Any) -> tuple[int, Any]:
        """List the requests to the API, oldest first; with ``?limit=`` the last, with ``?text=`` those that hold it."""
        del sent
        last = self._emulation.log.last(control_view.limit(request), control_view.words(request))
        return 200, {"requests": [entry.as_json() for entry in last]}

    def request(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Show one request with both bodies, secrets masked."""
        del sent
        number: str = request.path_params["id"]
        entry = (
            self._emulation.log.find(int(number))
            if number.isascii() and number.isdigit() and len(number) < 10
            else None
        )
        if entry is None:
            raise RefusedError(404, "the log has no such request")
        return 200, {"request": entry.with_bodies()}

    def clear_requests(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Forget the requests."""
        del request, sent
        self._emulation.log.clear()
        return 200, {"success": True}

    def webhooks(self, request: Request, sent: Any) -> tuple[int, Any]:
        """List what was sent to webhooks, oldest first; with ``?limit=`` the last of it."""
        del sent
        call_id = request.query_params.get("call_id")
        kept = [entry for entry in self._emulation.webhooks.log if call_id in {None, entry["call_id"]}]
        return 200, {"webhooks": [_sent(request, entry) for entry in control_view.last(request, kept)]}

    def clear_webhooks(self, request: Request, sent: Any) -> tuple[int, Any]:
        """Forget what was sent to webhooks."""
        del request, sent
        self._emulation.webhooks.clear()
        return 200, {"success": True}


def _sent(request: Request, entry: Row) -> Row:
    """Give a delivery as it is, or as ``?masked=true`` lets it be seen: what cannot be masked is left out."""
    if request.query_params.get("masked") != "true":
        return entry
    answer = None if entry["answer"] is None else masked_text(entry["answer"])
    return {**entry, "url": masked_urls(entry["url"]), "body": masked_text(entry["body"]), "answer": answer}
