"""What holds of every HTML page in a browser."""

from __future__ import annotations

from pathlib import Path

from tests.report.browser import Browser

PHONE, DESKTOP = 375, 1280
"""Widths of a window, in pixels."""


def assert_it_fits_and_is_quiet(browser: Browser, file: Path, width: int) -> None:
    """The page that was opened is no wider than the window, asks for nothing, and complains of nothing."""
    assert browser.evaluate("innerWidth") == width
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    asked = [one["request"]["url"] for one in browser.seen("Network.requestWillBeSent")]
    assert asked == [file.as_uri()]
    said = browser.seen("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
    assert said == []
