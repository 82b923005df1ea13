"""A real browser for the console: the chromium of this machine, which nothing is downloaded for."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def program() -> str | None:
    """Give the path of the browser; None when this machine has none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextlib.contextmanager
def started() -> Iterator[Browser]:
    """Start the browser, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program())
        try:
            yield browser
        finally:
            browser.close()
