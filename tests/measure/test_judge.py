"""Verdicts: what passes, what fails, what stays open, and how often chance decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.measure.corrections import CORRECTIONS
from demur.measure.demands import Row
from demur.measure.evidence import Evidence
from demur.measure.evidence.means import Mean
from demur.measure.evidence.paired_rates import PairedRates
from demur.measure.evidence.quantiles import Quantile
from demur.measure.evidence.rates import Rate
from demur.measure.evidence.resampling import resample
from demur.measure.evidence.two_rates import TwoRates
from demur.measure.judge import judge
from demur.measure.results import VERDICTS, Interval, Judgement, Measured, Slice
from tests.measure.rows import OPERATORS, one, rate, row

MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


# The value alone.


@pytest.mark.parametrize(
    ("operator", "verdicts"),
    [
        ("<", ("pass", "fail", "fail")),
        ("<=", ("pass", "pass", "fail")),
        (">", ("fail", "fail", "pass")),
        (">=", ("fail", "pass", "pass")),
    ],
)
def test_without_a_confidence_the_value_decides(operator: str, verdicts: Sequence[str]) -> None:
    found = [one(row(value, 0.2, Rate(1, 5)), operator, None) for value in (0.1, 0.2, 0.3)]
    assert [each.verdict for each in found] == list(verdicts)
    assert found[0].measured.interval == Interval(0.1, 0.1)
    assert found[0].p_value is None


def test_rounding_does_not_decide() -> None:
    assert one(row(0.1 + 0.2, 0.3), "<=", None).verdict == "pass"
    assert one(row(0.3, 0.1 + 0.2), "<", None).verdict == "fail"


def test_facts_of_a_run_need_no_evidence() -> None:
    found = one(row(101, 100), "<=", 0.95)
    assert (found.verdict, found.method) == ("fail", "exact count")
    assert one(row(100, 100), "<=", 0.95).verdict == "pass"


# Evidence.


def test_a_rate_passes_fails_or_stays_open_with_its_reason() -> None:
    passing, failing, open_ = (one(rate(count, 212, 0.02)) for count in (0, 12, 3))
    assert passing.verdict == "pass"
    assert passing.reason == (
        "0 over 212 cases, where at most 0.02 is allowed; even the upper bound 0.014 keeps to it."
    )
    assert failing.verdict == "fail"
    assert failing.reason == (
        "0.0566 over 212 cases, where at most 0.02 is allowed; even the lower bound 0.033 is beyond "
        "it."
    )
    assert open_.verdict == "inconclusive"
    assert open_.reason == (
        "0.0142 over 212 cases, where at most 0.02 is allowed; the true value may be anything from "
        "0.00387 to 0.0362."
    )
    assert failing.method == "exact binomial (Clopper-Pearson)"
    assert failing.p_value == failing.adjusted == Rate(12, 212).above(0.02)
    assert failing.measured.interval == Rate(12, 212).interval(0.95)
    assert failing.needed is None


def test_a_demand_for_at_least_reads_the_other_way() -> None:
    assert one(rate(200, 200, 0.95), ">=").reason == (
        "1 over 200 cases, where at least 0.95 is required; even the lower bound 0.985 reaches it."
    )
    assert one(rate(170, 200, 0.95), ">=").reason == (
        "0.85 over 200 cases, where at least 0.95 is required; even the upper bound 0.89 falls short "
        "of it."
    )


def against_baseline(table: PairedRates, margin: float) -> Row:
    cases = table.samples
    before = (table.both + table.only_baseline) / cases
    now = (table.both + table.only_current) / cases
    return Row(
        Slice(),
        Measured(now, now, cases, 0),
        before + margin,
        Measured(before, before, cases, 0),
        table,
        margin,
    )


def test_a_difference_is_held_against_its_margin() -> None:
    worse = one(against_baseline(PairedRates(50, 20, 5, 125), 0.02))
    assert worse.verdict == "fail"
    assert worse.reason == (
        "0.35 over 200 cases (0.275 in the baseline), where at most 0.295 is allowed; even the lower "
        "bound of the difference, 0.036, is beyond 0.02."
    )
    assert worse.difference == PairedRates(50, 20, 5, 125).interval(0.95)
    assert worse.measured.interval is None
    assert one(against_baseline(PairedRates(50, 5, 5, 940), 0.02)).verdict == "pass"
    assert one(against_baseline(PairedRates(50, 10, 6, 134), 0.02)).verdict == "inconclusive"


def test_the_bounds_of_another_difference_are_moved_to_that_from_the_baseline() -> None:
    # The evidence is on the value less 1.1 times the baseline's, held against 0.
    values = np.random.default_rng(1).normal(-1.0, 1.0, 200)
    evidence = Mean.of(values)
    found = one(
        Row(
            Slice(), Measured(10.0, 10.0, 200, 0), 11.0, Measured(10.0, 10.0, 200, 0), evidence, 0.0
        )
    )
    moved = evidence.interval(0.95)
    assert found.verdict == "pass"
    assert found.difference == Interval(moved.low + 1.0, moved.high + 1.0)


def test_mcnemars_exact_test_decides_at_no_margin() -> None:
    # Tango's bound lies below 0, but five to none is chance in one of 32 cases, six of 64.
    four, six = PairedRates(50, 0, 4, 50), PairedRates(50, 0, 6, 50)
    assert four.interval(0.95).high < 0
    assert one(against_baseline(four, 0.0)).verdict == "inconclusive"
    assert one(against_baseline(six, 0.0)).verdict == "pass"


def test_a_bound_on_the_limit_clears_where_equality_is_allowed() -> None:
    at_most = row(1.0, 1.0, Rate(100, 100))
    assert one(at_most, "<=").verdict == "pass"
    assert one(at_most, "<").verdict != "pass"
    scores = [3.0] * 80 + [5.0] * 20
    assert one(row(3.0, 3.0, Quantile.of(scores, 0.1)), ">=").verdict == "pass"
    assert one(row(3.0, 3.0, Quantile.of(scores, 0.1)), ">").verdict != "pass"


def test_a_value_beyond_the_limit_never_passes_whatever_the_evidence() -> None:
    assert one(row(0.5, 0.4, Rate(0, 1000))).verdict != "pass"


# Slices.


def test_a_slice_that_chance_explains_among_many_is_no_failure() -> None:
    good, doubtful = rate(10, 1000, 0.02), rate(5, 70, 0.02)
    assert one(doubtful).verdict == "fail"
    *_, last = judge([good] * 9 + [doubtful], "<=", 0.95, 1, "holm")
    assert last.verdict == "inconclusive"
    assert last.p_value == one(doubtful).p_value
    assert last.adjusted == pytest.approx(10 * Rate(5, 70).above(0.02))
    assert "by chance" in last.reason
    *_, last = judge([good] * 9 + [doubtful], "<=", 0.95, 1, "none")
    assert last.verdict == "fail"


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_passing_needs_no_correction(correction: str) -> None:
    alone = one(rate(0, 149, 0.02))
    found = judge([rate(0, 149, 0.02)] * 30, "<=", 0.95, 1, correction)
    assert alone.verdict == "pass"
    assert {each.verdict for each in found} == {"pass"}


def test_rows_that_cannot_be_tested_are_no_part_of_the_family() -> None:
    bad = rate(5, 70, 0.02)
    idle = [row(None, 0.02), replace(bad, problem=("DM815", "Gone.")), rate(1, 5, 0.02)]
    found = judge([bad, *idle], "<=", 0.95, 30, "bonferroni")
    assert [each.verdict for each in found] == ["fail", "error", "error", "inconclusive"]
    assert found[0].adjusted == found[0].p_value


@pytest.mark.parametrize(
    ("slices", "size", "limit"),
    [(1, 400, 0.2), (5, 400, 0.2), (20, 400, 0.2), (20, 50, 0.02), (20, 100, 0.01)],
)
def test_no_true_change_blocks_at_most_the_agreed_share_of_runs(
    slices: int, size: int, limit: float
) -> None:
    # Every slice just meets its limit, which is where false alarms are likeliest.
    source = np.random.default_rng(slices)
    runs = 500
    draws = source.binomial(size, limit, (runs, slices))
    blocked = 0
    for counts in draws:
        whole = rate(int(counts.sum()), size * slices, limit)
        rows = [whole, *(rate(int(count), size, limit) for count in counts)]
        found = judge(rows, "<=", 0.95, 1, "holm")
        blocked += any(each.verdict == "fail" for each in found)
    # Three standard errors of 500 runs at 5 % are 2.9 points.
    assert blocked / runs <= 0.079


def test_a_false_pass_is_as_rare_as_agreed_though_nothing_is_corrected() -> None:
    # One slice is just bad enough, the others are perfect: the hardest case for a false pass.
    source = np.random.default_rng(5)
    passed = 0
    for count in source.binomial(400, 0.2, 1500):
        rows = [rate(0, 400, 0.2), rate(int(count), 400, 0.2), rate(0, 400, 0.2)]
        passed += all(each.verdict == "pass" for each in judge(rows, "<=", 0.95, 1, "holm"))
    assert 0 < passed / 1500 <= 0.067


# Planning.


@pytest.mark.parametrize(
    "evidence",
    [
        Rate(3, 212),
        Rate(6, 212),
        Mean(0.0142, 0.1, 1.0, 212),
        PairedRates(50, 10, 9, 143),
        TwoRates(21, 200, 20, 200),
    ],
)
def test_so_many_further_cases_settle_it_and_one_less_does_not(evidence: Evidence) -> None:
    def judged(more: int) -> Judgement:
        further = evidence.repeated((evidence.samples + more) / evidence.samples)
        return one(row(evidence.estimate, 0.02, further, samples=further.samples))

    first = judged(0)
    assert first.verdict == "inconclusive"
    assert first.needed is not None
    assert judged(first.needed).verdict in ("pass", "fail")
    assert judged(first.needed - 1).verdict == "inconclusive"


def test_a_value_on_its_limit_is_never_settled() -> None:
    assert one(rate(2, 100, 0.02)).needed is None


def test_resampled_and_ordered_values_can_be_planned_for() -> None:
    values = np.random.default_rng(2).exponential(1.0, 60)
    sampled = resample(lambda at: float(values[at].mean()), 60)
    for evidence in (sampled, Quantile.of(values, 0.5)):
        found = one(row(evidence.estimate, evidence.estimate * 1.1, evidence, samples=60))
        assert found.verdict == "inconclusive"
        assert found.needed is not None
        assert 60 < found.needed < 10_000


def test_too_few_cases_conclude_nothing_and_say_how_many_lack() -> None:
    found = one(rate(20, 20, 0.02), "<=", None, min_samples=30)
    assert (found.verdict, found.needed) == ("inconclusive", 10)
    assert found.reason == "Of 20 cases nothing is concluded: at least 30 are required."


# Order and symmetry.


@given(
    st.integers(0, 300),
    st.integers(0, 300),
    st.floats(0, 1),
    st.sampled_from(OPERATORS),
    st.sampled_from([None, 0.8, 0.95]),
)
def test_a_better_rate_never_has_a_worse_verdict(
    first: int, second: int, limit: float, operator: str, confidence: float | None
) -> None:
    low, high = (
        VERDICTS.index(one(rate(count, 300, limit), operator, confidence).verdict)
        for count in sorted((first, second))
    )
    assert low <= high if operator.startswith("<") else low >= high


finite = st.floats(-1e3, 1e3)


@given(
    finite,
    st.floats(0, 100),
    st.floats(-3, 3),
    st.integers(1, 400),
    finite,
    st.sampled_from(OPERATORS),
    st.sampled_from([None, 0.8, 0.95]),
)
def test_a_mirrored_mean_has_the_mirrored_judgement(
    mean: float,
    deviation: float,
    skewness: float,
    samples: int,
    limit: float,
    operator: str,
    confidence: float | None,
) -> None:
    plain = one(row(mean, limit, Mean(mean, deviation, skewness, samples)), operator, confidence)
    other = one(
        row(-mean, -limit, Mean(-mean, deviation, -skewness, samples)),
        MIRRORED[operator],
        confidence,
    )
    assert (plain.verdict, plain.needed) == (other.verdict, other.needed)
    assert plain.p_value == (None if confidence is None else pytest.approx(other.p_value))
    assert plain.measured.interval is not None
    assert other.measured.interval is not None
    assert plain.measured.interval.low == pytest.approx(-other.measured.interval.high)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(50, 80)), min_size=2, max_size=6))
def test_the_order_of_the_slices_changes_nothing(counts: list[tuple[int, int]]) -> None:
    rows = [rate(count, size, 0.4) for count, size in counts]
    plain = judge(rows, "<=", 0.95, 1, "holm")
    turned = judge(rows[::-1], "<=", 0.95, 1, "holm")
    assert [each.verdict for each in plain] == [each.verdict for each in turned][::-1]
