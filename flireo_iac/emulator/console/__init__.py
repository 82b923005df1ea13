"""The console: pages of the emulator's own, for people, served from the files beside this module.

Nothing of it comes from elsewhere, and nothing of it talks to anything but the control routes.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from flireo_iac.emulator.problems import RefusedError

PAGE = "index.html"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page(request: Request, sent: Any) -> Response:
    """Serve the page."""
    del request, sent
    return _serve(PAGE)


def file(request: Request, sent: Any) -> Response:
    """Serve a file of the page.

    Raises:
        RefusedError: 404, the page has no such file.
    """
    del sent
    return _serve(request.path_params["name"])


def _serve(name: str) -> Response:
    found = _files().get(name)
    if found is None:
        raise RefusedError(404, "the console has no such file")
    content, media_type = found
    return Response(content, 200, _HEADERS, media_type)


@functools.cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Read all files once, with their types: what a path may name is what is here, and no more."""
    found = {}
    for each in resources.files(__package__).iterdir():
        media_type = TYPES.get(each.name[each.name.rfind(".") :])
        if media_type is not None:
            found[each.name] = (each.read_bytes(), media_type)
    return found
