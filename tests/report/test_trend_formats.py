"""Every format of a trend: as its golden file, as the schema says, and with text that would like to act."""

from __future__ import annotations

import json
import os
import re
from dataclasses import fields
from pathlib import Path

import click
import jsonschema
import pytest

from demur.measure.results import Slice
from demur.report import trends
from demur.report.html.small_multiples import SHOWN
from demur.report.trend_schema import trend_schema_text
from demur.runs.trend import Chosen, Trend, trend
from tests.conftest import ROOT
from tests.report.gate_pages import HOSTILE, read
from tests.report.trend_pages import EMPTY, TREND, hostile
from tests.runs.history import rates, runs

GOLDEN = Path(__file__).parent / "golden"
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
SCHEMA = json.loads((ROOT / "schemas" / "trend.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _same_version_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("json", "html"):
        monkeypatch.setattr(f"demur.report.trends.{module}.version", lambda: "1.2.3")


def written(name: str, shown: Trend) -> str:
    text = click.unstyle(trends.write(name, shown))
    text = re.sub(r"<style>.*?</style>", "<style>…</style>", text, flags=re.S)
    return re.sub(r"'sha256-[^']*'", "'sha256-…'", text)


def test_formats_are_found_by_folder() -> None:
    assert trends.FORMATS == ("html", "json", "text")


@pytest.mark.parametrize("name", trends.FORMATS)
def test_format_is_as_its_golden_file(name: str) -> None:
    golden = GOLDEN / f"trend-{name}.txt"
    text = written(name, TREND)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8", newline="\n")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", trends.FORMATS)
def test_nothing_that_a_record_holds_steers_a_terminal_or_keeps_the_report_from_being_written(
    name: str,
) -> None:
    text = written(name, hostile(f"{HOSTILE}\r\n\x9b2J"))
    text.encode("utf-8")
    assert not ACTING.search(text)


@pytest.mark.parametrize("name", trends.FORMATS)
def test_no_runs_are_a_report_too(name: str) -> None:
    assert "assistant" in written(name, EMPTY)


def test_the_json_is_as_its_schema_says() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    text = (ROOT / "schemas" / "trend.schema.json").read_text(encoding="utf-8")
    assert text == trend_schema_text(), "run `python tools/render_docs.py`"
    many = trend(runs({Slice(): rates(500, worse=0.05)}), Chosen("assistant"))
    assert any(one.turns for one in many.series)
    for one in (TREND, EMPTY, hostile(HOSTILE), many):
        document = json.loads(trends.write("json", one))
        jsonschema.validate(document, SCHEMA)
        assert document.keys() == {part.name for part in fields(Trend)} | {"version", "demur"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "every": "day"}, SCHEMA)


def test_of_very_many_slices_the_page_draws_the_worst_and_says_how_many_there_are() -> None:
    shares = {Slice((("tenant", f"t{at}"),)): [0.1, 0.2] for at in range(SHOWN + 3)}
    page = read(trends.write("html", trend(runs(shares), Chosen("assistant"))))
    assert len(list(page.all("figure"))) == SHOWN
    assert "And 3 lines more" in page.text


def test_the_terminal_shows_no_more_than_a_screen_or_two() -> None:
    shares = {Slice((("tenant", f"t{at}"),)): [0.1, 0.2] for at in range(60)}
    text = written("text", trend(runs(shares), Chosen("assistant")))
    assert "… and 20 lines more" in text
    assert len(text.splitlines()) < 60


def test_a_sparkline_of_many_runs_is_short_and_shows_changes_and_gaps() -> None:
    values: list[float | None] = [*rates(5000, worse=0.05)]
    values[0] = None
    (line,) = (
        one
        for one in written("text", trend(runs({Slice(): values}), Chosen("assistant"))).splitlines()
        if "╎" in one
    )
    drawn = max(line.split("  "), key=lambda cell: sum(one in "▁▂▃▄▅▆▇█" for one in cell)).strip()
    assert 40 <= len(drawn) <= 43
    before, after = drawn.split("╎")
    assert set(before) <= set("·▁▂▃")
    assert set(after) <= set("▆▇█▅")
