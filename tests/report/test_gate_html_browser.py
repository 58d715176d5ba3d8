"""The HTML page of a gate in a real browser: it fits, reaches for nothing, and says what the JSON says."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demur.measure.results import GateResult
from demur.report import gates
from tests.report.browser import Browser
from tests.report.browsing import DESKTOP, PHONE, assert_it_fits_and_is_quiet
from tests.report.gate_pages import PASSING, RESULT, TROUBLED, hostile, judged, required

WIDE = replace(
    RESULT,
    policy="a-policy-whose-name-is-" + "very-" * 20 + "long",
    requirements=tuple(
        required(
            f"{'metric' * 20}_{at} <= 0.02",
            judged("fail", 123_456_789.123, interval=(-math.inf, 1e300), unknown=123_456_789),
            *(judged("fail", 0.5, of=f"{'unbroken' * 30}{row}") for row in range(30)),
        )
        for at in range(6)
    ),
)
RESULTS = {
    "passing": PASSING,
    "troubled": TROUBLED,
    "hostile": hostile(TROUBLED),
    "wide": WIDE,
}

NUMBERS = """
[...document.querySelectorAll("article.requirement")].map(one => ({
  text: one.querySelector("h3 code").textContent,
  verdict: one.querySelector("h3 .mark").classList[1],
  rows: [...one.querySelectorAll("tbody tr:not(.why)")].map(row => ({
    slice: row.querySelector("th").lastChild.textContent.trim(),
    verdict: row.querySelector("th .mark").classList[1],
    cells: Object.fromEntries([...row.querySelectorAll("td[data-label]")].map(cell => [
      cell.dataset.label,
      [...cell.querySelectorAll("data, .none")].map(it => it.value ?? it.textContent),
    ])),
  })),
}))
"""


def opened(browser: Browser, folder: Path, result: GateResult, width: int) -> Path:
    file = folder / "gate.html"
    file.write_text(gates.write("html", result), encoding="utf-8", newline="\n")
    browser.open(file, width)
    return file


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("name", RESULTS)
def test_the_page_fits_its_window_complains_of_nothing_and_asks_for_nothing(
    browser: Browser, tmp_path: Path, name: str, width: int
) -> None:
    file = opened(browser, tmp_path, RESULTS[name], width)
    browser.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    assert_it_fits_and_is_quiet(browser, file, width)


def test_a_page_that_does_otherwise_is_found_out(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "bad.html"
    file.write_text("<p style='width: 2000px'>x<img src='http://example.invalid/a.png'>", "utf-8")
    browser.open(file, DESKTOP)
    assert browser.evaluate("document.documentElement.scrollWidth") > DESKTOP
    asked = [one["request"]["url"] for one in browser.seen("Network.requestWillBeSent")]
    assert "http://example.invalid/a.png" in asked
    assert browser.seen("Log.entryAdded")


def shown(value: float | str | None) -> float | str:
    """A number of the JSON as the page shows it."""
    if value is None:
        return "–"
    return {"Infinity": "∞", "-Infinity": "−∞"}.get(str(value), value)


def read(cells: list[str]) -> list[float | str]:
    return [one if one in ("–", "∞", "−∞") else float(one) for one in cells]


@pytest.mark.parametrize("name", ["passing", "troubled", "wide"])
def test_the_numbers_that_the_browser_shows_are_the_jsons(
    browser: Browser, tmp_path: Path, name: str
) -> None:
    result = RESULTS[name]
    opened(browser, tmp_path, result, DESKTOP)
    document = json.loads(gates.write("json", result))
    assert (
        browser.evaluate("document.querySelector('h1 .mark').classList[1]") == (document["verdict"])
    )
    found = {one["text"]: one for one in browser.evaluate(NUMBERS)}
    assert len(found) == len(document["requirements"])
    for requirement in document["requirements"]:
        article = found[requirement["text"]]
        assert article["verdict"] == requirement["verdict"]
        rows = {one["slice"]: one for one in article["rows"]}
        assert len(rows) == len(requirement["judgements"])
        for one in requirement["judgements"]:
            compare(rows[one["slice"]["name"]], one)


def compare(row: dict[str, Any], judgement: dict[str, Any]) -> None:
    measured, cells = judgement["measured"], row["cells"]
    interval = measured["interval"]
    assert row["verdict"] == judgement["verdict"]
    assert read(cells["value"]) == [shown(measured["value"])]
    assert read(cells["interval"]) == [shown(interval["low"]), shown(interval["high"])]
    assert read(cells["limit"]) == [shown(judgement["limit"])]
    assert read(cells["records"]) == [measured["samples"]]
    if measured["unknown"]:
        assert read(cells["unknown"]) == [measured["unknown"]]
    if judgement["baseline"]:
        assert read(cells["baseline"]) == [shown(judgement["baseline"]["value"])]
    if judgement["difference"]:
        ends = judgement["difference"]
        assert read(cells["change"]) == [shown(ends["low"]), shown(ends["high"])]


def test_a_case_that_speaks_against_a_requirement_opens_where_its_name_leads(
    browser: Browser, tmp_path: Path
) -> None:
    opened(browser, tmp_path, TROUBLED, DESKTOP)
    link = "document.querySelector('.why a')"
    target = browser.evaluate(f"{link}.getAttribute('href')")
    is_open = f"document.querySelector('{target}').closest('details').open"
    assert browser.evaluate(is_open) is False
    browser.evaluate(f"{link}.click()")
    assert browser.evaluate(is_open) is True
