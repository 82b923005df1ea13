"""The console in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, expect

from flireo_iac.emulator import server
from flireo_iac.emulator.server import Running
from tests.emulator import browser as chromium
from tests.emulator.conftest import TLS, client_of
from tests.emulator.scene import CALLER, NUMBER, SECRET, Practice

pytestmark = [
    pytest.mark.xdist_group("console"),
    pytest.mark.skipif(chromium.program() is None, reason="no chromium on PATH: the console is not tried in a browser"),
]
HOSTILE = "<script>window.harmed = 1</script><img src=x onerror='window.harmed = 1'> & {{name}}"
PATIENCE_MS = 20_000
"""How long a busy machine may take until a page shows something."""
VIEWS = ("objects", "requests", "calls", "faults", "webhooks")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with chromium.started() as browser:
        yield browser


@pytest.fixture(scope="module")
def emulator() -> Iterator[Running]:
    with server.running() as emulator:
        yield emulator


@pytest.fixture
def practice(emulator: Running) -> Iterator[Practice]:
    with client_of(emulator) as api, httpx.Client(base_url=emulator.control_url, timeout=5, verify=TLS) as control:
        control.post("/reset").raise_for_status()
        yield Practice(api, control)


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        yield context.new_page()


@pytest.fixture
def page(tab: Page, emulator: Running) -> Iterator[Page]:
    """A page that asks for nothing elsewhere, and whose code does not fail."""
    tab.goto("about:blank")
    tab.set_viewport_size({"width": 1200, "height": 800})
    wrong: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error":
            wrong.append(message.text)

    def fail(error: Error) -> None:
        wrong.append(str(error))

    def ask(request: Request) -> None:
        if urlsplit(request.url).netloc != emulator.address:
            wrong.append(request.url)

    tab.on("console", complain)
    tab.on("pageerror", fail)
    tab.on("request", ask)
    yield tab
    tab.remove_listener("console", complain)
    tab.remove_listener("pageerror", fail)
    tab.remove_listener("request", ask)
    assert wrong == []


def visit(page: Page, emulator: Running, place: str) -> None:
    """Go to a place, and wait until its view has taken over from the one before."""
    page.goto(f"{emulator.control_url}/#/{place}")
    expect(page).to_have_title(f"{place.partition('/')[0].title()} · Flireo emulator")


def test_what_the_api_makes_appears_and_no_text_of_it_is_read_as_html(
    page: Page, emulator: Running, practice: Practice
) -> None:
    visit(page, emulator, "objects")
    expect(page.get_by_role("main")).to_contain_text("Nothing is here yet.")
    messages = [{"role": "system", "content": HOSTILE}]
    practice.make(
        "/agents", {"name": HOSTILE, "llm_config": {"provider": "openai", "model": "gpt-4o", "messages": messages}}
    )
    page.get_by_role("link", name=HOSTILE).click()
    expect(page.get_by_role("heading", level=2, name=HOSTILE)).to_be_visible()
    expect(page.locator(".prompt .text")).to_have_text(HOSTILE)
    expect(page.locator(".prompt mark")).to_have_text("{{name}}")
    assert page.evaluate("window.harmed") is None
    assert page.locator("main img, main script").count() == 0


def test_requests_are_logged_and_secrets_are_nowhere(page: Page, emulator: Running, practice: Practice) -> None:
    agent = practice.open()
    visit(page, emulator, "requests")
    page.get_by_label("Filter").fill("post byok")
    page.get_by_role("link", name="/byok").click()
    expect(page.locator(".detail")).to_contain_text('"api_key": "••••••••"')
    seen = [page.content()]
    organization = practice.control.get("/overview").json()["organizations"][0]["id"]
    for name, place in (("Receptionist", f"agents/{agent}"), ("openai", "byok/openai")):
        visit(page, emulator, f"objects/{organization}/{place}")
        expect(page.get_by_role("heading", level=2, name=name)).to_be_visible()
        expect(page.locator(".detail .json")).to_contain_text("••••••••")
        seen.append(page.content())
    assert SECRET not in "".join(seen)
    page.get_by_role("link", name="Requests").click()
    page.get_by_role("button", name="Empty the log").click()
    expect(page.locator(".detail")).to_contain_text("No request yet.")
    assert practice.control.get("/requests").json() == {"requests": []}


def test_a_call_is_rung_followed_and_steered_from_the_page(page: Page, emulator: Running, practice: Practice) -> None:
    practice.open()
    practice.control.put("/callees/default", json={"script": ["One", "Two", "Three", "Four"]})
    visit(page, emulator, "calls")
    page.get_by_role("button", name="Ring").click()
    lines = page.get_by_role("log").locator("[data-role]")
    expect(page.get_by_role("log")).to_contain_text("Nobody has said anything yet")
    page.get_by_role("button", name="+10 s").click()
    expect(page.get_by_role("log")).to_contain_text("Two")
    before = lines.count()
    page.get_by_role("button", name="+1 s", exact=True).click()
    page.get_by_role("button", name="+1 s", exact=True).click()
    expect(page.get_by_role("log")).to_contain_text("Three")
    assert lines.count() > before
    page.get_by_label("To the agent").fill("One moment, please.")
    page.get_by_role("button", name="Have it say this").click()
    expect(lines.last).to_have_text("AgentOne moment, please.")
    page.get_by_role("button", name="End the call").click()
    expect(page.locator(".detail")).to_contain_text("control_hangup")
    page.get_by_role("button", name="Until quiet").click()
    expect(page.locator(".detail")).to_contain_text("Summary")
    (call,) = practice.control.get("/calls", params={"all": "true"}).json()["calls"]
    assert (call["caller_phone"], call["assistant_phone"], call["live"]) == (CALLER, NUMBER, False)


def test_a_fault_set_from_the_page_is_felt_and_cleared(page: Page, emulator: Running, practice: Practice) -> None:
    visit(page, emulator, "faults")
    page.get_by_label("Status").fill("507")
    page.get_by_label("Path").fill("/agents*")
    page.get_by_label("Times").fill("")
    page.get_by_role("button", name="Set the fault").click()
    expect(page.get_by_role("main")).to_contain_text("every request")
    assert [practice.api.get(path).status_code for path in ("/agents", "/numbers", "/agents")] == [507, 200, 507]
    page.get_by_role("button", name="Clear all faults").click()
    expect(page.get_by_role("main")).to_contain_text("No fault is set.")
    assert practice.api.get("/agents").status_code == 200
    page.get_by_label("What they meet").select_option("429")
    page.get_by_label("Retry-After").fill("7")
    page.get_by_role("button", name="Set the fault").click()
    expect(page.get_by_role("main")).to_contain_text("Retry-After 7")
    assert practice.api.get("/agents").headers["retry-after"] == "7"


def test_a_narrow_screen_never_scrolls_sideways_and_keys_are_enough(
    page: Page, emulator: Running, practice: Practice
) -> None:
    agent = practice.open("http://127.0.0.1:9/hook")
    call = practice.ring()
    practice.advance(30)
    practice.control.post("/faults", json={"kind": "status:502-after-commit", "path": "/sip-trunks/*/and/more"})
    page.set_viewport_size({"width": 360, "height": 700})
    organization = practice.control.get("/overview").json()["organizations"][0]["id"]
    webhook = practice.control.get("/webhooks").json()["webhooks"][0]["id"]
    request = practice.control.get("/requests").json()["requests"][0]["id"]
    details = (f"objects/{organization}/agents/{agent}", f"requests/{request}", f"calls/{call}", f"webhooks/{webhook}")
    for place in (*VIEWS, *details):
        visit(page, emulator, place)
        expect(page.locator(".detail h2" if place in details else "main :is(.row, .orders li)").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, place
    visit(page, emulator, "objects")
    page.locator(".row").first.focus()
    page.keyboard.press("ArrowDown")
    name = page.evaluate("document.activeElement.querySelector('strong').textContent")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2, name=name)).to_be_visible()


def test_a_page_that_nobody_sees_asks_for_nothing(page: Page, emulator: Running, practice: Practice) -> None:
    visit(page, emulator, "objects")
    expect(page.get_by_role("status")).to_have_text("running")
    hide = "is => { Object.defineProperty(document, 'hidden', {value: is, configurable: true});"
    page.evaluate(hide + " document.dispatchEvent(new Event('visibilitychange')); }", True)
    page.wait_for_timeout(200)
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    page.wait_for_timeout(1200)
    assert asked == []
    page.evaluate(hide + " document.dispatchEvent(new Event('visibilitychange')); }", False)
    practice.make("/agents", {"name": "Seen again"})
    expect(page.get_by_role("link", name="Seen again")).to_be_visible()


def test_objects_of_any_shape_are_shown_and_an_address_that_is_no_view_leads_to_them(
    page: Page, emulator: Running, practice: Practice
) -> None:
    agent = practice.make("/agents", {"name": "Odd"})
    odd = {"llm_config": {"messages": [None], "tools": [None]}, "updated_at": 5, "constructor": "x"}
    practice.control.patch(f"/objects/agents/{agent['id']}", json=odd).raise_for_status()
    page.goto(f"{emulator.control_url}/#/toString")
    page.get_by_role("link", name="Odd").click()
    expect(page.locator(".detail .json")).to_contain_text('"constructor": "x"')
    assert page.locator(".detail .json a").count() == 0
    expect(page.get_by_role("status")).to_have_text("running")


def test_an_error_of_the_console_is_told_as_such_and_it_tries_again(
    browser: Browser, emulator: Running, practice: Practice
) -> None:
    agents = [practice.make("/agents", {"name": name, "first_message": "Hi {{name}}"}) for name in ("First", "Second")]
    with browser.new_context() as context:
        page = context.new_page()
        visit(page, emulator, "objects")
        page.get_by_role("link", name="First").click()
        expect(page.locator(".prompt .text")).to_have_text("Hi {{name}}")
        page.evaluate("() => { window.whole = Set; window.Set = function () { throw Error('on purpose'); }; }")
        page.get_by_role("link", name="Second").click()
        expect(page.get_by_role("status")).to_have_text("error in the console: on purpose")
        expect(page.locator(".detail")).to_be_empty()
        page.evaluate("() => { window.Set = window.whole; dispatchEvent(new Event('hashchange')); }")
        expect(page.locator(".detail")).to_contain_text(agents[1]["id"])
        expect(page.get_by_role("status")).to_have_text("running")


def test_an_emulator_that_is_gone_is_told_of(browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        with server.running() as gone:
            visit(page, gone, "faults")
            expect(page.get_by_role("status")).to_have_text("running")
        expect(page.get_by_role("status")).to_have_text("does not answer")
