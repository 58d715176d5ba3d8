"""What a trend is made of: points, weeks, marks, order; and `demur trend` as a user runs it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from demur.cli import cli
from demur.measure.results import Interval, Measured, Slice
from demur.runs.facts import KeptRun
from demur.runs.trend import SINGLE, Chosen, Series, Trend, trend
from tests.gate.running import policy
from tests.runs.history import START, facts, measured, rates, runs, store

ALL = Chosen("assistant")
WORSE, SAME = Slice((("tenant", "a"),)), Slice((("tenant", "b"),))
HISTORY = runs(
    {Slice(): rates(5000), WORSE: rates(500, worse=0.1, seed=1), SAME: rates(500, seed=2)}
)


def by_slice(found: Trend) -> dict[str, Series]:
    return {str(one.slice): one for one in found.series}


def test_each_slice_is_a_series_and_what_turned_worse_comes_first() -> None:
    found = trend(HISTORY, ALL)
    assert (found.runs, found.every, found.gates) == (104, "run", ("ship",))
    assert str(found.series[0].slice) == "tenant = a"
    (turn,) = found.series[0].turns
    assert abs(turn.first - 52) <= 2
    assert turn.worse
    assert turn.before == pytest.approx(0.1, abs=0.01)
    assert turn.after == pytest.approx(0.2, abs=0.01)
    assert turn.run == found.series[0].points[turn.first].run
    assert [one.turns for one in found.series[1:]] == [(), ()]


def test_which_way_is_worse_is_the_metrics_to_say() -> None:
    up = [replace(one, better="higher") for run in HISTORY for one in run.measurements]
    kept = [KeptRun(run.facts, tuple(up[3 * at : 3 * at + 3])) for at, run in enumerate(HISTORY)]
    (turn,) = by_slice(trend(kept, ALL))["tenant = a"].turns
    assert not turn.worse


def test_a_run_without_a_value_is_a_gap_and_no_last_value() -> None:
    values: list[float | None] = [*rates(500, 20)]
    values[5] = values[19] = None
    (series,) = trend(runs({Slice(): values}), ALL).series
    assert len(series.points) == 20
    assert series.points[5].value is None
    assert (series.last, series.change) == (None, None)
    assert series.first == values[0]


def weekdays(days: int, shares: list[float], counts: list[int]) -> list[KeptRun]:
    """Runs on consecutive days."""
    return [
        KeptRun(
            facts(at, START + timedelta(days=at)),
            (measured(shares[at % len(shares)], counts[at % len(counts)]),),
        )
        for at in range(days)
    ]


def test_very_many_runs_are_taken_by_the_week_and_their_records_pooled() -> None:
    daily = weekdays(7 * 20, [0.1, 0.4], [100, 300])
    assert trend(daily[:SINGLE], ALL).every == "run"
    found = trend(daily, ALL)
    assert found.every == "week"
    (series,) = found.series
    # The first day is a Thursday, so the first and the last week have four and three days.
    assert [one.runs for one in series.points] == [4, *[7] * 19, 3]
    first = series.points[0]
    assert first.samples == 800
    assert first.value == pytest.approx((2 * 10 + 2 * 120) / 800)
    assert first.run == daily[3].facts.id
    assert first.interval is not None
    ends = [one.measurements[0].measured.interval for one in daily[:2]]
    low = sum(end.low * count for end, count in zip(ends, (100, 300), strict=True) if end) / 400
    assert first.interval.low == pytest.approx(low)
    assert trend(daily, ALL, every="run").every == "run"


def test_a_week_whose_last_run_has_no_value_has_none() -> None:
    daily = weekdays(14, [0.1], [100])
    daily[10] = replace(daily[10], measurements=(measured(None, 100),))
    (series,) = trend(daily[:11], ALL, every="week").series
    assert [one.value for one in series.points] == [pytest.approx(0.1), None]


def test_the_same_results_judged_again_count_once() -> None:
    again = [
        replace(facts(at), finished=f"{2 if at > 1 else at}", digest="b" if at == 4 else "a")
        for at in range(5)
    ]
    found = trend([KeptRun(one, (measured(0.1),)) for one in again], ALL)
    assert [one.run for one in found.series[0].points] == [facts(at).id for at in (0, 1, 3, 4)]
    assert found.runs == 4
    assert found.series[0].samples == 4 * 500


def test_pooled_slices_are_left_out_and_a_metric_required_twice_is_one_series() -> None:
    rows = (
        measured(0.1),
        measured(0.1, requirement="wrong <= baseline"),
        measured(0.3, slice=Slice((("tenant", "c"), ("tenant", "d")), remainder=2)),
    )
    found = trend([KeptRun(facts(0), rows)], ALL)
    assert [str(one.slice) for one in found.series] == ["all"]


def test_a_change_says_what_else_changed_then() -> None:
    before, after = HISTORY[:52], HISTORY[52:]
    other = {"prompt": "sha256:" + "2" * 64}
    after = [replace(one, facts=replace(one.facts, fingerprint=other)) for one in after]
    found = trend([*before, *after], ALL)
    (turn,) = found.series[0].turns
    assert turn.first == 52
    assert [one.what for one in turn.causes] == ["prompt", "commit"]
    system = [one for one in found.marks if len(one.changes) > 1]
    assert [one.run for one in system] == [facts(52).id]


def test_an_infinite_end_of_an_interval_stays() -> None:
    one = measured(0.1, measured=Measured(0.1, 0.1, 10, 0, Interval(-float("inf"), 0.3)))
    (series,) = trend([KeptRun(facts(0), (one,))], ALL).series
    assert series.points[0].interval == Interval(-float("inf"), 0.3)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A policy with a store of runs beside it."""
    path = policy(tmp_path, "by: [request.tenant]", "wrong <= 0.2", "cost <= 1")
    tenant = Slice((("request.tenant", "a"),))
    tag = Slice((("request.tags", "x"),))
    history = runs(
        {Slice(): rates(500), tenant: rates(200, worse=0.1), tag: rates(200, seed=5)},
        policy="judged",
        gate="tested",
    )
    history = [
        replace(one, measurements=(*one.measurements, measured(0.5, metric="cost")))
        for one in history
    ]
    store(tmp_path / ".demur" / "runs", history)
    return path


@pytest.fixture(autouse=True)
def _default_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEMUR_RUNS", raising=False)


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, ["trend", *map(str, words)])


def shown(*words: object) -> dict[str, list[dict[str, str]]]:
    result = run(*words, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def names(document: dict[str, list[dict[str, str]]]) -> set[tuple[str, str]]:
    return {(one["metric"], dict(one["slice"])["name"]) for one in document["series"]}


def test_options_choose_what_is_shown(kept: Path) -> None:
    every = names(shown(kept))
    assert every == {
        ("wrong", "all"),
        ("wrong", "request.tenant = a"),
        ("wrong", "request.tags = x"),
        ("cost", "all"),
    }
    assert names(shown(kept, "--metric", "cost")) == {("cost", "all")}
    tenants = names(shown(kept, "--metric", "wrong", "--by", "request.tenant"))
    assert tenants == {("wrong", "all"), ("wrong", "request.tenant = a")}
    assert names(shown(kept, "--gate", "tested", "--branch", "main")) == every


def test_since_is_how_long_ago_or_a_day(kept: Path) -> None:
    last = START + timedelta(weeks=103)
    assert len(shown(kept, "--since", f"{last:%Y-%m-%d}")["series"][0]["points"]) == 1
    weeks = (datetime.now(UTC) - last) // timedelta(weeks=1) + 5
    points = shown(kept, "--since", f"{weeks}w")["series"][0]["points"]
    assert len(points) == 5
    assert run(kept, "--since", "last year").exit_code == 2


def test_what_the_policy_has_not_is_wrong_usage(kept: Path) -> None:
    for option, name in (("--gate", "testd"), ("--metric", "wrng")):
        result = run(kept, option, name)
        assert result.exit_code == 2
        assert "Did you mean" in result.output
    assert run(kept, "--format", "xml").exit_code == 2


def test_no_run_that_fits_is_no_success(kept: Path) -> None:
    result = run(kept, "--branch", "other")
    assert result.exit_code == 3
    assert "No kept run of judged fits" in result.stderr


def test_a_broken_file_is_named_and_the_rest_is_shown(kept: Path) -> None:
    (kept.parent / ".demur" / "runs" / "20250101T000000Z-abcdef012.parquet").write_text(
        "x", "utf-8"
    )
    result = run(kept)
    assert result.exit_code == 0
    assert "DM843" in result.stdout
    assert "104 runs" in result.stdout
    asked = run(kept, "--format", "json")
    assert "DM843" in asked.stderr
    assert len(json.loads(asked.stdout)["problems"]) == 1


def test_several_formats_are_written_in_one_run(kept: Path) -> None:
    out = kept.parent / "out"
    words = ["--format", "text", "--format", f"html={out}/t.html", "--format", f"json={out}/t.json"]
    result = run(kept, *words)
    assert result.stdout.startswith("judged, gate tested, 104 runs from 2024-12-05 to 2026-11-26")
    assert json.loads((out / "t.json").read_text("utf-8"))["version"] == 1
    assert "<!doctype html>" in (out / "t.html").read_text("utf-8")
