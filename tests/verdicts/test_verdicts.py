"""Verdicts are as sure as they say, however a requirement is written and whatever is unknown."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from demur.measure.thresholds import Threshold
from demur.runtime.evaluator import Evaluator
from tests.verdicts.at_the_limit import SETTINGS, Setting, passed
from tests.verdicts.judging import judged, verdict
from tests.verdicts.policy import METRICS, batch, compiled, with_settings
from tests.verdicts.search import BATCH, improves, scenario, search

Rows = list[dict[str, Any]]


@pytest.mark.parametrize("first", range(3, 24, 3))
def test_no_verdict_improves_by_what_is_unknown_or_bad(first: int) -> None:
    improvements = search(range(first, first + 3))
    assert not improvements, "\n".join(map(str, improvements))


def test_what_counts_as_better() -> None:
    for is_by_value in (True, False):
        assert improves("inconclusive", "pass", is_by_value)
        assert improves("error", "pass", is_by_value)
        assert not improves("pass", "error", is_by_value)
        assert improves("fail", "inconclusive", is_by_value) == is_by_value


WRITTEN = {
    "rate": "rate(answer.bad)",
    "complement": "1.0 - rate(answer.ok)",
    "negated": "rate(!answer.ok)",
    "scaled": "100.0 * rate(answer.bad)",
    "share": "count(answer.bad) / count()",
    "good": "rate(answer.ok)",
    "minus": "-rate(answer.bad)",
    "twice": "rate(answer.bad) + rate(answer.bad)",
    "mean": "mean(answer.score)",
    "less": "1.0 - mean(answer.score)",
    "average": "sum(answer.score) / count()",
    "points": "mean(answer.score) * 100.0",
    "middle": "quantile(answer.score, 0.5)",
    "rest": "1.0 - quantile(answer.score, 0.5)",
    "gap": "rate(answer.bad) - rate(answer.kept)",
    "turned": "rate(answer.kept) - rate(answer.bad)",
    "wide": "100.0 * (rate(answer.bad) - rate(answer.kept))",
    "per_token": "ratio(answer.score, answer.tokens)",
    "quotient": "mean(answer.score) / mean(answer.tokens)",
    "sums": "sum(answer.score) / sum(answer.tokens)",
}
SAME = (
    (
        "rate <= 0.1", "0.1 >= rate", "complement <= 0.1", "negated <= 0.1", "scaled <= 10",
        "share <= 0.1", "good >= 0.9", "minus >= -0.1", "twice <= 0.2",
    ),
    (
        "rate <= baseline + 0.02", "complement <= baseline + 0.02", "scaled <= baseline + 2",
        "share <= baseline + 0.02", "good >= baseline - 0.02", "minus >= baseline - 0.02",
        "twice <= baseline + 0.04",
    ),
    ("rate < baseline", "complement < baseline", "good > baseline", "share < baseline"),
    ("rate <= baseline", "complement <= baseline", "good >= baseline", "share <= baseline"),
    (
        "rate <= baseline * 1.1", "complement <= baseline * 1.1", "scaled <= baseline * 1.1",
        "share <= baseline * 1.1", "minus >= baseline * 1.1", "twice <= baseline * 1.1",
    ),
    ("mean >= 0.5", "less <= 0.5", "average >= 0.5", "points >= 50"),
    ("mean >= baseline - 0.05", "less <= baseline + 0.05", "points >= baseline - 5"),
    ("middle >= 0.5", "rest <= 0.5"),
    ("middle >= baseline - 0.05", "rest <= baseline + 0.05"),
    ("gap <= 0", "turned >= 0", "wide <= 0"),
    ("gap < 0", "turned > 0", "wide < 0"),
    ("per_token <= 0.4", "quotient <= 0.4", "sums <= 0.4"),
)  # fmt: skip


@pytest.mark.parametrize("texts", SAME, ids=lambda texts: texts[0])
def test_each_way_of_writing_a_requirement_has_the_same_verdict(texts: Sequence[str]) -> None:
    evaluator, thresholds = compiled(list(texts), WRITTEN)
    pick = random.Random(texts[0])
    for _ in range(5):
        settings = with_settings(thresholds[0], pick)
        records, baseline = scenario(pick, thresholds[0])
        # Each is what the other is not, known or not.
        for row in [*records, *(baseline or [])]:
            bad = row["answer"].get("bad")
            row["answer"]["ok"] = (not bad) if isinstance(bad, bool) else bad
        if pick.random() < 0.5:
            records[0]["answer"] |= {"bad": None, "ok": None, "score": None}
        found = {
            one.text: verdict(evaluator, _set_as(one, settings), records, baseline)
            for one in thresholds
        }
        assert len(set(found.values())) == 1, (found, settings)


def _set_as(threshold: Threshold, settings: Threshold) -> Threshold:
    return replace(
        threshold,
        by=settings.by,
        confidence=settings.confidence,
        min_samples=settings.min_samples,
        min_slice=settings.min_slice,
    )


@pytest.mark.parametrize("seed", range(0, 36, 3))
@pytest.mark.parametrize("named", [True, False])
def test_the_order_of_records_changes_nothing(seed: int, named: bool) -> None:
    pick = random.Random(seed)
    evaluator, thresholds = batch(0, BATCH)
    threshold = with_settings(thresholds[seed], pick)
    records, baseline = scenario(pick, threshold)
    if not named:
        baseline = None if baseline is None else [{**one, "id": None} for one in baseline]
        records = [{**one, "id": None} for one in records]
    first = judged(evaluator, threshold, records, baseline)
    for _ in range(3):
        mixed = pick.sample(records, len(records))
        before = None if baseline is None else pick.sample(baseline, len(baseline))
        again = judged(evaluator, threshold, mixed, before)
        assert [_said(one) for one in again] == [_said(one) for one in first]


def _said(judgement: Any) -> tuple[Any, ...]:
    # A value is a sum, and a sum of doubles goes by its order in the last digit.
    ends = [one for one in (judgement.measured.interval, judgement.difference) if one is not None]
    numbers = [judgement.p_value, *(end for one in ends for end in (one.low, one.high))]
    told = [None if one is None else float(f"{one:.9g}") for one in numbers]
    return str(judgement.slice), judgement.verdict, judgement.needed, *told


# What an audit found, one by one.


def one_gate(text: str, confidence: float, **settings: Any) -> tuple[Evaluator, Threshold]:
    evaluator, (threshold,) = compiled([text], {**METRICS, **WRITTEN, **FOUND})
    return evaluator, replace(threshold, confidence=confidence, **settings)


FOUND = {
    "gain": "rate(answer.ok) - rate(answer.bad)",
    "per": "mean(answer.score) / mean(answer.tokens)",
    "kept_mean": "mean(answer.score, answer.kept)",
    "kept_middle": "quantile(answer.score, 0.5, answer.kept)",
}


def alike(count: int, **answer: Any) -> Rows:
    signals = {"ok": True, "bad": False, "kept": True, "score": 0.3, "tokens": 2.0, "cost": 1.0}
    signals |= {"team": "a", "tags": ["x"]}
    return [{"id": f"c{at}", "answer": {**signals, **answer}} for at in range(count)]


@pytest.mark.parametrize(
    ("text", "size", "crashes"),
    [
        ("mean >= baseline - 0.05", 30, "now"),
        ("mean >= baseline - 0.05", 30, "before"),
        ("gain >= 0.8", 20, "now"),
        ("per <= 0.25", 12, "now"),
        ("kept_mean >= 0.28", 30, "now"),
        ("kept_middle >= 0.28", 4, "now"),
    ],
)
@pytest.mark.parametrize("signal", ["all", "score", "ok", "kept", "tokens"])
def test_a_crash_among_equal_records_is_no_evidence(
    text: str, size: int, crashes: str, signal: str
) -> None:
    evaluator, threshold = one_gate(text, 0.95)
    now, before = alike(size), alike(size)
    assert verdict(evaluator, threshold, now, before) == "inconclusive"
    crashed = now if crashes == "now" else before
    if signal == "all":
        crashed[0] = {"id": "c0"}
    else:
        crashed[0]["answer"].pop(signal)
    assert verdict(evaluator, threshold, now, before) != "pass"


@pytest.mark.parametrize("operator", ["<=", "<"])
def test_equality_that_is_allowed_is_no_evidence(operator: str) -> None:
    evaluator, cost = one_gate(f"mean_cost {operator} baseline", 0.99)
    now, before = alike(8), alike(8)
    now[0]["answer"]["cost"] = 0.99
    assert verdict(evaluator, cost, now, before) == "inconclusive"
    evaluator, gap = one_gate(f"difference {operator} 0", 0.95)
    rows = alike(20, ok=False)
    rows[0]["answer"]["ok"] = True
    assert verdict(evaluator, gap, rows) == "inconclusive"


def test_an_exact_bound_may_lie_on_the_limit() -> None:
    evaluator, all_of_it = one_gate("rate <= 1", 0.95)
    assert verdict(evaluator, all_of_it, alike(3, bad=True)) == "pass"
    evaluator, middle = one_gate("middle <= 0.3", 0.95)
    assert verdict(evaluator, middle, alike(20)) == "pass"
    assert verdict(evaluator, replace(middle, operator="<"), alike(20)) != "pass"


def sliced(team: str, count: int, bad: int, start: int) -> Rows:
    rows = alike(count, team=team)
    for at, row in enumerate(rows):
        row["id"] = f"c{start + at}"
        row["answer"]["bad"] = at < bad
    return rows


@pytest.mark.parametrize("confidence", [None, 0.9])
def test_a_slice_does_not_pass_for_a_bad_record_that_lost_its_slice(
    confidence: float | None,
) -> None:
    evaluator, threshold = one_gate("rate <= 0.1", 0.9, by=("answer.team",), min_slice=20)
    threshold = replace(threshold, confidence=confidence)
    rows = [*sliced("a", 400, 0, 0), *sliced("b", 20, 3, 1000)]
    assert verdict(evaluator, threshold, rows) != "pass"
    crashed = [{"id": one["id"]} if one["id"] == "c1000" else one for one in rows]
    found = {str(one.slice): one for one in judged(evaluator, threshold, crashed)}
    assert found["answer.team = b"].verdict != "pass"


def test_a_slice_says_that_it_would_not_pass_with_the_records_that_may_be_its() -> None:
    evaluator, threshold = one_gate("rate <= 0.1", 0.9, by=("answer.team",), min_slice=20)
    rows = [*sliced("a", 400, 0, 0), *sliced("b", 60, 6, 1000)]
    lost = [
        {**one, "answer": {**one["answer"], "team": None}} if one["answer"]["bad"] else one
        for one in rows
    ]
    for records in (rows, lost):
        assert verdict(evaluator, threshold, records) != "pass"
    found = {str(one.slice): one for one in judged(evaluator, threshold, lost)}
    assert found["answer.team = b"].verdict == "inconclusive"
    assert "of 6 records the slice is not known" in found["answer.team = b"].reason
    assert found["answer.team = a"].verdict == "pass"


def test_a_slice_of_which_no_record_is_known_to_count_is_not_pooled() -> None:
    evaluator, threshold = one_gate("rate_where <= 0.5", 0.9, by=("answer.team",), min_slice=5)
    rows = [*sliced("a", 50, 0, 0), *alike(1, team="b", kept=False)]
    rows[-1]["id"] = "other"
    assert verdict(evaluator, threshold, rows) == "error"
    rows[-1]["answer"]["kept"] = None
    assert verdict(evaluator, threshold, rows) == "error"


def test_of_a_bound_that_bends_the_strictest_value_is_taken() -> None:
    evaluator, threshold = one_gate("gain <= baseline * baseline", 0.9)
    threshold = replace(threshold, confidence=None)
    before = alike(10, ok=False, bad=True)
    # From here the baseline's value, -1, could be anything up to 1: its square is as low as 0.
    for row in before:
        row["answer"] |= {"ok": None, "bad": None}
    before[0]["answer"] |= {"ok": True, "bad": False}
    now = alike(10, ok=True, bad=False)
    now[0]["answer"]["ok"] = False
    (found,) = judged(evaluator, threshold, now, before)
    assert found.limit is not None
    assert found.limit <= 0
    assert found.verdict == "fail"


@pytest.mark.parametrize(
    "setting",
    [one for one in SETTINGS if one.cases <= 50],
    ids=lambda one: f"{one.requirement} of {one.cases}",
)
def test_what_lies_at_its_limit_passes_no_more_often_than_agreed(setting: Setting) -> None:
    runs = 40
    # Three standard errors above the nominal share.
    share = 1 - setting.confidence
    assert passed(setting, runs) <= share + 3 * (share * (1 - share) / runs) ** 0.5
