"""The HTML page of a trend in a real browser: it fits, reaches for nothing, and says what the JSON says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demur.measure.results import Slice
from demur.report import trends
from demur.runs.trend import Chosen, Trend, trend
from tests.report.browser import Browser
from tests.report.browsing import DESKTOP, PHONE, assert_it_fits_and_is_quiet
from tests.report.gate_pages import HOSTILE
from tests.report.trend_pages import TREND, hostile
from tests.runs.history import rates, runs

YEARS = trend(
    runs(
        {
            Slice((("tenant", f"{'unbroken' * 12}{at}"),)): rates(
                500, worse=0.05 * (at < 3), seed=at
            )
            for at in range(50)
        }
    ),
    Chosen("assistant"),
)
TRENDS = {"small": TREND, "years": YEARS, "hostile": hostile(HOSTILE)}
FIGURES = """
[...document.querySelectorAll("figure.line")].map(one => ({
  values: Object.fromEntries([...one.querySelectorAll(".value")].map(it => [
    it.dataset.label, it.querySelector("data")?.value ?? null,
  ])),
  turns: [...one.querySelectorAll(".turns li")].map(it =>
    [...it.querySelectorAll("data")].map(number => number.value)),
  drawn: [...one.querySelectorAll(".plot .dots")].map(it => it.getBoundingClientRect().width),
}))
"""


def opened(browser: Browser, folder: Path, shown: Trend, width: int) -> Path:
    file = folder / "trend.html"
    file.write_text(trends.write("html", shown), encoding="utf-8", newline="\n")
    browser.open(file, width)
    return file


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("name", TRENDS)
def test_the_page_fits_its_window_complains_of_nothing_and_asks_for_nothing(
    browser: Browser, tmp_path: Path, name: str, width: int
) -> None:
    file = opened(browser, tmp_path, TRENDS[name], width)
    assert_it_fits_and_is_quiet(browser, file, width)


@pytest.mark.parametrize("name", ["small", "years"])
def test_the_numbers_that_the_browser_shows_are_the_jsons(
    browser: Browser, tmp_path: Path, name: str
) -> None:
    opened(browser, tmp_path, TRENDS[name], DESKTOP)
    document = json.loads(trends.write("json", TRENDS[name]))
    figures = browser.evaluate(FIGURES)
    assert len(figures) == len(document["series"])
    for figure, series in zip(figures, document["series"], strict=True):
        found = {label: value and float(value) for label, value in figure["values"].items()}
        assert found == {
            "first": series["first"],
            "last": series["last"],
            "change": series["change"],
            "n": series["samples"],
        }
        assert [[float(one) for one in turn] for turn in figure["turns"]] == [
            [one["before"], one["after"], one["p_value"]] for one in series["turns"]
        ]


def test_the_points_of_a_figure_span_it(browser: Browser, tmp_path: Path) -> None:
    for width, least in ((PHONE, 200), (DESKTOP, 200)):
        opened(browser, tmp_path, YEARS, width)
        drawn = [one["drawn"][0] for one in browser.evaluate(FIGURES)]
        assert min(drawn) > least
