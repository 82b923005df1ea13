"""Which pages may use the control routes: those of the emulator itself, and no others."""

from __future__ import annotations

from starlette.requests import Request

from flireo_iac.emulator.loopback import is_loopback
from flireo_iac.emulator.problems import RefusedError

_OWN = frozenset({None, "same-origin", "none"})


def refuse_other_pages(request: Request) -> None:
    """Refuse what a page of another site sends: a browser reaches loopback, stored secrets are no business of it.

    A name that was made to point to this machine is another site, too, so the host must be loopback itself. Only a link
    may lead here from anywhere: a page cannot read what it links to.

    Raises:
        RefusedError: 403.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin is None and site is None:
        return
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if (
        origin not in {None, own}
        or not (site in _OWN or _is_link(request))
        or not is_loopback(request.url.hostname or "")
    ):
        raise RefusedError(403, "control routes are not for web pages of other sites")


def _is_link(request: Request) -> bool:
    kind = (request.headers.get("sec-fetch-mode"), request.headers.get("sec-fetch-dest"))
    return request.method == "GET" and kind == ("navigate", "document")
