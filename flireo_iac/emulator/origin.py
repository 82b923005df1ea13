"""Who may use the control routes: programs and pages that know the emulator by its own address, and no others."""

from __future__ import annotations

import ipaddress
import re

from starlette.requests import Request

from flireo_iac.emulator.loopback import is_loopback
from flireo_iac.emulator.problems import RefusedError

_OWN = frozenset({None, "same-origin", "none"})
_HOST = re.compile(r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[^\s:/?#@\[\]\\]+))(?::[0-9]*)?")


def refuse_others(request: Request, listens: str) -> None:
    """Refuse what a page of another site has a browser send: stored secrets are no business of it.

    A name that was made to point to this machine is another site, too. A browser says nothing of where the page is from
    then, so the host alone tells. Only a link may lead here from anywhere: a page cannot read what it links to.

    Args:
        request: The request.
        listens: What ``--host`` names.

    Raises:
        RefusedError: 403.
    """
    host = request.headers.get("host", "")
    # The address that was connected to: where a name in --host leads, and what the first line of output shows then.
    reached, _ = request.scope.get("server") or (listens, None)
    if not _is_own(host.lower(), {listens.lower(), reached}):
        raise RefusedError(
            403, "control routes are not for other hosts; use localhost, a loopback address or what --host names"
        )
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin not in {None, f"{request.url.scheme}://{host}"} or not (site in _OWN or _is_link(request)):
        raise RefusedError(403, "control routes are not for web pages of other sites")


def _is_own(host: str, own: set[str]) -> bool:
    """Say whether a host is the emulator itself; with 0.0.0.0 or :: each address is, as only names can be bent."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found["address"] or found["name"]
    return is_loopback(name) or name in own or (_is_address(name) and any(map(_is_any, own)))


def _is_any(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_link(request: Request) -> bool:
    kind = (request.headers.get("sec-fetch-mode"), request.headers.get("sec-fetch-dest"))
    return request.method == "GET" and kind == ("navigate", "document")
