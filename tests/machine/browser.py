"""Finds the system's Chromium and starts it under Playwright, whose own browsers are never downloaded."""

import ctypes
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
ARGUMENTS = (
    "--no-sandbox",  # root has no sandbox, and only our own pages are opened
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_browser() -> Path | None:
    """The path of a Chromium on this machine, or None."""
    found = [shutil.which(name) for name in NAMES] + [path for path in APPLICATIONS if Path(path).exists()]
    return next((Path(path) for path in found if path), None)


def has_libatomic() -> bool:
    """Whether Playwright's driver finds the one library that slim systems leave out."""
    if sys.platform != "linux":
        return True
    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError:
        return False
    return True


def no_browser() -> str:
    """Why no browser can be driven here, or an empty text."""
    if not find_browser():
        return "no Chromium is installed"
    return "" if has_libatomic() else "no libatomic, which Playwright needs to drive a browser"


@contextmanager
def running_browser(path: Path) -> Iterator[Browser]:
    """A headless Chromium, closed with all its pages at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(path), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
