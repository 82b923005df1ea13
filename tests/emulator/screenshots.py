"""Pictures of the console for the documentation: ``python -m tests.emulator.screenshots`` takes them anew.

They are not held against those in git, as fonts differ from machine to machine.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import httpx
from playwright.sync_api import Browser, Page, expect

from flireo_iac.emulator import server
from flireo_iac.emulator.server import Running
from tests.emulator import browser as chromium
from tests.emulator.conftest import TLS, client_of
from tests.emulator.receiver import Receiver
from tests.emulator.scene import Practice

FOLDER = Path("docs/images")
LARGEST = 150_000
WIDE = (1200, 800)
TALL = (1200, 860)
NARROW = (360, 720)


class Picture(NamedTuple):
    """One picture: its name, the place in the console, what must be seen there, the colours and the size."""

    name: str
    place: str
    seen: str
    scheme: Literal["light", "dark"]
    size: tuple[int, int]


def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with server.running() as emulator, Receiver() as receiver, chromium.started() as browser:
        receiver.answers["tool-calls"] = {"result": {"booked": "14:30"}}
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        for picture in _pictures(emulator, receiver):
            _take(browser, emulator, picture)
        receiver.shutdown()


def _pictures(emulator: Running, receiver: Receiver) -> Iterator[Picture]:
    """Let things happen, and give the pictures of each moment."""
    control_url = emulator.control_url
    with client_of(emulator, "fl_live_practice_0042") as api, httpx.Client(base_url=control_url, verify=TLS) as control:
        practice = Practice(api, control)
        agent = practice.open(receiver.url)
        organization = control.get("/overview").json()["organizations"][0]["id"]
        place = f"objects/{organization}/agents/{agent}"
        yield Picture("console-objects-light", place, "System message", "light", WIDE)
        yield Picture("console-objects-narrow-dark", place, "System message", "dark", NARROW)
        call = practice.ring()
        practice.advance(15.5)
        yield Picture("console-call-light", f"calls/{call}", "That is booked", "light", TALL)
        control.post("/clock", json={"until": "quiet"})
        yield Picture("console-webhooks-light", "webhooks/3", "Came back", "light", WIDE)
        control.post(
            "/faults", json={"method": "GET", "path": "/numbers*", "kind": "429", "retry_after": 3, "times": 2}
        )
        control.post("/faults", json={"method": "POST", "path": "/agents", "kind": "status:502-after-commit"})
        for path in ("/agents", f"/agents/{agent}", "/numbers", "/agents/no-such-agent"):
            api.get(path)
        yield Picture("console-faults-dark", "faults", "2 faults", "dark", (1200, 640))
        number = control.get("/requests").json()["requests"][3]["id"]
        yield Picture("console-requests-dark", f"requests/{number}", "Answered", "dark", WIDE)


def _take(browser: Browser, emulator: Running, picture: Picture) -> None:
    width, height = picture.size
    with browser.new_context(viewport={"width": width, "height": height}, color_scheme=picture.scheme) as context:
        page: Page = context.new_page()
        page.goto(f"{emulator.control_url}/#/{picture.place}")
        expect(page.get_by_text(picture.seen).first).to_be_visible()
        taken = page.screenshot(path=FOLDER / f"{picture.name}.png", animations="disabled", caret="hide")
    if len(taken) > LARGEST:
        raise SystemExit(
            f"{picture.name} has {len(taken):,} bytes, {LARGEST:,} at most were expected. Make it smaller."
        )


if __name__ == "__main__":
    main()
