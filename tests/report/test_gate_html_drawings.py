"""What the HTML page of a gate draws: intervals, the heat map, counts and distributions."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from demur.measure.results import Interval, Measured
from demur.report.gates.html import write
from demur.report.html.axis import axis_over
from demur.report.html.numbers import number, rounded
from tests.report.gate_pages import (
    RECALL,
    RESULT,
    WRONG,
    exact,
    judged,
    place,
    read,
    required,
    rows,
    section,
)


def test_drawings_and_tables_say_what_they_are() -> None:
    tree = read(write(RESULT))
    drawings = [one for one in tree.all("svg") if one.attributes.get("role") == "img"]
    assert drawings
    assert all(one.first("title").text for one in drawings)
    assert all(one.first("desc").text for one in tree.all("svg", "interval"))
    for table in tree.all("table"):
        assert table.first("caption").text
        assert all("scope" in one.attributes for one in table.all("th"))


def test_requirements_that_block_come_before_warnings_and_the_worst_first() -> None:
    warning = required("cost <= 1", judged("error", None), level="warn")
    result = replace(RESULT, requirements=(warning, WRONG, RECALL))
    headings = [one.first("code").text for one in section(result, "requirements").all("h3")]
    assert headings == ["recall >= 0.95", "wrong_rate <= 0.02", "cost <= 1"]


def test_a_requirement_shows_all_records_then_the_slices_by_damage_with_exact_numbers() -> None:
    article = list(section(RESULT, "requirements").all("article"))[1]
    table = article.first("table")
    drawn = [one for one in rows(table) if one.attributes.get("class") != "why"]
    shown = [one.first("th").text for one in drawn]
    assert shown == [
        "✓ pass all",
        "✕ fail locale = de",
        "✕ fail locale = pl",
        "? inconclusive locale = es",
    ]
    assert exact(drawn[0]) == [0.0123456789, 0.004, 0.05, 0.02, 400, 3]
    assert article.first("details").first("summary").text == "1 further slice"
    assert "locale = fr" in article.first("details").text


def test_what_speaks_against_a_requirement_is_told_and_its_cases_lead_to_their_records() -> None:
    article = list(section(RESULT, "requirements").all("article"))[1]
    told = [one.text for one in article.all("tr", "why")]
    assert told == [
        "A reason.",
        "A reason. p = 0.0031, 0.0124 corrected over the slices.",
        "A reason. Cases against it: g-17, gone.",
        "A reason. Further records that would settle it: 340.",
    ]
    assert [one.text for one in article.all("a")] == ["g-17"]


def test_the_interval_the_point_and_the_limit_stand_on_one_axis_for_all_slices() -> None:
    article = list(section(RESULT, "requirements").all("article"))[1]
    drawings = list(article.all("svg", "interval"))
    limits = {place(one.first("line", "limit"), "x1") for one in drawings}
    assert len(drawings) == 5
    assert len(limits) == 1
    limit = limits.pop()
    for drawing, outside in zip(drawings, [False, True, True, True, False], strict=True):
        assert (place(drawing.first("circle", "point"), "cx") > limit) is outside
        shade = drawing.first("rect", "allowed")
        assert (place(shade, "x"), place(shade, "width")) == (0, limit)


def test_an_infinite_end_is_an_arrow_and_the_allowed_side_of_a_lower_limit_is_above() -> None:
    drawing = section(RESULT, "requirements").first("article").first("svg", "interval")
    assert [one.attributes["x"] for one in drawing.all("svg", "end")] == ["100%"]
    shade = drawing.first("rect", "allowed")
    assert place(shade, "x") + place(shade, "width") == pytest.approx(100, abs=0.02)
    assert place(shade, "x") == place(drawing.first("line", "limit"), "x1")


def test_a_slice_without_a_value_shows_nothing_that_looks_allowed() -> None:
    table = section(RESULT, "requirements").first("article").first("table")
    lost = next(one for one in rows(table) if "locale = es" in one.text)
    assert not list(lost.all("svg"))
    assert "no value, so nothing is shown to hold" in lost.text


def test_the_heat_map_has_the_worst_slice_first_and_the_distance_in_each_cell() -> None:
    table = section(RESULT, "slices").first("table")
    assert [one.first("th").text for one in rows(table)] == [
        "locale = es",
        "locale = de",
        "locale = pl",
        "locale = fr",
        "locale: 7 small slices together",
    ]
    cells = [[one.text for one in row.all("td")] for row in rows(table)]
    assert cells[0] == ["? inconclusive +0.001", "! error no value"]
    assert cells[1] == ["✕ fail +0.07", "–not judged"]
    assert cells[3][0] == "✓ pass −0.016"
    assert cells[4][1] == "✓ pass −0.01"
    first = rows(table)[1].first("td")
    assert first.attributes["class"] == "beyond-4"
    assert exact(first) == [0.09 - 0.02]


def test_a_slice_that_fails_what_blocks_is_worse_than_one_that_fails_a_warning_by_far() -> None:
    blocking = required("a <= 1", judged("pass", 0.5, 1), judged("fail", 1.1, 1, of="near"))
    warning = required(
        "b <= 1", judged("pass", 0.5, 1), judged("error", 90.0, 1, of="far"), level="warn"
    )
    table = section(replace(RESULT, requirements=(warning, blocking)), "slices").first("table")
    assert [one.first("th").text for one in rows(table)] == ["locale = near", "locale = far"]


def test_failures_are_counted_by_slice_the_greatest_share_first() -> None:
    table = section(RESULT, "failures").first("table")
    assert [one.first("th").text for one in rows(table)] == ["all", "locale = de", "locale = fr"]
    assert [exact(one) for one in rows(table)] == [
        [1200, 24, 1100, 100],
        [200, 20, 180, 0],
        [300, 3, 300, 0],
    ]
    bars = [place(one.first("rect", "failing"), "width") for one in rows(table)]
    assert bars == [2, 10, 1]


def test_a_distribution_has_areas_as_shares_the_baseline_behind_and_its_quantiles() -> None:
    figure = section(RESULT, "distributions").first("figure")
    assert figure.first("h3").text == "answer.latency_ms in ms"
    tops = [
        {float(one) for one in re.findall(r"L\S+ (\S+)", path.attributes["d"] or "")}
        for path in figure.all("path")
    ]
    # 10, 30 and 20 of 60 over widths of 100, 100 and 200; the base line is at 100.
    assert tops[0] == {66.7, 0.0, 100.0}
    assert len(tops) == 2
    assert [one.text for one in figure.all("text")][:3] == ["p50", "p95", "p99"]
    table = figure.first("table")
    assert [exact(one) for one in rows(table)] == [[162.5, 372.0, 396.1], [140.0, 340.0, 380.0]]


def test_a_thousand_slices_are_drawn_as_far_as_they_help_and_the_page_stays_small() -> None:
    slices = [judged("fail", 0.02 + at / 1000, of=f"s{at}") for at in range(1000)]
    many = tuple(required(f"m{one} <= 0.02", judged("fail", 0.03), *slices) for one in range(5))
    result = replace(RESULT, requirements=many)
    page = write(result)
    assert len(page) < 3_000_000
    heat = next(one for one in read(page).all() if one.attributes.get("id") == "slices")
    drawn = rows(heat.first("table"))
    assert len(drawn) == 200
    assert drawn[0].first("th").text == "locale = s999"
    assert "800 milder slices not shown." in heat.text
    articles = list(read(page).all("article"))
    assert all("800 milder slices not shown." in one.text for one in articles)


def test_a_change_from_the_baseline_is_what_is_drawn_where_that_was_judged() -> None:
    before = Measured(0.04, 0.04, 1180, 0)
    one = judged("fail", 0.1, 0.06, baseline=before, difference=Interval(0.03, 0.09))
    result = replace(RESULT, requirements=(required("refused <= baseline + 0.02", one),))
    drawing = section(result, "requirements").first("svg", "interval")
    reference, limit = (place(drawing.first("line", kind), "x1") for kind in ("reference", "limit"))
    bar = drawing.first("rect", "bar")
    assert reference < limit < place(bar, "x")
    point = place(drawing.first("circle", "point"), "cx")
    # The point is 0.06 above the baseline, three times as far from it as the limit.
    assert (point - reference) / (limit - reference) == pytest.approx(3, rel=0.01)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.0123456, "0.01235"),
        (0.5, "0.5"),
        (1830.4, "1,830"),
        (-3.25, "−3.25"),
        (1234567.0, "1,234,567"),
        (0.00001234, "1.234e−05"),
        (math.inf, "∞"),
        (math.nan, "not a number"),
    ],
)
def test_numbers_are_rounded_for_people(value: float, text: str) -> None:
    assert rounded(value) == text


def test_a_value_just_beyond_its_limit_never_looks_like_the_limit() -> None:
    shown = number(0.0200004, beside=0.02)
    assert (shown.text, shown.get("value")) == ("0.0200004", "0.0200004")
    assert number(0.02, beside=0.02).text == "0.02"


def test_an_axis_has_round_ticks_within_it_and_places_values_in_proportion() -> None:
    axis = axis_over([0.01, None, math.inf, 0.09])
    assert axis is not None
    assert [rounded(one) for one in axis.ticks()] == ["0.02", "0.04", "0.06", "0.08"]
    assert axis.place(axis.low) == 0
    assert axis.place(axis.high) == pytest.approx(100)
    assert axis.place((axis.low + axis.high) / 2) == pytest.approx(50)
    assert axis.place(-5.0) == 0


@pytest.mark.parametrize(
    "values", [[], [None], [math.nan], [-1.7e308, 1.7e308], [1e300, math.nextafter(1e300, 2e300)]]
)
def test_values_that_no_axis_can_show_have_none(values: list[float | None]) -> None:
    assert axis_over(values) is None


@pytest.mark.parametrize("value", [0.0, 5.0, -5.0, 1e-300, 1e300])
def test_a_single_value_has_an_axis_around_it(value: float) -> None:
    axis = axis_over([value])
    assert axis is not None
    assert 0 <= axis.place(value) < 100
    assert axis.ticks()
